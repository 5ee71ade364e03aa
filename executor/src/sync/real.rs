//! The facade of a normal build.

/// A mutex that is only ever tried. Under loom a mutex's `try_lock` may wait, and this may not.
pub(crate) use mainspring_sync::{Mutex as TryLock, MutexGuard as TryLockGuard};
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
