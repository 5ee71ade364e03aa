//! The facade of a normal build.

pub(crate) mod atomic {
    //! The atomic types.

    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
}

/// A thread-local whose initial value is a constant, so that it needs no look whether it has one.
macro_rules! const_thread_local {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $value:expr;) => {
        std::thread_local! { $(#[$attr])* static $name: $type = const { $value } }
    };
}
pub(crate) use const_thread_local;
