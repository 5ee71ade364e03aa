//! A hashed timing wheel: deadlines in, due nodes out.
//!
//! After Varghese and Lauck's hierarchical wheels. The unit of time is a nanosecond of the
//! runtime's clock; this file knows no clock, lock or atomic.
//!
//! # Structure
//!
//! Level 0 has 512 slots of 2^15 ns (33 us) each. Five coarser levels of 256 slots each follow;
//! a slot of one level is as long as the whole level below it. 15 + 9 + 5 * 8 = 64: together they
//! cover all of `u64`, so no deadline is out of range and nothing wraps.
//!
//! A node's level is that of the highest bit in which its deadline differs from `elapsed`, the
//! time up to which the wheel has been turned; its slot there is the deadline's own bits. So every
//! node in a level is due before every node in the levels above it, within a level an earlier slot
//! is due earlier, and the occupied slot that comes first in one flat array of all slots, level 0
//! first, is the one to visit next. The bitmap finds it with two scans.
//!
//! Turning the wheel visits the slots that have begun. A slot of level 0 gives up its due nodes
//! exactly: those whose deadline is not after `now`, whatever the length of the slot. A slot of a
//! coarser level is re-hashed into the levels below.
//!
//! # Invariants
//!
//! 1. `elapsed` never goes back.
//! 2. A node's deadline is never earlier than the slot it is in, save in the slot of level 0 that
//!    holds `elapsed`: what is overdue is put there. It may be later than the slot: resetting a
//!    node to a later time only stores the deadline, and the node is moved when its slot is
//!    visited.
//! 3. No slot of a coarser level that holds `elapsed` is occupied, save the one in `draining`.
//! 4. Nodes with the same deadline leave in the order in which they came, unless one was reset, or
//!    came while the slot of the other was being re-hashed in parts.
//!
//! # Rejected
//!
//! - Rounds counters in one ring: far nodes are visited in each revolution, and an occupied slot
//!   says nothing about when it is due.
//! - A heap: cancelling costs a logarithm, and nearly all timers are cancelled.
//! - Never re-hashing, as Linux does: timers in coarse slots would fire up to an eighth late.
//! - Splicing a coarse slot in one step: with 100,000 timers a second a slot of level 2 holds
//!   hundreds of thousands, and the lock would be held for milliseconds. Hence `draining`.

use std::fmt;
use std::ptr::NonNull;

use bitmap::Bitmap;
pub(crate) use list::{Linked, Links};
use list::{List, slot_of, visit};

mod bitmap;
mod list;
#[cfg(test)]
mod tests;

/// "There is no deadline." Deadlines are kept below it.
pub(crate) const NEVER: u64 = u64::MAX;

/// Bits of a deadline below the slots of level 0: a slot of 33 us. Deadlines are exact whatever its
/// length; it only decides how many nodes share a slot (three, with 100,000 timers a second).
const SLOT_BITS: u32 = 15;

/// Bits that select a slot of level 0.
const FINE_BITS: u32 = 9;

/// Bits that select a slot of any other level.
const COARSE_BITS: u32 = 8;

/// Slots of level 0.
const FINE_SLOTS: usize = 1 << FINE_BITS;

/// Slots of any other level.
const COARSE_SLOTS: usize = 1 << COARSE_BITS;

/// First bit of a deadline that level 0 does not look at.
const FINE_SPAN_BITS: u32 = SLOT_BITS + FINE_BITS;

/// Levels above level 0.
const COARSE_LEVELS: usize = ((u64::BITS - FINE_SPAN_BITS) / COARSE_BITS) as usize;
const _: () = assert!(FINE_SPAN_BITS + COARSE_LEVELS as u32 * COARSE_BITS == u64::BITS);

/// All slots of all levels.
const SLOTS: usize = FINE_SLOTS + COARSE_LEVELS * COARSE_SLOTS;

/// Nodes that one call of [`Wheel::turn`] re-hashes at most, so that the lock around the wheel is
/// held for some microseconds only (estimated, not measured).
const MOVES_PER_TURN: usize = 256;

/// A wheel of nodes that live elsewhere.
pub(crate) struct Wheel<T> {
    /// The time up to which the wheel has been turned.
    elapsed: u64,
    /// A coarse slot that began and has been re-hashed in part: it comes before all others. It is
    /// occupied; its last node clears this as it leaves.
    draining: Option<usize>,
    /// The slots that hold a node.
    occupied: Bitmap,
    /// All slots, level 0 first: 28 KiB, and so none until the first node comes. Many runtimes, and
    /// most seats of any, never have a timer.
    slots: Box<[List<T>]>,
}

