//! The part of a timer that the wheel links, and the protocol between its owner and the wheel.
//!
//! Two parties touch a node. The *owner* has the [`Entry`](crate::entry::Entry) that the node is
//! in, exclusively (`Pin<&mut Entry>`), on whatever thread that is. The *lock holder* is whoever
//! holds the lock of the wheel that the node is linked in: the owner itself, or a thread that turns
//! the wheel.
//!
//! # States and transitions
//!
//! ```text
//!     IDLE ---- link (owner, under the lock) ------> LINKED
//!      ^                                              | | ^
//!      +------- unlink (owner, under the lock) -------+ | |
//!                                                       | | link (owner, under the lock)
//!             fire (lock holder, under the lock)        v |
//!                                                      FIRED
//! ```
//!
//! - `IDLE`: in no wheel. The waker cell is empty. The node belongs to the owner alone.
//! - `LINKED`: in the wheel of the entry's seat. The waker cell holds a waker.
//! - `FIRED`: taken out by a lock holder, which has moved the waker out and will wake or drop it.
//!   The node belongs to the owner alone again.
//!
//! # Invariants
//!
//! 1. The state changes only under the lock of the wheel that the node enters or leaves. So it
//!    needs no read-modify-write, and a state seen under the lock is certain.
//! 2. `fire` stores FIRED as its very last access to the node. An owner that reads FIRED (Acquire)
//!    may free or reuse the node without the lock.
//! 3. The owner alone writes the waker cell: before it links the node, or under the lock. The lock
//!    holder only *reads* it, when it moves the waker out. So while the owner sees LINKED it may
//!    compare the waker with another one without the lock, at the same time as `fire`: both only
//!    read. If `fire` comes in between, it wakes the very waker that was compared.
//! 4. The deadline of a linked node grows only. Resetting to a later time is one store by the
//!    owner, without the lock. `fire` may have read the old deadline just before; so FIRED means
//!    "was woken", not "is due", and the owner compares the deadline with the time before it calls
//!    the timer elapsed.
//!
//! # Rejected
//!
//! - A waker guarded by the lock: a future that polls its timeout along with other things would
//!   take the lock of a perhaps foreign wheel each time.
//! - An `AtomicWaker` in the node: two more read-modify-writes per registration, and `fire` needs
//!   the lock for the links anyway.
//!
//! Checked by: loom-tests/tests/models/timer.rs

use std::fmt;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

use crate::sync::{AtomicU8, AtomicU64, Ordering, UnsafeCell, mutant, order};
use crate::wheel::{Linked, Links, Wheel};

/// A timer as the wheel sees it.
pub(crate) struct Node {
    /// The wheel's links. Protected by the lock of the seat that the node is linked in.
    links: UnsafeCell<Links<Self>>,
    /// The waker to wake, initialised exactly while the state is LINKED (invariant 3).
    waker: UnsafeCell<MaybeUninit<Waker>>,
    /// When the timer is due. Written by the owner only (invariant 4).
    deadline: AtomicU64,
    /// One of the states above, as a number.
    state: AtomicU8,
    /// The wheel links nodes by address.
    _pinned: PhantomPinned,
}

/// What an owner can learn about its node without the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// In a wheel, or was a moment ago.
    Linked,
    /// In no wheel, and nobody but the owner looks at it.
    Owned,
}

const IDLE: u8 = 0;
const LINKED: u8 = 1;
const FIRED: u8 = 2;

// SAFETY: `links` is touched under the lock of one seat, or not at all; `waker` as in invariant 3,
// and `Waker` is `Send + Sync`; the rest is atomic.
unsafe impl Send for Node {}
// SAFETY: as above. A shared reference gives out the deadline and the state only; the rest of its
// methods are unsafe and state who may call them.
unsafe impl Sync for Node {}

// SAFETY: `links` returns a field of `self`, which only the wheel's module looks into.
unsafe impl Linked for Node {
    fn links(&self) -> &UnsafeCell<Links<Self>> {
        &self.links
    }

    fn deadline(&self) -> u64 {
        // Ordering: Relaxed; pairs with no one. A deadline stored under the lock is seen because of
        // the lock; one stored without it is later than what is read here, which invariant 4
        // allows.
        self.deadline.load(Ordering::Relaxed)
    }
}

impl Node {
    /// A node in no wheel.
    pub(crate) fn new(deadline: u64) -> Self {
        Self {
            links: UnsafeCell::new(Links::new()),
            waker: UnsafeCell::new(MaybeUninit::uninit()),
            deadline: AtomicU64::new(deadline),
            state: AtomicU8::new(IDLE),
            _pinned: PhantomPinned,
        }
    }

