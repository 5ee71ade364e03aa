//! Whole workers: `executor/src/worker.rs` and what is under it.
//!
//! Tasks here block on one another inside their polls, as no task should: then a task that stays behind
//! another one, while a worker sleeps, is a deadlock that loom reports. The executors have no monitor,
//! which would find it in the end.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::schedule::sleeping_workers;
use mainspring_executor::{Handle, block_in_place, spawn};
use mainspring_loom::{model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::{Gate, executor};

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "worker: no scan after S3 (I1)",
        model: "worker::a_task_from_outside_is_not_slept_over",
    },
    Mutant {
        name: "worker: a leaving worker wakes nobody (I4)",
        model: "worker::a_task_that_block_on_leaves_behind_is_run",
    },
    Mutant {
        name: "worker: a push that displaces a task wakes nobody",
        model: "worker::a_displaced_task_is_for_the_other_worker",
    },
    Mutant {
        name: "worker: a queue is not opened",
        model: "worker::a_displaced_task_is_for_the_other_worker",
    },
    Mutant {
        name: "worker: the last searcher wakes nobody (I2)",
        model: "worker::a_worker_that_is_woken_wakes_the_next",
    },
    Mutant {
        name: "worker: a batch steal wakes nobody (I4)",
        model: "worker::a_task_that_came_along_in_a_batch_is_for_the_other_worker",
    },
];

/// Runs `body` beside the workers of an executor, with so many preemptions in one execution. The
/// workers have just begun.
fn with_workers(workers: usize, preemptions: usize, body: fn(&Handle)) {
    model_with_preemptions(preemptions, move || {
        let executor = unexplored(|| executor(workers));
        body(executor.handle());
        unexplored(|| drop(executor));
    });
}

/// The same; the workers sleep.
pub(crate) fn with_sleeping_workers(workers: usize, preemptions: usize, body: fn(&Handle)) {
    model_with_preemptions(preemptions, move || {
        let executor = unexplored(|| {
            let executor = executor(workers);
            while sleeping_workers(executor.handle()) < workers {
                thread::yield_now();
            }
            executor
        });
        body(executor.handle());
        unexplored(|| drop(executor));
    });
}

/// spawn from outside ∥ the only worker goes to sleep: the task is run.
#[test]
fn a_task_from_outside_is_not_slept_over() {
    with_workers(1, 2, |handle| {
        assert_eq!(block_on(handle.spawn(async { 7 })).unwrap(), 7);
    });
}

/// `block_on` ends and leaves a task in its slot ∥ the only worker goes to sleep: the task is run.
#[test]
fn a_task_that_block_on_leaves_behind_is_run() {
    with_workers(1, 2, |handle| {
        let mut task = None;
        handle.block_on(async { task = Some(spawn(async { 7 })) });
        assert_eq!(block_on(task.expect("it was spawned")).unwrap(), 7);
    });
}

/// A worker's thread that blocks is replaced: the task in its slot is run.
#[test]
fn a_worker_that_blocks_is_replaced() {
    with_workers(1, 2, |handle| {
        let task = handle.spawn(async {
            let event = Arc::<Gate>::default();
            let happens = event.clone();
            drop(spawn(async move { happens.open() }));
            block_in_place(|| event.wait());
        });
        block_on(task).unwrap();
    });
}

/// A task spawns two, and waits for the one that the other has displaced from the slot: the other
/// worker runs it.
#[test]
fn a_displaced_task_is_for_the_other_worker() {
    with_workers(2, 1, |handle| {
        let task = handle.spawn(async {
            let first = Arc::<Gate>::default();
            let happens = first.clone();
            drop(spawn(async move { happens.open() }));
            drop(spawn(async {}));
            first.wait();
        });
        block_on(task).unwrap();
    });
}

/// Two tasks that wait for one another come from outside, while two workers sleep: the second push
/// relies on the worker that the first one has woken, and that one wakes the other.
#[test]
fn a_worker_that_is_woken_wakes_the_next() {
    with_sleeping_workers(2, 1, two_that_meet);
}

fn two_that_meet(handle: &Handle) {
    let events = [Arc::<Gate>::default(), Arc::<Gate>::default()];
    let tasks = [0, 1].map(|own| {
        let events = events.clone();
        handle.spawn(async move {
            events[own].open();
            events[1 - own].wait();
        })
    });
    tasks.into_iter().for_each(|task| block_on(task).unwrap());
}

/// The same ∥ two workers that look for work, or are about to sleep, and a third task. A worker that
/// takes two of them at once has the second in nobody's queue for a moment, in which the other worker
/// may look and go to sleep.
#[test]
fn a_task_that_came_along_in_a_batch_is_for_the_other_worker() {
    with_workers(2, 1, |handle| {
        let events = [Arc::<Gate>::default(), Arc::<Gate>::default()];
        let tasks = [0, 1, 2].map(|own| {
            let events = events.clone();
            handle.spawn(async move {
                if own < 2 {
                    events[own].open();
                    events[1 - own].wait();
                }
            })
        });
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
    });
}
