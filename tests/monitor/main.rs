//! What a task that blocks costs the others, and what the monitor costs those who do not block.
//!
//! The bounds are about time on a machine that may do other things: each is measured a few times,
//! and must hold once. One test runs at a time.
#![cfg(target_os = "linux")]

#[path = "../support/attempts.rs"]
mod attempts;
#[path = "../support/bounded.rs"]
mod bounded;

mod ahead;
mod late;
mod quiet;
mod switches;
