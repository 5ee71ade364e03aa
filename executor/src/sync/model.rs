//! The facade under loom: the same names, made of loom's types.

use std::panic::UnwindSafe;

pub(crate) use loom::hint::spin_loop;
pub(crate) use mainspring_loom::{TryLock, TryLockGuard};
pub(crate) use mainspring_loom::{const_thread_local, const_thread_local as owning_thread_local};

pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

pub(crate) mod thread {
    pub(crate) use loom::thread::yield_now;
    pub(crate) use mainspring_loom::threads::Builder;

    /// To sleep is to let the others run, and to move the time on.
    pub(crate) fn sleep(duration: std::time::Duration) {
        mainspring_loom::time::pass(duration);
        yield_now();
    }
}

pub(crate) mod time {
    pub(crate) use mainspring_loom::time::now;
}

/// A panic inside a model is a failed assertion: nothing may catch it.
pub(crate) fn catch_unwind<R>(f: impl FnOnce() -> R + UnwindSafe) -> std::thread::Result<R> {
    Ok(f())
}
