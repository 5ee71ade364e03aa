//! The facade of a normal build.

pub(crate) use super::locks::{Condvar, Mutex, MutexGuard};
/// A mutex that is only ever tried. Under loom a mutex's `try_lock` may wait, and this may not.
pub(crate) use super::locks::{Mutex as TryLock, MutexGuard as TryLockGuard};
pub(crate) use std::hint::spin_loop;
pub(crate) use std::panic::catch_unwind;

pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

pub(crate) mod thread {
    pub(crate) use std::thread::{Builder, sleep, yield_now};
}

pub(crate) mod time {
    use std::time::Instant;

    /// The time by which the end of a runtime measures its grace.
    pub(crate) fn now() -> Instant {
        Instant::now()
    }
}

/// Thread-locals whose initial value is a constant and which have no destructor, so that an
/// access is one memory operand.
macro_rules! const_thread_local {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $value:expr) => {
        std::thread_local! { $(#[$attr])* static $name: $type = const { $value } }
    };
}
pub(crate) use const_thread_local;

/// Thread-locals that hold something to be dropped with the thread.
macro_rules! owning_thread_local {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $value:expr) => {
        std::thread_local! { $(#[$attr])* static $name: $type = const { $value } }
    };
}
pub(crate) use owning_thread_local;

/// Interior mutability that loom can watch: the pointer is only lent to a closure.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Lends the value for reading.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Lends the value for writing.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Whether a mutant is run (see the crate `mainspring-loom`): never, in a normal build.
macro_rules! mutant {
    ($name:literal) => {
        false
    };
}
pub(crate) use mutant;

/// Whether a model wants this variant of a step: never, in a normal build.
macro_rules! variant {
    ($name:literal) => {
        false
    };
}
pub(crate) use variant;

/// An ordering that a mutant would weaken.
macro_rules! order {
    ($name:literal, $order:ident) => {
        Ordering::$order
    };
}
pub(crate) use order;
