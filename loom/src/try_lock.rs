//! A lock that nobody waits for.
//!
//! loom's own `Mutex::try_lock` may wait: a thread that is about to try is blocked when another one
//! takes the lock first, until that one lets go. Where the holder waits for an event that only the
//! other thread can bring, that is a deadlock which the real lock does not have. So this one is made of
//! an atomic: Acquire to take it and Release to let go, as the real one, and nothing if it is taken.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync;

use loom::sync::atomic::{AtomicBool, Ordering};

/// A mutex that is only ever tried.
pub struct TryLock<T> {
    held: AtomicBool,
    /// Never contended, as `held` is taken first. Not loom's.
    value: sync::Mutex<T>,
}

/// The guard of [`TryLock`].
pub struct TryLockGuard<'a, T> {
    held: &'a AtomicBool,
    value: Option<sync::MutexGuard<'a, T>>,
}

impl<T> TryLock<T> {
    /// A lock round `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self {
            held: AtomicBool::new(false),
            value: sync::Mutex::new(value),
        }
    }

    /// The lock, if nobody holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<TryLockGuard<'_, T>> {
        // Ordering: Acquire; pairs with the Release of the guard's drop.
        if self.held.swap(true, Ordering::Acquire) {
            return None;
        }
        let value = self.value.try_lock();
        Some(TryLockGuard {
            held: &self.held,
            value: Some(value.expect("whoever holds it has set `held`")),
        })
    }
}

impl<T> Deref for TryLockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("held until it is dropped")
    }
}

impl<T> DerefMut for TryLockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("held until it is dropped")
    }
}

impl<T> Drop for TryLockGuard<'_, T> {
    fn drop(&mut self) {
        drop(self.value.take());
        // Ordering: Release; pairs with the Acquire of `try_lock`. A swap, for loom does not order a
        // store against the others' swaps.
        self.held.swap(false, Ordering::Release);
    }
}

impl<T> fmt::Debug for TryLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryLock").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for TryLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryLockGuard").finish_non_exhaustive()
    }
}
