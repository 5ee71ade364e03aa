//! When the monitor sleeps, and how it helps: `executor/src/monitor.rs`.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::schedule::{Idle, Monitor, Watch, monitor_sleeps};
use mainspring_executor::{spawn, yield_now};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::bare::{Gate, executor};
use crate::worker::{with_sleeping_workers, with_workers};

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "monitor: no fence after a worker has woken (W2)",
        model: "monitor::the_monitor_does_not_sleep_beside_an_awake_worker",
    },
    Mutant {
        name: "monitor: no fence after the announcement (M2)",
        model: "monitor::the_monitor_does_not_sleep_beside_an_awake_worker",
    },
    Mutant {
        name: "monitor: no look after the announcement (M3)",
        model: "monitor::the_monitor_does_not_sleep_beside_an_awake_worker",
    },
    Mutant {
        name: "monitor: a call leaves no mark",
        model: "monitor::the_monitor_does_not_sleep_beside_an_awake_worker",
    },
    Mutant {
        name: "worker: who wakes does not call the monitor (W3)",
        model: "monitor::the_monitor_does_not_sleep_beside_a_worker_that_was_woken",
    },
    Mutant {
        name: "worker: who stays awake does not call the monitor (W3)",
        model: "monitor::the_monitor_does_not_sleep_beside_a_worker_that_stays_awake",
    },
    Mutant {
        name: "worker: who takes a seat does not call the monitor (W3)",
        model: "monitor::the_monitor_does_not_sleep_beside_a_thread_that_has_taken_a_seat",
    },
    Mutant {
        name: "monitor: what it has moved wakes nobody",
        model: "monitor::a_task_behind_a_stuck_one_is_taken_over",
    },
    Mutant {
        name: "monitor: what it has moved wakes nobody",
        model: "monitor::a_task_is_taken_over_while_its_worker_returns",
    },
    Mutant {
        name: "monitor: what is in a slot stays there",
        model: "monitor::a_task_behind_a_stuck_one_is_taken_over",
    },
    Mutant {
        name: "monitor: what has yielded stays with a stuck worker",
        model: "monitor::a_task_that_has_yielded_behind_a_stuck_one_is_taken_over",
    },
    Mutant {
        name: "monitor: a call rings no bell",
        model: "monitor::the_monitor_does_not_sleep_beside_an_awake_worker",
    },
    Mutant {
        name: "monitor: it sleeps though it was called",
        model: "monitor::the_monitor_does_not_sleep_beside_an_awake_worker",
    },
    Mutant {
        name: "monitor: a worker's call hides the end",
        model: "monitor::a_worker_that_wakes_at_the_end_does_not_hide_it",
    },
    Mutant {
        name: "monitor: the end is taken for a call",
        model: "monitor::a_worker_that_wakes_at_the_end_does_not_hide_it",
    },
    Mutant {
        name: "monitor: it pauses though it was called",
        model: "shutdown::the_monitor_ends",
    },
];

/// the monitor goes to sleep ∥ a worker wakes up: the monitor stays awake, or is called. (A
/// monitor that sleeps beside an awake worker for good is a deadlock here.)
#[test]
fn the_monitor_does_not_sleep_beside_an_awake_worker() {
    model(|| {
        let shared = Arc::new((Idle::new(1), Monitor::new()));
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.join();
                shared.1.worker_wakes();
            })
        };
        shared.1.sleep_unless(|| shared.0.anybody_awake());
        worker.join().unwrap();
    });
}

/// The monitor sleeps ∥ a worker wakes up ∥ the runtime ends: the monitor learns of the end, though it may
/// be called for the worker first, or afterwards.
#[test]
fn a_worker_that_wakes_at_the_end_does_not_hide_it() {
    model(|| {
        let monitor = Arc::new(Monitor::new());
        let worker = {
            let monitor = Arc::clone(&monitor);
            thread::spawn(move || monitor.worker_wakes())
        };
        let end = {
            let monitor = Arc::clone(&monitor);
            thread::spawn(move || monitor.end())
        };
        while monitor.sleep_unless(|| false) {}
        worker.join().unwrap();
        end.join().unwrap();
    });
}

