//! Everything this crate synchronises with, in one place.
//!
//! A normal build uses `std`'s atomics and locks. Under the private `--cfg mainspring_loom` the same
//! names come from loom, so that the models in `loom-tests` run the very code that ships. The two
//! modules have the same shape; nothing else in the crate names `std::sync::atomic`, `std`'s locks
//! or `loom`.

#[cfg(mainspring_loom)]
mod model;
#[cfg(not(mainspring_loom))]
mod real;

#[cfg(mainspring_loom)]
pub(crate) use model::*;
#[cfg(not(mainspring_loom))]
pub(crate) use real::*;

pub(crate) use mainspring_sync::{
    BriefLock, Condvar, Mutex, MutexGuard, UnsafeCell, mutant, order, variant,
};
