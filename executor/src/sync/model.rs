//! The facade under loom: the same names, made of loom's types.

use std::panic::UnwindSafe;

pub(crate) use loom::hint::spin_loop;
pub(crate) use mainspring_loom::{Condvar, Mutex, MutexGuard, TryLock, TryLockGuard, UnsafeCell};
pub(crate) use mainspring_loom::{const_thread_local, const_thread_local as owning_thread_local};
pub(crate) use mainspring_loom::{mutant, order};

pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

pub(crate) mod thread {
    pub(crate) use loom::thread::{Builder, yield_now};

    /// To sleep is to let the others run, and to move the time on.
    pub(crate) fn sleep(duration: std::time::Duration) {
        super::time::pass(duration);
        yield_now();
    }
}

pub(crate) mod time {
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    std::thread_local! {
        /// An instant and what has been slept since. Not loom's: all threads of a model share the
        /// thread of the system that runs it, and the time decides nothing between them.
        static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    /// Time as a model has it: it passes while somebody sleeps, and not otherwise. Read from the
    /// system's clock, it would differ from one execution to the next.
    pub(crate) fn now() -> Instant {
        NOW.with(|now| {
            let instant = now.get().unwrap_or_else(Instant::now);
            now.set(Some(instant));
            instant
        })
    }

    pub(super) fn pass(duration: Duration) {
        let then = now().checked_add(duration);
        NOW.with(|now| now.set(then));
    }
}

/// A panic inside a model is a failed assertion: nothing may catch it.
pub(crate) fn catch_unwind<R>(f: impl FnOnce() -> R + UnwindSafe) -> std::thread::Result<R> {
    Ok(f())
}