    /// Changes the deadline. Only the owner calls this; while the node is linked, only to a later
    /// time (invariant 4).
    pub(crate) fn set_deadline(&self, deadline: u64) {
        // Ordering: Relaxed; see `Linked::deadline`. Nothing else is published by it.
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    /// Where the node is, as far as its owner can tell without the lock.
    pub(crate) fn state(&self) -> State {
        // Ordering: Acquire; pairs with the Release in `fire`: what the lock holder did with the
        // node is over, so the owner may write to it or free it.
        match self.state.load(order!("timer: the owner's look", Acquire)) {
            LINKED => State::Linked,
            _ => State::Owned,
        }
    }

    /// Whether the node has fired: for a mutant that takes that for being due.
    pub(crate) fn has_fired(&self) -> bool {
        // Ordering: Acquire, as in `state`.
        self.state.load(Ordering::Acquire) == FIRED
    }

    /// Puts the node into a wheel.
    ///
    /// # Safety
    ///
    /// 1. The caller is the owner, and the node's state is not LINKED.
    /// 2. The node is unlinked by [`unlink`](Self::unlink) before it is freed or moved, unless it
    ///    has fired.
    pub(crate) unsafe fn link(
        self: Pin<&Self>,
        wheel: &mut Wheel<Self>,
        waker: Waker,
        passed: u64,
    ) {
        let node = self.get_ref();
        node.waker.with_mut(|cell| {
            // SAFETY: the node belongs to the owner alone (1), so nobody else is in the cell. It is
            // empty, so nothing is overwritten that would have to be dropped.
            unsafe { cell.write(MaybeUninit::new(waker)) }
        });
        // Ordering: Relaxed; the lock publishes it to lock holders, and the owner is this thread.
        node.state.store(LINKED, Ordering::Relaxed);
        // SAFETY: the node is pinned and in no wheel (1), it stays until it is taken out (2), and
        // its links are the wheel's alone.
        unsafe { wheel.insert(NonNull::from(node), passed) };
    }

    /// Takes the node out of its wheel and gives back the waker; nothing if it has fired.
    ///
    /// # Safety
    ///
    /// 1. The caller is the owner.
    /// 2. `wheel` is the one that the node was last linked in.
    pub(crate) unsafe fn unlink(self: Pin<&Self>, wheel: &mut Wheel<Self>) -> Option<Waker> {
        let node = self.get_ref();
        if !node.is_linked_under_lock() && !mutant!("timer: unlinked without a look at the state") {
            return None;
        }
        // SAFETY: the state says that the node is linked, and it is in this wheel (2).
        unsafe { wheel.remove(NonNull::from(node)) };
        // SAFETY: the node is linked, so the cell holds a waker; the state stops saying so below.
        let waker = unsafe { node.move_waker_out() };
        // Ordering: Relaxed; only the owner, which is this thread, reads it without the lock.
        node.state.store(IDLE, Ordering::Relaxed);
        Some(waker)
    }

    /// Puts another waker into a linked node and gives back the old one; gives the new one back if
    /// the node has fired.
    ///
    /// # Safety
    ///
    /// As for [`unlink`](Self::unlink).
    pub(crate) unsafe fn replace_waker(
        self: Pin<&Self>,
        _wheel: &mut Wheel<Self>,
        waker: Waker,
    ) -> Result<Waker, Waker> {
        let node = self.get_ref();
        if !node.is_linked_under_lock() && !mutant!("timer: a waker for a timer that has fired") {
            return Err(waker);
        }
        // SAFETY: the node is linked, so the cell holds a waker; it is filled again below.
        let old = unsafe { node.move_waker_out() };
        node.waker.with_mut(|cell| {
            // SAFETY: the lock is held (2), so no lock holder reads the cell, and the owner is this
            // thread (1). Its content has been moved out.
            unsafe { cell.write(MaybeUninit::new(waker)) }
        });
        Ok(old)
    }

    /// Whether waking the waker of a linked node wakes the same task as `other`.
    ///
    /// # Safety
    ///
    /// The caller is the owner and has read [`State::Linked`] since it last gave up the lock.
    pub(crate) unsafe fn will_wake(&self, other: &Waker) -> bool {
        self.waker.with(|cell| {
            // SAFETY: only the owner writes the cell, so the reference is not written under; it has
            // held a waker since the owner linked the node.
            let cell = unsafe { &*cell };
            // SAFETY: initialised, as above. If `fire` has moved the waker out in the meantime, its
            // bits are still there, and `will_wake` only compares them: it follows no pointer.
            unsafe { cell.assume_init_ref() }.will_wake(other)
        })
    }

    /// Marks a node that the wheel has let go of as fired and gives its waker.
    ///
    /// # Safety
    ///
    /// 1. The caller holds the lock of the wheel, and the wheel has let go of the node under this
    ///    very lock.
    /// 2. The caller does not touch the node afterwards.
    pub(crate) unsafe fn fire(node: NonNull<Self>) -> Waker {
        // SAFETY: the node was linked under this lock (1), so it is valid: its owner cannot free it
        // before it has had the lock or has read FIRED.
        let node = unsafe { node.as_ref() };
        if mutant!("timer: FIRED before the last access (2)") {
            node.state.store(FIRED, Ordering::Release);
        }
        // SAFETY: the node was linked, so the cell holds a waker; FIRED says that it is gone.
        let waker = unsafe { node.move_waker_out() };
        // Ordering: Release; pairs with the Acquire in `state`: the owner that sees it knows that
        // the accesses above are over. It is the last access to the node (invariant 2).
        if !mutant!("timer: who fires does not say so") {
            node.state.store(FIRED, order!("timer: fire", Release));
        }
        waker
    }

    /// The state, read by somebody who holds the lock.
    fn is_linked_under_lock(&self) -> bool {
        // Ordering: Relaxed; the state changes under the lock only, which the caller holds. What
        // `fire` did before came with the lock.
        self.state.load(Ordering::Relaxed) == LINKED
    }

    /// Copies the waker out of the cell, which is empty from then on.
    ///
    /// # Safety
    ///
    /// 1. The cell holds a waker, and the caller holds the lock.
    /// 2. The caller makes the state or the cell say that the waker has gone.
    unsafe fn move_waker_out(&self) -> Waker {
        self.waker.with(|cell| {
            // SAFETY: the cell is written by the owner only, before linking or under the lock,
            // which the caller holds (1): nobody writes it now.
            let cell = unsafe { cell.read() };
            // SAFETY: it holds a waker (1), which is moved out once (2).
            unsafe { cell.assume_init() }
        })
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("deadline", &self.deadline())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
