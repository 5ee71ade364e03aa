//! How many system calls the runtime makes, counted by `strace`: for a message that is echoed, for
//! timers that are armed, for the memory of tasks, and for an idle runtime.
//!
//! Each test runs this program again under `strace`, where it becomes what the test observes: the
//! tests named `under_strace_..` do nothing unless the environment says so. Writes of a known text
//! to standard error mark in the trace where the part begins and ends that counts. Without
//! `strace`, or where tracing is forbidden, the tests say so and pass, unless
//! `MAINSPRING_REQUIRE_STRACE` is set.
#![cfg(target_os = "linux")]

#[path = "support/attempts.rs"]
mod attempts;
#[path = "support/bounded.rs"]
mod bounded;
#[path = "syscalls/echo.rs"]
mod echo;
#[path = "syscalls/memory.rs"]
mod memory;
#[path = "syscalls/still.rs"]
mod still;
#[path = "syscalls/trace.rs"]
mod trace;
