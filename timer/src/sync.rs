//! Everything that threads synchronise with, from `std` or from loom.
//!
//! `--cfg mainspring_loom` switches the whole crate to loom's types. The interface is the smaller
//! of the two: `Mutex::lock` returns the guard, an `UnsafeCell` is entered with a closure.

#[cfg(mainspring_loom)]
mod model;
#[cfg(not(mainspring_loom))]
mod real;

#[cfg(mainspring_loom)]
pub(crate) use model::*;
#[cfg(not(mainspring_loom))]
pub(crate) use real::*;

pub(crate) use mainspring_sync::{BriefLock, Mutex, UnsafeCell, mutant, order, variant};

/// The same under loom, which has no static atomics: for hints that no protocol rests on.
pub(crate) mod constant {
    pub(crate) use std::sync::atomic::AtomicBool;
}
