//! When the monitor sleeps, and how it helps: `executor/src/monitor.rs`.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::schedule::{Idle, Monitor, Watch};
use mainspring_executor::spawn;
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::bare::Gate;
use crate::worker::with_sleeping_workers;

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
        name: "monitor: what it has moved wakes nobody",
        model: "monitor::a_task_behind_a_stuck_one_is_taken_over",
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
