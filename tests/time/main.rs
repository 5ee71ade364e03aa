//! Timers on whole runtimes: never early, hardly late, and what a paused clock does.

#[path = "../support/bounded.rs"]
mod bounded;
#[path = "../support/each.rs"]
mod each;
#[path = "../support/lone.rs"]
mod lone;
#[path = "../support/runtimes.rs"]
mod runtimes;

mod budget;
mod hand_over;
mod interval;
mod lateness;
mod paused;
#[cfg(target_os = "linux")]
mod slack;
mod sleep;
mod timeout;
