//! Whole workers: `executor/src/worker.rs` and what is under it.
//!
//! Tasks here block on one another inside their polls, as no task should: then a task that stays behind
//! another one, while a worker sleeps, is a deadlock that loom reports. The executors have no monitor,
//! which would find it in the end.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use loom::future::block_on;
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::internals::schedule::sleeping_workers;
use mainspring_executor::{Handle, block_in_place, spawn, yield_now};
use mainspring_loom::variant::with_variant;
use mainspring_loom::{is_deep, model, model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::{Gate, Mark, executor};
use crate::sleep::BY_RMW;

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
        name: "worker: what is given ahead wakes nobody",
        model: "worker::a_task_that_is_woken_by_one_that_computes_on_is_for_the_other_worker",
    },
    Mutant {
        name: "worker: the last searcher wakes nobody (I2)",
        model: "worker::a_worker_that_is_woken_wakes_the_next",
    },
    Mutant {
        name: "worker: a batch steal wakes nobody (I4)",
        model: "worker::a_task_that_came_along_in_a_batch_is_for_the_other_worker",
    },
    Mutant {
        name: "scheduler: an outside push wakes nobody",
        model: "worker::a_task_from_outside_is_not_slept_over",
    },
    Mutant {
        name: "scheduler: queues are not looked at before a sleep (I1)",
        model: "worker::a_displaced_task_is_for_the_other_worker",
    },
    Mutant {
        name: "worker: who blocks keeps its core",
        model: "worker::a_worker_that_blocks_is_replaced",
    },
    Mutant {
        name: "worker: who leaves counts as awake",
        model: "worker::a_task_that_block_on_leaves_behind_is_run",
    },
    Mutant {
        name: "worker: claimed in its sleep, it searches not",
        model: "worker::a_worker_that_is_woken_wakes_the_next",
    },
    Mutant {
        name: "worker: claimed with its duty, it searches not",
        model: "worker::who_is_woken_for_two_reasons_is_woken_again",
    },
    Mutant {
        name: "worker: a searcher that polls its root stays one",
        model: "worker::who_is_woken_for_a_task_and_polls_its_root_wakes_the_next",
    },
    Mutant {
        name: "worker: it steals nothing while tasks yield",
        model: "worker::a_task_behind_a_stuck_one_is_stolen_by_a_worker_whose_task_yields",
    },
    Mutant {
        name: "worker: the injector waits while a worker is busy",
        model: "worker::a_task_from_outside_is_run_beside_some_that_wake_themselves",
    },
    Mutant {
        name: "worker: its slot goes first for ever",
        model: "worker::two_tasks_that_wake_one_another_do_not_starve_a_third",
    },
];

/// Runs `body` beside the workers of an executor, with so many preemptions in one execution. The
/// workers have just begun.
pub(crate) fn with_workers(workers: usize, preemptions: usize, body: fn(&Handle)) {
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
    leave_a_task_behind();
}

/// The same, with each look of a push a read-modify-write: the worker also goes to sleep just before it.
#[test]
fn as_a_variant_a_task_that_block_on_leaves_behind_is_run() {
    with_variant(BY_RMW, leave_a_task_behind);
}

