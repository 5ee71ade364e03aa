//! Sleeping, intervals, time-outs, and a clock that tests can pause.
//!
//! A timer never fires early. It fires late by about what the kernel takes to wake a thread: tens
//! of microseconds on Linux.

#[doc(inline)]
pub use mainspring_timer::{
    Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout, error, interval, interval_at,
    sleep, sleep_until, timeout, timeout_at,
};
#[cfg(feature = "test-util")]
#[doc(inline)]
pub use mainspring_timer::{advance, pause, resume};
