//! The types of normal builds.

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use super::locks::Mutex;
pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
pub(crate) use std::thread_local;

/// The clock of normal builds runs.
pub(crate) const CLOCK_STARTS_FROZEN: bool = false;

/// `std::cell::UnsafeCell` with loom's interface.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Calls `body` with a pointer that it may read through.
    #[inline]
    pub(crate) fn with<R>(&self, body: impl FnOnce(*const T) -> R) -> R {
        body(self.0.get())
    }

    /// Calls `body` with a pointer that it may write through.
    #[inline]
    pub(crate) fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
        body(self.0.get())
    }
}

/// Runs code of the user that must not take others down with it. The panic hook has reported a
/// panic by the time it is contained here.
pub(crate) fn contain_panic(body: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
        // A payload whose destructor panics is leaked: it must not do what the panic itself may
        // not.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
    }
}

/// Whether a mutant is run (see the crate `mainspring-loom`): never, in a normal build.
macro_rules! mutant {
    ($name:literal) => {
        false
    };
}
pub(crate) use mutant;

/// An ordering that a mutant would weaken.
macro_rules! order {
    ($name:literal, $order:ident) => {
        Ordering::$order
    };
}
pub(crate) use order;