fn leave_a_task_behind() {
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

/// A task of a kind that is known to compute on spawns another one, and waits for it: the other worker runs
/// it.
#[test]
fn a_task_that_is_woken_by_one_that_computes_on_is_for_the_other_worker() {
    with_variant("worker: whoever wakes another computes on", || {
        with_workers(2, 1, |handle| {
            let task = handle.spawn(async {
                let runs = Arc::<Gate>::default();
                let happens = runs.clone();
                drop(spawn(async move { happens.open() }));
                runs.wait();
            });
            block_on(task).unwrap();
        });
    });
}

/// Two tasks that wait for one another come from outside, while two workers sleep (three, if deep): the
/// second push relies on the worker that the first one has woken, and that one wakes the other.
#[test]
fn a_worker_that_is_woken_wakes_the_next() {
    if is_deep() {
        with_sleeping_workers(3, 1, tasks_that_meet::<3>);
    } else {
        with_sleeping_workers(2, 1, tasks_that_meet::<2>);
    }
}

fn tasks_that_meet<const COUNT: usize>(handle: &Handle) {
    let events = [(); COUNT].map(|()| Arc::<Gate>::default());
    let tasks: Vec<_> = (0..COUNT)
        .map(|own| {
            let events = events.clone();
            handle.spawn(async move {
                events[own].open();
                events.iter().for_each(|event| event.wait());
            })
        })
        .collect();
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

/// A worker is stuck in a task that waits for another one, which lies in its queue ∥ the other worker never
/// runs out of work, since its task yields until that one has run: it steals it all the same.
#[test]
fn a_task_behind_a_stuck_one_is_stolen_by_a_worker_whose_task_yields() {
    with_sleeping_workers(2, 0, |handle| {
        let [begun, goes_on, event] = [(); 3].map(|()| Arc::<Gate>::default());
        let (begins, waits, yields) = (begun.clone(), goes_on.clone(), event.clone());
        let yielding = handle.spawn(async move {
            begins.open();
            waits.wait();
            while !yields.is_open() {
                thread::yield_now();
                yield_now().await;
            }
        });
        begun.wait();
        let stuck = handle.spawn(async move {
            let happens = event.clone();
            drop(spawn(async move { happens.open() }));
            drop(spawn(async {}));
            goes_on.open();
            event.wait();
        });
        block_on(stuck).unwrap();
        block_on(yielding).unwrap();
    });
}

/// A root is woken, and a task comes from outside ∥ its thread goes to sleep: it may be claimed in the
/// moment in which it sees that its root was woken. It is woken again for the next task.
#[test]
fn who_is_woken_for_two_reasons_is_woken_again() {
    model_with_preemptions(1, || {
        let executor = executor(0);
        let done = Mark::default();
        let mut outside = None;
        executor.handle().block_on(poll_fn(|cx| {
            if outside.is_none() {
                let (handle, waker, own) =
                    (executor.handle().clone(), cx.waker().clone(), done.clone());
                outside = Some(thread::spawn(move || {
                    waker.wake_by_ref();
                    block_on(handle.spawn(async {})).unwrap();
                    block_on(handle.spawn(async {})).unwrap();
                    own.set();
                    waker.wake();
                }));
            }
            if done.is_set() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        outside.unwrap().join().unwrap();
    });
}

/// A thread in `block_on` is woken for a task from outside, and for its root, which blocks until the task
/// has run: a worker runs it.
#[test]
fn who_is_woken_for_a_task_and_polls_its_root_wakes_the_next() {
    with_sleeping_workers(2, 1, |handle| {
        let event = Arc::<Gate>::default();
        let mut outside = None;
        handle.block_on(poll_fn(|cx| {
            if outside.is_some() {
                event.wait();
                return Poll::Ready(());
            }
            let (handle, waker, happens) = (handle.clone(), cx.waker().clone(), event.clone());
            outside = Some(thread::spawn(move || {
                while sleeping_workers(&handle) < 3 {
                    thread::yield_now();
                }
                drop(handle.spawn(async move { happens.open() }));
                waker.wake();
            }));
            Poll::Pending
        }));
        outside.unwrap().join().unwrap();
    });
}

/// Tasks wake themselves again and again, until another one, which comes from outside, has run: though
/// there is enough in its queue, the worker looks at what comes from outside.
#[test]
fn a_task_from_outside_is_run_beside_some_that_wake_themselves() {
    with_workers(1, 0, |handle| {
        let mark = Mark::default();
        let restless = [(); 3].map(|()| {
            let mark = mark.clone();
            handle.spawn(poll_fn(move |cx| {
                if mark.is_set() {
                    return Poll::Ready(());
                }
                thread::yield_now();
                cx.waker().wake_by_ref();
                Poll::Pending
            }))
        });
        drop(handle.spawn(async move { mark.set() }));
        restless
            .into_iter()
            .for_each(|task| block_on(task).unwrap());
    });
}

/// Two tasks wake one another again and again, by the slot, until a third one has run, which lies in the
/// queue.
#[test]
fn two_tasks_that_wake_one_another_do_not_starve_a_third() {
    model(|| {
        let executor = executor(0);
        executor.handle().block_on(async {
            let mark = Mark::default();
            let wakers: Arc<Mutex<[Option<Waker>; 2]>> = Arc::default();
            let tasks = [0, 1].map(|own| {
                let (mark, wakers, mut polls) = (mark.clone(), wakers.clone(), 0);
                spawn(poll_fn(move |cx| {
                    polls += 1;
                    if (own, polls) == (0, 2) {
                        // The next wake displaces it.
                        let mark = mark.clone();
                        drop(spawn(async move { mark.set() }));
                    }
                    let other = {
                        let mut wakers = wakers.lock().unwrap();
                        wakers[own] = Some(cx.waker().clone());
                        wakers[1 - own].take()
                    };
                    other.into_iter().for_each(Waker::wake);
                    if mark.is_set() {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                }))
            });
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}
