//! The executor by itself: no I/O, no timers.

mod join_set;
mod local;
mod on_purpose;
mod pool;
mod support;
mod tasks;
mod threads;
mod wakers;
