//! Whole workers: `executor/src/worker.rs` and what is under it.
//!
//! Tasks here block on one another inside their polls, as no task should: then a task that stays behind
//! another one, while a worker sleeps, is a deadlock that loom reports. The executors have no monitor,
//! which would find it in the end.

use loom::future::block_on;
use loom::sync::{Arc, Condvar, Mutex};
use mainspring_executor::{Handle, spawn};
use mainspring_loom::{model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::executor;

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
        name: "worker: the last searcher wakes nobody (I2)",
        model: "worker::a_worker_that_finds_one_of_two_tasks_wakes_the_other_worker",
    },
    Mutant {
        name: "worker: a batch steal wakes nobody (I4)",
        model: "worker::a_worker_that_finds_one_of_two_tasks_wakes_the_other_worker",
    },
];

/// Something that one task does and another one waits for, blocking its thread.
#[derive(Clone, Default)]
struct Event(Arc<(Mutex<bool>, Condvar)>);

impl Event {
    fn happen(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let mut happened = self.0.0.lock().unwrap();
        while !*happened {
            happened = self.0.1.wait(happened).unwrap();
        }
    }
}

/// Runs `body` beside the workers of an executor, with so many preemptions in one execution.
fn with_workers(workers: usize, preemptions: usize, body: fn(&Handle)) {
    model_with_preemptions(preemptions, move || {
        let executor = unexplored(|| executor(workers));
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
        let task = handle.block_on(async { spawn(async { 7 }) });
        assert_eq!(block_on(task).unwrap(), 7);
    });
}

/// A task spawns two, and waits for the one that the other has displaced from the slot: the other
/// worker runs it.
#[test]
fn a_displaced_task_is_for_the_other_worker() {
    with_workers(2, 1, |handle| {
        let task = handle.spawn(async {
            let first = Event::default();
            let happens = first.clone();
            drop(spawn(async move { happens.happen() }));
            drop(spawn(async {}));
            first.wait();
        });
        block_on(task).unwrap();
    });
}

/// Two tasks from outside that wait for one another ∥ two workers: one that takes both, or that finds
/// one while the other's push relied on its search, wakes the other worker.
#[test]
fn a_worker_that_finds_one_of_two_tasks_wakes_the_other_worker() {
    with_workers(2, 1, |handle| {
        let events = [Event::default(), Event::default()];
        let tasks = [0, 1].map(|own| {
            let events = events.clone();
            handle.spawn(async move {
                events[own].happen();
                events[1 - own].wait();
            })
        });
        tasks.map(|task| block_on(task).unwrap());
    });
}
