//! What happens when a process runs out of file descriptors, and how the table of them grows. Each
//! test changes what belongs to the whole process, and so has a process of its own.
#![cfg(target_os = "linux")]

#[path = "../support/runtimes.rs"]
mod runtimes;

mod process;
mod starved;
mod table;
