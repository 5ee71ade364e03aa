//! The names of a normal build: `std`'s own.

use std::time::Duration;

/// Locks, channels, atomics and shared ownership, as far as a model has them, too.
pub mod sync {
    #[doc(no_inline)]
    pub use std::sync::{
        Arc, Condvar, LockResult, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        TryLockResult,
    };

    /// Atomics and fences.
    pub mod atomic {
        #[doc(no_inline)]
        pub use std::sync::atomic::{
            AtomicBool, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16,
            AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };
    }

    /// Channels between threads.
    pub mod mpsc {
        #[doc(no_inline)]
        pub use std::sync::mpsc::{Receiver, Sender, channel};
    }
}

/// Threads, as far as a model has them, too.
pub mod thread {
    #[doc(no_inline)]
    pub use std::thread::{Builder, JoinHandle, current, spawn, yield_now};
}

/// What a loop says that waits for another thread; in a model it lets that one run.
pub mod hint {
    #[doc(no_inline)]
    pub use std::hint::spin_loop;
}

/// Interior mutability.
pub mod cell {
    #[doc(no_inline)]
    pub use std::cell::Cell;

    #[doc(inline)]
    pub use mainspring_sync::UnsafeCell;
}

pub(crate) use mainspring_sync::{mutant, variant};

/// A wait of at most `limit` is to begin; how a model sees it is none of a normal build's concern.
#[inline]
pub(crate) fn waited(_: &mainspring_timer::Handle, limit: Option<Duration>) -> Option<Duration> {
    limit
}

/// A runtime is about to be built.
pub(crate) fn runtime_begins() {}

pub(super) fn model(body: impl Fn()) {
    body();
}

pub(super) fn model_with_preemptions(_: usize, body: impl Fn()) {
    body();
}

pub(super) fn unexplored<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(test)]
mod tests {
    use super::cell::UnsafeCell;
    use crate::loom::io::DuplexStream;

    #[test]
    fn the_facade_is_as_large_as_std() {
        assert_eq!(size_of::<UnsafeCell<[u8; 3]>>(), 3);
        assert_eq!(size_of::<DuplexStream>(), 2 * size_of::<usize>());
    }
}
