//! The hand-over of a core to a thread that waits for one (executor/src/standby.rs).

use std::sync::Arc as StdArc;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use mainspring_executor::internals::schedule::{
    Core, Standby, dismiss, reinforce, sleeping_workers,
};
use mainspring_executor::{Config, Executor, spawn};
use mainspring_loom::threads::refuse_threads;
use mainspring_loom::variant::with_variant;
use mainspring_loom::{model, model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::{Bare, Gate, config, mutant};
use crate::sleep::BY_RMW;

const WOKEN: &str = "standby::a_worker_that_is_added_is_woken_as_any_other";
const SHOWN: &str = "standby::a_worker_that_is_added_is_stolen_from";
const HOME: &str = "standby::a_worker_that_is_not_needed_goes_home";
const AGAIN: &str = "standby::a_seat_that_was_left_is_taken_again";
const PASSES: &str = "standby::a_worker_that_goes_home_passes_its_wake_on";
const REFUSED: &str = "standby::a_task_that_was_left_to_a_refused_worker_is_run";
const END: &str = "standby::an_end_that_was_left_to_a_refused_worker_ends";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "standby: who is given a core stays on the list (I2)",
        model: "standby::a_waiting_thread_is_given_one_core",
    },
    Mutant {
        name: "standby: mail on its way is not waited for (I2)",
        model: "standby::a_core_is_not_lost_to_a_thread_that_gives_up",
    },
    Mutant {
        name: "standby: who comes after the end waits",
        model: "standby::the_end_reaches_whoever_waits",
    },
    Mutant {
        name: "standby: mail rings no bell",
        model: "standby::the_end_reaches_whoever_waits",
    },
    mutant(
        "standby: a worker that is added is counted too late (I3)",
        WOKEN,
    ),
    mutant(
        "standby: the seat of a worker that is added is not shown",
        SHOWN,
    ),
    mutant("standby: a worker that is added does not count (I3)", HOME),
    mutant("monitor: who is dismissed is not woken", HOME),
    mutant(
        "monitor: a dismissal comes after the look at the sleepers",
        HOME,
    ),
    mutant("worker: its duty is not looked at again", HOME),
    mutant(
        "standby: a seat is vacant before its dismissal is over",
        AGAIN,
    ),
    mutant("worker: a searcher that leaves stays one", PASSES),
    mutant(
        "standby: what was left to a refused worker wakes nobody",
        REFUSED,
    ),
    mutant("standby: a worker that is refused counts as awake", REFUSED),
    mutant(
        "standby: the core of a refused worker is lost (I1)",
        REFUSED,
    ),
    mutant("standby: a refused worker drains nothing", END),
    mutant("standby: a thread that was refused counts as alive", END),
];

/// A core that is handed over while a waiting thread gives up is with exactly one of the two sides.
#[test]
fn a_core_is_not_lost_to_a_thread_that_gives_up() {
    model(|| {
        let standby = Arc::new(Standby::new());
        let waiting = {
            let standby = Arc::clone(&standby);
            thread::spawn(move || usize::from(standby.wait().is_some()))
        };
        let kept = usize::from(standby.give_to_waiting(Core::new(0)).is_err());
        let given = waiting.join().expect("no panic");
        assert_eq!(kept + given, 1);
    });
}

