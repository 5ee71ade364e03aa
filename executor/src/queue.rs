//! The queues of runnable tasks: one deque a worker, one injector for all other threads.
//!
//! The deques and the injector are crossbeam's, whose correctness is taken on trust: it has no
//! loom support. Under loom a stand-in with the same interface takes their place, no stronger
//! than they are (`queue/model.rs`), so that the models check the protocol around the queues.
//! This is the only file that names `crossbeam_deque`.

#[cfg(not(mainspring_loom))]
mod real;
#[cfg(not(mainspring_loom))]
pub(crate) use real::*;

#[cfg(mainspring_loom)]
mod model;
#[cfg(mainspring_loom)]
pub(crate) use model::*;

/// What an attempt to take somebody else's work found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Steal<T> {
    /// There was nothing.
    Empty,
    /// This one, and perhaps more in the thief's own queue.
    Success(T),
    /// Somebody was in the way: there may well be something. Never to be taken for `Empty`.
    Retry,
}
