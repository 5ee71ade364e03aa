//! Sockets on whole runtimes: with tasks, timers and cancellation round them.

#[path = "../support/bounded.rs"]
mod bounded;
#[path = "../support/each.rs"]
mod each;
#[path = "../support/lone.rs"]
mod lone;
#[path = "../support/runtimes.rs"]
mod runtimes;

mod between;
mod budget;
mod lookup;
mod std_types;
mod tcp;
mod transfer;
mod udp;
mod unix;