/// Two givers and one who waits: one core arrives there, the other stays with its giver.
#[test]
fn a_waiting_thread_is_given_one_core() {
    model(|| {
        let standby = Arc::new(Standby::new());
        let kept = Arc::new(AtomicUsize::new(0));
        let mailbox = standby.begin_wait().expect("it is open");
        let givers: Vec<_> = (0..2)
            .map(|seat| {
                let standby = Arc::clone(&standby);
                let kept = Arc::clone(&kept);
                thread::spawn(move || {
                    if standby.give_to_waiting(Core::new(seat)).is_err() {
                        kept.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        assert!(mailbox.wait().is_some());
        for giver in givers {
            giver.join().expect("no panic");
        }
        assert_eq!(kept.load(Ordering::Relaxed), 1);
    });
}

/// The end of the runtime reaches a thread that waits, or is about to, and loses no core.
#[test]
fn the_end_reaches_whoever_waits() {
    model(|| {
        let standby = Arc::new(Standby::new());
        let waiting = {
            let standby = Arc::clone(&standby);
            thread::spawn(move || {
                let mailbox = standby.begin_wait();
                mailbox.map_or(0, |mailbox| usize::from(mailbox.wait().is_some()))
            })
        };
        let closing = {
            let standby = Arc::clone(&standby);
            thread::spawn(move || standby.close())
        };
        let kept = usize::from(standby.give_to_waiting(Core::new(0)).is_err());
        closing.join().expect("no panic");
        let given = waiting.join().expect("no panic");
        assert_eq!(kept + given, 1);
    });
}

/// An executor with one worker, which sleeps, and a seat for one more. The gate is opened when a thread
/// of it ends.
fn sleeping_executor(environment: Bare) -> (Executor, Arc<Gate>) {
    unexplored(|| {
        let ended = Arc::new(Gate::default());
        let ends = ended.clone();
        let config = Config {
            max_standby_workers: 1,
            on_thread_stop: Some(StdArc::new(move || ends.open())),
            ..config(1)
        };
        let executor = Executor::new(config, None, Box::new(environment)).unwrap();
        until_asleep(&executor, 1);
        (executor, ended)
    })
}

/// Returns when so many workers sleep.
fn until_asleep(executor: &Executor, workers: usize) {
    while sleeping_workers(executor.handle()) < workers {
        thread::yield_now();
    }
}

/// A worker is added, and may go to sleep at once ∥ a task comes: one of the two is woken for it.
#[test]
fn a_worker_that_is_added_is_woken_as_any_other() {
    model_with_preemptions(1, || {
        let (executor, _) = sleeping_executor(Bare::default());
        let handle = executor.handle().clone();
        let outside = thread::spawn(move || block_on(handle.spawn(async {})).unwrap());
        assert!(reinforce(executor.handle()));
        outside.join().unwrap();
        unexplored(|| drop(executor));
    });
}

/// A worker is added beside a stuck one, and blocks until another task has run, which lies in its queue:
/// the first one, which it has helped on, finds that.
#[test]
fn a_worker_that_is_added_is_stolen_from() {
    model_with_preemptions(1, || {
        let (executor, _) = sleeping_executor(Bare::default());
        let [begun, goes_on] = [(); 2].map(|()| Arc::new(Gate::default()));
        let (begins, waits) = (begun.clone(), goes_on.clone());
        drop(executor.handle().spawn(async move {
            begins.open();
            waits.wait();
        }));
        begun.wait();
        let task = executor.handle().spawn(async move {
            let first = Arc::<Gate>::default();
            let happens = first.clone();
            drop(spawn(async move { happens.open() }));
            drop(spawn(async {}));
            goes_on.open();
            first.wait();
        });
        assert!(reinforce(executor.handle()));
        block_on(task).unwrap();
        unexplored(|| drop(executor));
    });
}

/// A worker that was added goes to sleep ∥ it is sent home: it goes.
#[test]
fn a_worker_that_is_not_needed_goes_home() {
    model_with_preemptions(1, || {
        let (executor, ended) = sleeping_executor(Bare::default());
        assert!(reinforce(executor.handle()));
        while !dismiss(executor.handle()) {
            thread::yield_now();
        }
        ended.wait();
        unexplored(|| drop(executor));
    });
}

/// A worker that was added goes home ∥ one is needed again, for a task behind a stuck one.
#[test]
fn a_seat_that_was_left_is_taken_again() {
    model_with_preemptions(1, || {
        let (executor, _) = sleeping_executor(Bare::default());
        let [begun, goes_on] = [(); 2].map(|()| Arc::new(Gate::default()));
        let (begins, waits) = (begun.clone(), goes_on.clone());
        unexplored(|| {
            drop(executor.handle().spawn(async move {
                begins.open();
                waits.wait();
            }));
            begun.wait();
            assert!(reinforce(executor.handle()));
            until_asleep(&executor, 1);
        });
        assert!(dismiss(executor.handle()));
        let task = executor.handle().spawn(async move { goes_on.open() });
        while !reinforce(executor.handle()) {
            thread::yield_now();
        }
        block_on(task).unwrap();
        unexplored(|| drop(executor));
    });
}

/// A worker that was added is sent home ∥ it is woken for a task: the other worker runs that.
#[test]
fn a_worker_that_goes_home_passes_its_wake_on() {
    model_with_preemptions(1, || {
        let (executor, _) = sleeping_executor(Bare::default());
        unexplored(|| {
            assert!(reinforce(executor.handle()));
            until_asleep(&executor, 2);
        });
        let handle = executor.handle().clone();
        let monitor = thread::spawn(move || assert!(dismiss(&handle)));
        block_on(executor.handle().spawn(async {})).unwrap();
        monitor.join().unwrap();
        unexplored(|| drop(executor));
    });
}

/// A worker is to be added, and the system has no thread for it ∥ a task comes, and may rely on it: the
/// other worker runs that. The seat is there for the next time.
#[test]
fn a_task_that_was_left_to_a_refused_worker_is_run() {
    refuse_a_worker_beside_a_task();
}

/// The same, with each look of a push a read-modify-write: the other worker also goes to sleep, or is
/// woken, just before the look of who was refused.
#[test]
fn as_a_variant_a_task_that_was_left_to_a_refused_worker_is_run() {
    with_variant(BY_RMW, refuse_a_worker_beside_a_task);
}

fn refuse_a_worker_beside_a_task() {
    model_with_preemptions(1, || {
        let (executor, _) = sleeping_executor(Bare::default());
        let handle = executor.handle().clone();
        let outside = thread::spawn(move || block_on(handle.spawn(async {})).unwrap());
        refuse_threads(true);
        assert!(!reinforce(executor.handle()));
        refuse_threads(false);
        outside.join().unwrap();
        unexplored(|| {
            assert!(reinforce(executor.handle()), "its seat is gone");
            drop(executor);
        });
    });
}

/// The same ∥ end: the waits in the environment are ended, though the last worker to leave was not the
/// last.
#[test]
fn an_end_that_was_left_to_a_refused_worker_ends() {
    model_with_preemptions(1, || {
        let ends = Arc::new(AtomicUsize::new(0));
        let environment = Bare {
            ends: Some(ends.clone()),
            ..Bare::default()
        };
        let (executor, _) = sleeping_executor(environment);
        refuse_threads(true);
        let handle = executor.handle().clone();
        let closing = thread::spawn(move || drop(executor));
        assert!(!reinforce(&handle));
        closing.join().unwrap();
        assert!(ends.load(Ordering::Relaxed) > 0);
    });
}
