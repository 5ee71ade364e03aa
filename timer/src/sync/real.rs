//! The types of normal builds.

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
pub(crate) use std::thread_local;

/// The clock of normal builds runs.
pub(crate) const CLOCK_STARTS_FROZEN: bool = false;

/// Runs code of the user that must not take others down with it. The panic hook has reported a
/// panic by the time it is contained here.
pub(crate) fn contain_panic(body: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(body)) {
        // A payload whose destructor panics is leaked: it must not do what the panic itself may
        // not.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
    }
}
