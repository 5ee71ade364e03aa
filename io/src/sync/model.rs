//! The facade under loom: the same names, made of loom's types.

pub(crate) use mainspring_loom::const_thread_local;
pub(crate) use mainspring_sync::variant;

pub(crate) mod atomic {
    //! The atomic types.

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
}
