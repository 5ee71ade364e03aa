//! Sleeping, intervals, time-outs, and a clock that tests can pause.
//!
//! A timer never fires early. It fires late by about what the kernel takes to wake a thread: tens
//! of microseconds on Linux, and up to 300 more where many fire, which then share a wake-up.

#[doc(inline)]
pub use mainspring_timer::{
    Duration, Instant, Interval, MissedTickBehavior, Sleep, Timeout, error, interval, interval_at,
    sleep, sleep_until, timeout, timeout_at,
};
#[cfg(feature = "test-util")]
#[doc(inline)]
pub use mainspring_timer::{advance, pause, resume};
