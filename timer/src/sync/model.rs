//! The types of builds under loom.

use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};

pub(crate) use loom::sync::Arc;
pub(crate) use loom::thread_local;

/// A model must not depend on the time of day: its clock moves when the model calls
/// `Handle::advance_to_next`, in place of a wait that ends by itself.
pub(crate) const CLOCK_STARTS_FROZEN: bool = true;

/// loom's mutex with `parking_lot`'s interface.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        match self.0.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

/// loom's cell, with the part of its interface that normal builds have too.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Calls `body` with a pointer that it may read through.
    pub(crate) fn with<R>(&self, body: impl FnOnce(*const T) -> R) -> R {
        self.0.with(body)
    }

    /// Calls `body` with a pointer that it may write through.
    pub(crate) fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(body)
    }
}

/// loom reports what it finds by panicking, so nothing is contained.
pub(crate) fn contain_panic(body: impl FnOnce()) {
    body();
}
