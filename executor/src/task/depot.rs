//! Memory of cells on its way from threads that end tasks to threads that spawn them.
//!
//! What a thread outside the runtime spawns is ended by workers, and what one worker spawns another may
//! steal. By themselves the spawner would ask the system's allocator for each cell, and whoever ends the
//! task would give it back there, under the lock of the spawner's heap. Instead who keeps enough leaves a
//! chain of cells here, and who has none of a size takes one. Spawning from one outside thread: 131 ns
//! without, 102 with it; from two 98 and 82; a tree of tasks 266 and 253.
//!
//! There is one for the process, and up to [`BYTES_MAX`] stay in it.
//!
//! # Invariant
//!
//! Each chain belongs to the thread that made it, or to the depot, or to the thread that took it, and is
//! handed on under the lock.
//!
//! Nobody waits for that lock: who does not get it at once turns to the system, as without a depot. So
//! nothing hangs in a forked child, in which it may stay closed for ever.
//!
//! Checked by: loom-tests/tests/models/depot.rs

use std::ptr::NonNull;

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{TryLock, mutant};

/// The number of sizes.
pub(crate) const SIZES: usize = 128;

/// What it holds at most.
const BYTES_MAX: usize = 1024 * 1024;

/// A cell that nobody uses; this lies in its memory.
pub(crate) struct Free {
    /// The next one of the same size.
    pub(crate) next: Option<NonNull<Self>>,
}

/// The first cell of a chain that is here.
#[repr(C)]
struct Chain {
    cell: Free,
    /// Another chain of that size.
    next: Option<NonNull<Self>>,
}

/// Chains of cells, by size.
pub(crate) struct Depot {
    chains: TryLock<Chains>,
    /// A bit for each size of which there is a chain; changed under the lock, and a hint without it.
    sizes: [AtomicU64; SIZES / 64],
    /// How much all of it is; changed under the lock, and a hint without it.
    bytes: AtomicUsize,
}

/// The first chain of each size.
struct Chains([Option<NonNull<Chain>>; SIZES]);

// SAFETY: what it points to belongs to whoever has the lock.
unsafe impl Send for Chains {}

/// The one of this process.
#[cfg(not(mainspring_loom))]
pub(super) static DEPOT: Depot = Depot {
    chains: TryLock::new(Chains([None; SIZES])),
    sizes: [const { AtomicU64::new(0) }; SIZES / 64],
    bytes: AtomicUsize::new(0),
};

#[cfg(mainspring_loom)]
loom::lazy_static! {
    pub(super) static ref DEPOT: Depot = Depot::new();
}

impl Depot {
    #[cfg(any(test, mainspring_loom))]
    pub(crate) fn new() -> Self {
        Self {
            chains: TryLock::new(Chains([None; SIZES])),
            sizes: std::array::from_fn(|_| AtomicU64::new(0)),
            bytes: AtomicUsize::new(0),
        }
    }

    /// Takes a chain of this size, which has so many bytes. None if there is none, or somebody else is
    /// here.
    pub(crate) fn take(&self, size: usize, bytes: usize) -> Option<NonNull<Free>> {
        let (sizes, bit) = self.hint(size);
        // Ordering: Relaxed; a hint.
        if sizes.load(Ordering::Relaxed) & bit == 0 {
            return None;
        }
        let mut chains = self.chains.try_lock()?;
        let first = chains.0[size]?;
        // SAFETY: it was written by `leave`, and belongs to whoever has the lock.
        let next = unsafe { first.as_ref() }.next;
        if mutant!("depot: what is taken stays there") {
            return Some(first.cast());
        }
        chains.0[size] = next;
        // Ordering: Relaxed, both; hints.
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        if next.is_none() {
            sizes.fetch_and(!bit, Ordering::Relaxed);
        }
        Some(first.cast())
    }

    /// Whether so much may be left here: a hint.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        // Ordering: Relaxed; a hint.
        self.bytes.load(Ordering::Relaxed) + bytes <= BYTES_MAX
    }

    /// Leaves a chain of this size here. False if there is no room, or somebody else is here: then it is
    /// the caller's as before.
    ///
    /// # Safety
    ///
    /// All cells of the chain belong to the caller and are of this size, which has room for two pointers.
    pub(crate) unsafe fn leave(&self, first: NonNull<Free>, size: usize, bytes: usize) -> bool {
        let Some(mut chains) = self.chains.try_lock() else {
            return false;
        };
        if !self.has_room(bytes) {
            return false;
        }
        // SAFETY: the caller's.
        let cell = unsafe { first.read() };
        let first = first.cast::<Chain>();
        let next = chains.0[size].replace(first);
        // SAFETY: large enough, by the caller's promise.
        unsafe { first.write(Chain { cell, next }) };
        // Ordering: Relaxed, both; hints.
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let (sizes, bit) = self.hint(size);
        sizes.fetch_or(bit, Ordering::Relaxed);
        true
    }

    /// Where it is noted that there is a chain of this size.
    fn hint(&self, size: usize) -> (&AtomicU64, u64) {
        (&self.sizes[size / 64], 1 << (size % 64))
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    /// Memory for a chain of one cell.
    type Memory = Box<[u64; 2]>;

    fn leave(depot: &Depot, memory: Memory, size: usize, bytes: usize) -> bool {
        let first = NonNull::from(Box::leak(memory)).cast::<Free>();
        // SAFETY: leaked just now, and large enough for two pointers.
        unsafe { first.write(Free { next: None }) };
        // SAFETY: as above.
        let is_left = unsafe { depot.leave(first, size, bytes) };
        if !is_left {
            drop(own(first));
        }
        is_left
    }

    fn own(first: NonNull<Free>) -> Memory {
        // SAFETY: `leave` has leaked it, and nobody else has it.
        unsafe { Box::from_raw(first.as_ptr().cast()) }
    }

    #[test]
    fn it_holds_no_more_than_the_limit_and_gives_all_of_it() {
        const BYTES: usize = BYTES_MAX / 10 + 1;
        let depot = Depot::new();
        let left = (0..20).filter(|n| leave(&depot, Memory::default(), n % 2, BYTES));
        assert_eq!(left.count(), 9);
        let taken = |size| std::iter::from_fn(|| depot.take(size, BYTES).map(own)).count();
        assert_eq!((taken(0), taken(1), taken(2)), (5, 4, 0));
        assert!(depot.has_room(BYTES_MAX));
    }

    #[test]
    fn nobody_waits_for_who_is_there() {
        let depot = Depot::new();
        assert!(leave(&depot, Memory::default(), SIZES - 1, 16));
        let held = depot.chains.try_lock().expect("nobody is here");
        assert!(depot.take(SIZES - 1, 16).is_none());
        assert!(!leave(&depot, Memory::default(), SIZES - 1, 16));
        drop(held);
        drop(own(depot.take(SIZES - 1, 16).expect("it is still there")));
    }
}
