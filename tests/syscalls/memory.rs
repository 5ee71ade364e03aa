//! The memory of many tasks is asked of the system in pieces that are worth a call.
#![cfg(target_env = "gnu")]

use std::future::pending;

use crate::bounded::bounded;
use crate::trace::{self, Traced};

const TASKS: usize = 20_000;

/// No task's memory is less.
const BYTES: usize = 128;

const PAGE: usize = 4096;

#[test]
fn under_strace_tasks_are_spawned() {
    let Some(runtime) = trace::flavour_without_monitor() else {
        return;
    };
    let spawning = runtime.spawn(async {
        trace::begin();
        for _ in 0..TASKS {
            drop(mainspring::spawn(pending::<()>()));
        }
        trace::end();
    });
    runtime.block_on(spawning).expect("no panic");
}

#[test]
fn many_tasks_take_a_call_for_tens_of_kilobytes() {
    if !trace::is_possible() {
        return;
    }
    // A thread that is not the first of its process: the first one's heap grows in large steps.
    let calls = bounded("tasks are spawned", || {
        let trace = Traced::start("memory::under_strace_tasks_are_spawned", "two-workers").finish();
        println!("{:?}", trace.summary());
        trace.count(&["brk", "mmap", "mprotect", "munmap"])
    });
    let pages = TASKS * BYTES / PAGE;
    assert!(
        calls * 8 <= pages,
        "{calls} calls for {pages} pages and more"
    );
}