/// The monitor goes to sleep ∥ a worker is woken, and stays in a poll until the monitor is awake.
#[test]
fn the_monitor_does_not_sleep_beside_a_worker_that_was_woken() {
    with_sleeping_workers(1, 2, |handle| {
        let gate = Arc::<Gate>::default();
        let (own, waits) = (handle.clone(), gate.clone());
        let outside = thread::spawn(move || drop(own.spawn(async move { waits.wait() })));
        monitor_sleeps(handle);
        gate.open();
        outside.join().unwrap();
    });
}

/// The same where the worker is about to sleep, and finds the task by its last look.
#[test]
fn the_monitor_does_not_sleep_beside_a_worker_that_stays_awake() {
    with_workers(1, 3, |handle| {
        let gate = Arc::<Gate>::default();
        let waits = gate.clone();
        drop(handle.spawn(async move { waits.wait() }));
        monitor_sleeps(handle);
        gate.open();
    });
}

/// The same where a thread comes that takes a seat.
#[test]
fn the_monitor_does_not_sleep_beside_a_thread_that_has_taken_a_seat() {
    model(|| {
        let executor = executor(0);
        let gate = Arc::<Gate>::default();
        let (handle, waits) = (executor.handle().clone(), gate.clone());
        let guest = thread::spawn(move || handle.block_on(async { waits.wait() }));
        monitor_sleeps(executor.handle());
        gate.open();
        guest.join().unwrap();
    });
}

/// A task waits in the slot behind one that blocks ∥ the monitor takes it over ∥ the other worker goes
/// to sleep: the other worker runs it, once.
#[test]
fn a_task_behind_a_stuck_one_is_taken_over() {
    with_sleeping_workers(2, 1, |handle| {
        let (begun, happened) = (Arc::<Gate>::default(), Arc::<Gate>::default());
        let stuck = {
            let begun = begun.clone();
            handle.spawn(async move {
                let happens = happened.clone();
                drop(spawn(async move { happens.open() }));
                begun.open();
                happened.wait();
            })
        };
        begun.wait();
        let mut watch = Watch::new(handle);
        // At the first look every counter seems to have moved.
        watch.look(handle);
        watch.look(handle);
        watch.rescue(handle);
        block_on(stuck).unwrap();
    });
}

/// A task has yielded, and waits for the next turn of its worker, which polls one that blocks until the other
/// has run: the other worker runs it.
#[test]
fn a_task_that_has_yielded_behind_a_stuck_one_is_taken_over() {
    with_sleeping_workers(2, 1, |handle| {
        let (begun, happened) = (Arc::<Gate>::default(), Arc::<Gate>::default());
        let (begins, waits, happens) = (begun.clone(), happened.clone(), happened.clone());
        drop(handle.spawn(async move {
            drop(spawn(async move {
                begins.open();
                waits.wait();
            }));
            // From the slot: it is polled before the other one.
            drop(spawn(async move {
                yield_now().await;
                happens.open();
            }));
        }));
        begun.wait();
        let mut watch = Watch::new(handle);
        watch.look(handle);
        watch.look(handle);
        watch.rescue(handle);
        happened.wait();
    });
}

/// The same ∥ the worker returns from the poll that blocked: the task is run, once, by whichever worker
/// has found it.
#[test]
fn a_task_is_taken_over_while_its_worker_returns() {
    with_sleeping_workers(1, 2, |handle| {
        let (begun, goes_on) = (Arc::<Gate>::default(), Arc::<Gate>::default());
        let (begins, waits) = (begun.clone(), goes_on.clone());
        let done = Arc::<Gate>::default();
        let ends = done.clone();
        drop(handle.spawn(async move {
            drop(spawn(async move { ends.open() }));
            begins.open();
            waits.wait();
        }));
        begun.wait();
        let mut watch = Watch::new(handle);
        watch.look(handle);
        watch.look(handle);
        goes_on.open();
        watch.rescue(handle);
        done.wait();
    });
}
