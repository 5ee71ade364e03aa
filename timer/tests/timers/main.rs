//! The timers as a runtime and its users see them, on a runtime of a few lines.

#![cfg(not(mainspring_loom))]

mod clock;
mod handle;
mod interval;
mod park;
mod races;
mod runtime;
mod sleep;
mod timeout;
