//! The models of Mainspring's protocols are in `tests/models`, one file a protocol; `cargo loom` runs
//! them. Each runs the very code that ships, on loom's threads and atomics, in every order that a
//! bounded number of preemptions allows, and states its property in the sentence above it. In a normal
//! build there is nothing here.
//!
//! Here is what runs the mutants: `cargo loom-mutants`. Each model names the mutants that it must
//! catch; each runs in a process of its own.
#![cfg(mainspring_loom)]

mod processes;
mod switches;
mod table;

pub use table::{Mutant, kill_all};
