//! The names of a build under loom: loom's.

pub(crate) use mainspring_loom::let_short_limits_pass as runtime_begins;
pub(crate) use mainspring_loom::mutant;
pub(super) use mainspring_loom::{model, model_with_preemptions, unexplored};

/// Locks, channels, atomics and shared ownership.
pub mod sync {
    pub use ::loom::sync::{
        Arc, Condvar, LockResult, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        TryLockResult,
    };

    /// Atomics and fences.
    pub mod atomic {
        pub use ::loom::sync::atomic::{
            AtomicBool, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16,
            AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };
    }

    /// Channels between threads.
    pub mod mpsc {
        pub use ::loom::sync::mpsc::{Receiver, Sender, channel};
    }
}

/// Threads.
pub mod thread {
    pub use ::loom::thread::{Builder, JoinHandle, current, spawn, yield_now};
}

/// What a loop says that waits for another thread.
pub mod hint {
    pub use ::loom::hint::spin_loop;
}

/// Interior mutability.
pub mod cell {
    pub use ::loom::cell::Cell;
    pub use mainspring_loom::UnsafeCell;
}
