//! What all crates of Mainspring synchronise with: locks, a cell, and the switches that mutants throw.
//!
//! Each crate takes what it needs from here into a `sync` facade of its own. In a build with
//! `--cfg mainspring_loom` the same names are those of the crate `mainspring-loom`, and [`BriefLock`] is
//! loom's lock, too, which takes fewer steps; the lock itself has a model of its own.

#[expect(unsafe_code, reason = "a lock")]
mod brief;
#[cfg(not(mainspring_loom))]
mod cell;
#[cfg(not(mainspring_loom))]
mod locks;
#[cfg(not(mainspring_loom))]
mod switches;

#[cfg(not(mainspring_loom))]
pub use brief::{BriefGuard, BriefLock};
#[cfg(not(mainspring_loom))]
pub use cell::UnsafeCell;
#[cfg(not(mainspring_loom))]
pub use locks::{Condvar, Mutex, MutexGuard, WaitTimeoutResult};

/// The lock itself, for its own model.
#[cfg(mainspring_loom)]
pub use brief::{BriefGuard as TheBriefGuard, BriefLock as TheBriefLock};
#[cfg(mainspring_loom)]
pub use mainspring_loom::{
    Condvar, Mutex, Mutex as BriefLock, MutexGuard, UnsafeCell, WaitTimeoutResult, mutant, order,
    variant,
};
