//! What Mainspring is made of in a build under loom, in place of `std`.
//!
//! Every crate of Mainspring synchronises through a `sync` facade of its own. In a build with
//! `--cfg mainspring_loom` that facade takes its parts from here: loom's locks in the shape that the
//! facade has, the switches of the mutants, and the runner of the models. In a normal build this crate
//! is empty and nobody depends on it.
#![cfg(mainspring_loom)]

mod cell;
mod locks;
mod model;
pub mod mutant;
pub mod threads;
pub mod time;
mod try_lock;
pub mod variant;

pub use cell::UnsafeCell;
pub use locks::{
    Condvar, Mutex, MutexGuard, WaitTimeoutResult, let_limits_pass, let_short_limits_pass,
};
pub use model::{is_deep, model, model_with_preemptions, unexplored};
pub use try_lock::{TryLock, TryLockGuard};

/// loom's thread-locals: the threads of a model share one thread of the system.
#[macro_export]
macro_rules! const_thread_local {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $value:expr $(;)?) => {
        loom::thread_local! { $(#[$attr])* static $name: $type = $value }
    };
}
