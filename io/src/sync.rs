//! Everything this crate synchronises with, in one place.
//!
//! A normal build uses `std`'s atomics and locks. Under the private `--cfg mainspring_loom` the same
//! names come from loom. Nothing else in the crate names `std::sync` or `loom`.

#[cfg(not(mainspring_loom))]
mod real;
#[cfg(not(mainspring_loom))]
pub(crate) use real::*;

#[cfg(mainspring_loom)]
mod model;
#[cfg(mainspring_loom)]
pub(crate) use model::*;

/// The same in both builds: its count orders nothing that a model would want to see, and loom's
/// cannot be made from a value of another type.
pub(crate) use std::sync::Arc;

pub(crate) use mainspring_sync::{Condvar, Mutex, mutant, order};
