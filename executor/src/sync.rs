//! Everything this crate synchronises with, in one place.
//!
//! A normal build uses `std`'s atomics and locks. Under the private `--cfg mainspring_loom` the same
//! names come from loom, so that the models in `loom-tests` run the very code that ships. The two
//! modules have the same shape; nothing else in the crate names `std::sync::atomic`, `std`'s locks
//! or `loom`.

#[expect(unsafe_code, reason = "a lock")]
mod brief;
#[cfg(not(mainspring_loom))]
mod locks;
#[cfg(not(mainspring_loom))]
mod real;
#[cfg(not(mainspring_loom))]
pub(crate) use brief::BriefLock;
#[cfg(not(mainspring_loom))]
pub(crate) use real::*;

#[cfg(mainspring_loom)]
mod model;
/// The lock itself, for its own model.
#[cfg(mainspring_loom)]
pub(crate) use brief::BriefLock as TheBriefLock;
/// The models of what is under it have loom's own lock: it takes fewer steps.
#[cfg(mainspring_loom)]
pub(crate) use model::Mutex as BriefLock;
#[cfg(mainspring_loom)]
pub(crate) use model::*;
