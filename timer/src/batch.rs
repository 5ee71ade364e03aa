//! Wakers that were collected under a lock and are woken, or dropped, after it.

use std::task::Waker;

use crate::sync::contain_panic;

/// Wakers collected per hold of the lock. It bounds how long the lock is held and how much stack a
/// turn takes (512 bytes); not measured more closely.
pub(crate) const BATCH: usize = 32;

/// Up to [`BATCH`] wakers.
#[derive(Debug)]
pub(crate) struct WakeBatch {
    /// The wakers, in the first `len` places.
    wakers: [Option<Waker>; BATCH],
    /// How many there are.
    len: usize,
}

impl WakeBatch {
    pub(crate) const fn new() -> Self {
        Self {
            wakers: [const { None }; BATCH],
            len: 0,
        }
    }

    pub(crate) fn room(&self) -> usize {
        BATCH - self.len
    }

    /// Adds a waker. There must be room.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers[self.len] = Some(waker);
        self.len += 1;
    }

    /// Wakes all, in the order in which they came, and says how many. One that panics does not
    /// keep the others from being woken.
    pub(crate) fn wake_all(&mut self) -> usize {
        let len = std::mem::take(&mut self.len);
        for waker in self.wakers[..len].iter_mut().filter_map(Option::take) {
            contain_panic(|| waker.wake());
        }
        len
    }
}
