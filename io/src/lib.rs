//! The sockets of Mainspring, and the driver that tells when they are ready.
//!
//! A [`Driver`] waits for the events of all sockets; one thread at a time is in it. Its [`Handle`]
//! is for everybody: the runtime [enters](Handle::enter) it on each of its threads, and a socket
//! that is made there is registered with it. The types in [`net`] and [`unix`] have the names, the
//! methods and the behaviour of tokio's.
//!
//! Programs use this crate through the facade, the package `mainspring`.
//!
//! # How an operation goes
//!
//! 1. The socket's readiness is remembered in one word (`readiness.rs`). If it says *ready*, the
//!    system call is made at once. Most operations end here, with one system call.
//! 2. If the call would block, the word is cleared, and the task's waker is left with the socket
//!    (`source_state.rs`).
//! 3. The driver's next turn that reports the socket sets the word and wakes the task.
//!
//! On Linux a turn is one system call, and a socket is registered once in its life, and once more if
//! it ever waits to write (`sys/epoll.rs`).

#![deny(unsafe_code)]

pub mod net;
#[cfg(unix)]
pub mod unix;

mod closes;
mod delay;
mod driver;
mod end;
mod fd_table;
mod handle;
mod interest;
#[cfg(mainspring_loom)]
#[doc(hidden)]
pub mod internals;
mod readiness;
mod ready;
mod registration;
mod shared;
#[cfg(all(test, not(mainspring_loom), target_pointer_width = "64"))]
mod sizes;
mod slack;
mod source_state;
mod sources;
mod stalls;
mod sync;
mod sys;
mod wake;

pub use delay::Delay;
pub use driver::Driver;
pub use fd_table::grow_descriptor_table;
pub use handle::{EnterGuard, Handle};
pub use interest::Interest;
pub use ready::Ready;
pub use slack::TimerSlack;
