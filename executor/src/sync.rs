//! Everything this crate synchronises with, in one place.
//!
//! A normal build uses `std`'s atomics and locks. Under the private `--cfg mainspring_loom` the same
//! names come from loom, so that the models in `loom-tests` run the very code that ships. The two
//! modules have the same shape; nothing else in the crate names `std::sync::atomic`, `std`'s locks
//! or `loom`.

#[cfg(not(mainspring_loom))]
mod locks;
#[cfg(not(mainspring_loom))]
mod real;
#[cfg(not(mainspring_loom))]
pub(crate) use real::*;

#[cfg(mainspring_loom)]
mod model;
#[cfg(mainspring_loom)]
pub(crate) use model::*;