/// What [`Wheel::turn`] left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Turned {
    /// Nothing that is due.
    Done,
    /// Perhaps more that is due: call again.
    More,
}

// SAFETY: a wheel holds nothing but addresses of nodes, through which it reads them and changes
// their links. The nodes may be read from any thread, as `T: Sync`, and whoever inserts one
// promises that only the wheel touches its links, on whatever thread the wheel is.
unsafe impl<T: Sync> Send for Wheel<T> {}

impl<T: Linked> Wheel<T> {
    /// An empty wheel.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            elapsed: now,
            draining: None,
            occupied: Bitmap::new(),
            slots: Box::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.occupied.is_empty()
    }

    /// Links a node. A node that is overdue comes out in the next turn. `passed` is a time that has
    /// passed; the nearer, the better.
    ///
    /// # Safety
    ///
    /// 1. `node` is valid, linked nowhere, and stays valid and in place until
    ///    [`remove`](Self::remove), [`turn`](Self::turn) or [`pop`](Self::pop) has taken it out.
    /// 2. Until then nothing but this wheel touches its links.
    pub(crate) unsafe fn insert(&mut self, node: NonNull<T>, passed: u64) {
        if self.is_empty() {
            // Nothing can be in the way, and a wheel that lags behind would put the node into a
            // coarser level than it needs.
            self.elapsed = self.elapsed.max(passed);
            if self.slots.is_empty() {
                self.slots = vec![List::new(); SLOTS].into_boxed_slice();
            }
        }
        // SAFETY: the node is valid (1).
        let deadline = unsafe { node.as_ref() }.deadline();
        // SAFETY: handed on from the caller.
        unsafe { self.place(node, self.slot_for(deadline)) };
    }

    /// Unlinks a node.
    ///
    /// # Safety
    ///
    /// `node` is linked in this wheel.
    pub(crate) unsafe fn remove(&mut self, node: NonNull<T>) {
        // SAFETY: the node is linked; `&mut self` makes access to the links exclusive, as only
        // this wheel touches them.
        let slot = usize::from(unsafe { slot_of(node) });
        let list = &mut self.slots[slot];
        // SAFETY: `slot_of` says that the node is in this list.
        unsafe { list.remove(node) };
        if list.is_empty() {
            self.occupied.remove(slot);
            if self.draining == Some(slot) {
                self.draining = None;
            }
        }
    }

    /// Takes out up to `room` nodes that are due at `now` and gives each to `due`, earlier slots
    /// first. The wheel has let go of a node when `due` gets it.
    pub(crate) fn turn(
        &mut self,
        now: u64,
        mut room: usize,
        mut due: impl FnMut(NonNull<T>),
    ) -> Turned {
        let mut moves = MOVES_PER_TURN;
        while let Some(slot) = self.first() {
            let start = self.start_of(slot);
            if start > now {
                break;
            }
            self.elapsed = self.elapsed.max(start);
            if slot >= FINE_SLOTS {
                if self.rehash(slot, &mut moves) == Turned::More {
                    return Turned::More;
                }
                continue;
            }
            if self.take_due(slot, now, &mut room, &mut due) == Turned::More {
                return Turned::More;
            }
            if self.occupied.contains(slot) {
                // The slot holds `now`; its remaining nodes are due later.
                break;
            }
        }
        self.elapsed = self.elapsed.max(now);
        Turned::Done
    }

    /// No node is due before this time, and turning the wheel at this time gets on: it takes a node
    /// out or replaces a coarse slot by finer ones. [`NEVER`] if the wheel is empty.
    ///
    /// The time is the exact deadline of a node, unless the first occupied slot is a coarse one
    /// with more than `visits` nodes: then it is the beginning of that slot. So a lone timer an
    /// hour away wakes nobody before its time.
    pub(crate) fn next_expiry(&mut self, visits: usize) -> u64 {
        while let Some(slot) = self.first() {
            let visits = if slot < FINE_SLOTS {
                usize::MAX
            } else {
                visits
            };
            let mut least = NEVER;
            let mut cursor = self.slots[slot].head();
            for _ in 0..visits {
                let Some(node) = cursor else { break };
                // SAFETY: the node is in a list of this wheel, which alone touches the links.
                let (next, deadline) = unsafe { visit(node) };
                cursor = next;
                if !self.move_if_later(node, slot, deadline) {
                    least = least.min(deadline);
                }
            }
            if cursor.is_some() {
                return self.start_of(slot).max(self.elapsed);
            }
            if least != NEVER {
                return least;
            }
            // All nodes of the slot had been reset to a later time and are elsewhere now.
        }
        NEVER
    }

    /// Takes out any node.
    pub(crate) fn pop(&mut self) -> Option<NonNull<T>> {
        let node = self.slots[self.first()?].head()?;
        // SAFETY: the node is in a list of this wheel.
        unsafe { self.remove(node) };
        Some(node)
    }

    /// Gives up the due nodes of a slot of level 0 and moves those that were reset to later slots.
    fn take_due(
        &mut self,
        slot: usize,
        now: u64,
        room: &mut usize,
        due: &mut impl FnMut(NonNull<T>),
    ) -> Turned {
        let mut cursor = self.slots[slot].head();
        while let Some(node) = cursor {
            // SAFETY: the node is in a list of this wheel, which alone touches the links.
            let (next, deadline) = unsafe { visit(node) };
            cursor = next;
            if deadline > now {
                self.move_if_later(node, slot, deadline);
                continue;
            }
            if *room == 0 {
                return Turned::More;
            }
            *room -= 1;
            // SAFETY: the node is in a list of this wheel.
            unsafe { self.remove(node) };
            due(node);
        }
        Turned::Done
    }

    /// Empties a coarse slot that has begun into the levels below it.
    fn rehash(&mut self, slot: usize, moves: &mut usize) -> Turned {
        while let Some(node) = self.slots[slot].head() {
            if *moves == 0 {
                self.draining = Some(slot);
                return Turned::More;
            }
            *moves -= 1;
            // SAFETY: the node is in a list of this wheel, which alone touches the links.
            let (_, deadline) = unsafe { visit(node) };
            let moved = self.move_if_later(node, slot, deadline);
            debug_assert!(moved, "a slot that has begun holds nobody's place any more");
        }
        Turned::Done
    }

    /// Moves a node of `slot` to the slot that its deadline belongs to, if that is another one.
    fn move_if_later(&mut self, node: NonNull<T>, slot: usize, deadline: u64) -> bool {
        let target = self.slot_for(deadline);
        if target == slot {
            return false;
        }
        // SAFETY: the caller found the node in a list of this wheel.
        unsafe { self.remove(node) };
        // SAFETY: the node was linked a moment ago, so it is valid, it stays so until it is taken
        // out, and only this wheel touches its links; now it is linked nowhere.
        unsafe { self.place(node, target) };
        true
    }

    /// Appends a node to the list of a slot.
    ///
    /// # Safety
    ///
    /// As for [`insert`](Self::insert).
    unsafe fn place(&mut self, node: NonNull<T>, slot: usize) {
        // SAFETY: the node is valid, in no list and stays in place; `&mut self` makes access to all
        // links of this wheel exclusive. `slot` is less than `SLOTS`, which fits.
        unsafe { self.slots[slot].push_back(node, slot as u16) };
        self.occupied.insert(slot);
    }

    /// The occupied slot to visit next.
    fn first(&self) -> Option<usize> {
        self.draining.or_else(|| self.occupied.first())
    }

    /// The slot that a deadline belongs to, seen from `elapsed`.
    fn slot_for(&self, deadline: u64) -> usize {
        let deadline = deadline.max(self.elapsed);
        let differing = (self.elapsed ^ deadline) | 1;
        let highest = u64::BITS - 1 - differing.leading_zeros();
        if highest < FINE_SPAN_BITS {
            return (deadline >> SLOT_BITS) as usize % FINE_SLOTS;
        }
        let level = (highest - FINE_SPAN_BITS) / COARSE_BITS;
        let index = (deadline >> (FINE_SPAN_BITS + level * COARSE_BITS)) as usize % COARSE_SLOTS;
        FINE_SLOTS + level as usize * COARSE_SLOTS + index
    }

    /// When a slot begins.
    fn start_of(&self, slot: usize) -> u64 {
        let (shift, bits, index) = match slot.checked_sub(FINE_SLOTS) {
            None => (SLOT_BITS, FINE_BITS, slot),
            Some(coarse) => {
                let level = (coarse / COARSE_SLOTS) as u32;
                (
                    FINE_SPAN_BITS + level * COARSE_BITS,
                    COARSE_BITS,
                    coarse % COARSE_SLOTS,
                )
            }
        };
        // The bits above the level are those of `elapsed`; the top level has none above it.
        let above = self.elapsed.checked_shr(shift + bits).unwrap_or(0);
        (above << bits | index as u64) << shift
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("elapsed", &self.elapsed)
            .field("is_empty", &self.occupied.is_empty())
            .finish_non_exhaustive()
    }
}
