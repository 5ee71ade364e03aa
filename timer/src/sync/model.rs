//! The types of builds under loom.

pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
pub(crate) use loom::thread_local;

/// A model must not depend on the time of day: its clock moves when the model calls
/// `Handle::advance_to_next`, in place of a wait that ends by itself.
pub(crate) const CLOCK_STARTS_FROZEN: bool = true;

/// loom reports what it finds by panicking, so nothing is contained.
pub(crate) fn contain_panic(body: impl FnOnce()) {
    body();
}
