//! The names of a build under loom: loom's.

pub(super) use mainspring_loom::{model, model_with_preemptions, unexplored};
pub(crate) use mainspring_loom::{mutant, variant};
use mainspring_timer::Handle as Timer;
use std::cell::Cell;
use std::time::Duration;

std::thread_local! {
    /// How many waits in a row have found a timer due. Not loom's: there is one driver in a model.
    static IN_VAIN: Cell<u32> = const { Cell::new(0) };
}

/// A runtime begins, and with it what an execution of a model is about.
pub(crate) fn runtime_begins() {
    IN_VAIN.set(0);
    mainspring_loom::let_short_limits_pass();
}

/// A wait of at most `limit` is to begin. In the models of a clock that runs, the time shows at once that
/// it is over, so nothing but a wait without a limit is left.
pub(crate) fn waited(timer: &Timer, limit: Option<Duration>) -> Option<Duration> {
    if !variant!("clock: it runs") {
        return limit;
    }
    let is_due = limit == Some(Duration::ZERO);
    let in_vain = if is_due { IN_VAIN.get() + 1 } else { 0 };
    IN_VAIN.set(in_vain);
    // The worker's maintenance would turn the wheels some time.
    assert!(
        in_vain < 8,
        "what is due is not woken after the wait for it"
    );
    timer.let_pass(limit?);
    Some(Duration::ZERO)
}

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
