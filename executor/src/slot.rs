//! The next-task slot: a place for the one task that a worker runs next.
//!
//! A task that was just woken or spawned mostly works on what its waker has in its cache, so the
//! worker runs it before its queue. **A push to an empty slot wakes nobody**: the pusher is about
//! to run it. (Waking a thief on each such push doubled the context switches of a runtime that
//! tried it, and was taken back.) The task that a push displaces goes to the queue, and that push
//! wakes.
//!
//! The slot is one atomic pointer, so that it can be taken from outside: by shutdown, and by whoever
//! rescues a task that waits behind a long poll.
//!
//! Invariant: an entry that was put in comes out exactly once. What is there is taken by swaps only, and
//! each gives what the change before it left. Only the owner of the seat's core puts anything in: so a
//! slot that it finds empty stays empty until it fills it, and a plain store does that. (A swap costs
//! 7 ns: a spawn and its join on a worker, which fill it twice, took 180 ns with swaps and take 164.)
//!
//! Checked by: loom-tests/tests/models/slot.rs

use std::ptr;

use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::{mutant, order};
use crate::task::Notified;

/// A place for one queue entry.
#[derive(Debug)]
pub(crate) struct Slot(AtomicPtr<()>);

impl Slot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts `task` in and gives what was there. For the owner alone.
    #[inline]
    pub(crate) fn replace(&self, task: Notified) -> Option<Notified> {
        // Ordering: Relaxed; it reads what the owner put in last, or the null of whoever took that.
        let is_empty = self.0.load(Ordering::Relaxed).is_null();
        if is_empty || mutant!("slot: what is there is overwritten") {
            // Ordering: Release publishes the entry to whoever takes it, whose swap Acquires.
            let release = order!("slot: put", Release);
            self.0.store(task.into_ptr(), release);
            return None;
        }
        self.swap(task.into_ptr())
    }

    /// Takes what is there.
    #[inline]
    pub(crate) fn take(&self) -> Option<Notified> {
        // Ordering: Relaxed; only the owner may rely on the answer, and it reads its own store or
        // a thief's later null. A swap costs twenty times as much.
        if self.0.load(Ordering::Relaxed).is_null() {
            return None;
        }
        self.swap(ptr::null_mut())
    }

    fn swap(&self, task: *mut ()) -> Option<Notified> {
        // Ordering: AcqRel; Release publishes the entry to whoever takes it, whose swap Acquires.
        let before = self.0.swap(task, order!("slot: swap", AcqRel));
        // SAFETY: every non-null value here came from `Notified::into_ptr`, and the swap gives it
        // to this caller alone.
        unsafe { Notified::from_ptr(before) }
    }
}
