//! The timers of the Mainspring runtime: `sleep`, `interval`, `timeout` and the wheel behind them.
//!
//! This crate knows [`std::task::Waker`] and nothing else of its surroundings. A runtime composes
//! it with whatever it waits on:
//!
//! - every thread that polls timers is inside a [`Handle::enter`] scope, which says whose wheel its
//!   timers go to;
//! - the thread that is about to wait asks [`Handle::prepare_park`] how long it may wait, waits,
//!   calls [`Handle::finish_park`] and then [`Handle::turn`], which wakes what is due;
//! - a worker that goes to sleep elsewhere calls [`Handle::before_sleep`] first.
//!
//! Applications use the parts through the `time` module of the `mainspring` crate, which has the
//! names and the meaning of `tokio::time`.
//!
//! # How it is built
//!
//! | file | holds |
//! |---|---|
//! | `wheel` | the hashed wheel: deadlines in, due nodes out; no clock, lock or atomic |
//! | `node` | the part of a timer that the wheel links, its state word and their protocol |
//! | `seat` | one wheel with its lock and its published deadline; one per worker |
//! | `park` | the protocol between the thread that waits and those that arm timers |
//! | `shared` | all seats of one runtime, the clock and the park protocol together |
//! | `entry` | a timer to arm, move between seats and cancel, behind a safe interface |
//! | `budget` | what the executor allows a task in one poll |
//! | `handle`, `context` | what the runtime holds, and what the current thread is inside of |
//! | `clock`, `instant` | nanoseconds, the paused clock, and the public `Instant` |
//! | `sleep`, `interval`, `timeout` | the futures |

#![deny(unsafe_code)]

mod batch;
mod budget;
mod clock;
mod context;
#[expect(
    unsafe_code,
    reason = "keeps the promises that a seat asks for its intrusive nodes"
)]
mod entry;
pub mod error;
mod handle;
mod instant;
mod interval;
#[expect(
    unsafe_code,
    reason = "shares a pinned node between its owner and the wheel's lock holder"
)]
mod node;
mod origin;
mod park;
#[expect(
    unsafe_code,
    reason = "links intrusive nodes into the wheel under its lock"
)]
mod seat;
mod shared;
#[cfg(all(test, not(mainspring_loom), target_pointer_width = "64"))]
mod sizes;
mod sleep;
mod sync;
mod timeout;
#[expect(unsafe_code, reason = "intrusive lists")]
mod wheel;

pub use std::time::Duration;

pub use budget::Budget;
pub use clock::{advance, pause, resume};
pub use handle::{EnterGuard, Handle};
pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use origin::Origin;
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Timeout, timeout, timeout_at};
