//! A panic that ends the runtime.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, PanicAction, UnhandledPanic};
use mainspring::task::{self, LocalSet, spawn_blocking, yield_now};
use mainspring::time::sleep;

use super::with_each;
use crate::bounded::bounded;
use crate::counted::Drops;
use crate::panics;

/// How long a `block_on` may go on after the panic.
const SOON: Duration = Duration::from_millis(100);

/// How often a bound in time is tried: the machine may be busy with something else.
const ATTEMPTS: usize = 5;

fn ending(builder: &mut Builder) {
    builder.on_task_panic(|_| PanicAction::ShutdownRuntime);
}

#[test]
fn block_on_panics_soon_and_names_the_task_its_place_and_its_message() {
    with_each(ending, |runtime| {
        let line = line!() + 4;
        let message = panics::message_of(|| {
            runtime.block_on(async {
                let reader = task::Builder::new().name("reader");
                let task = reader.spawn(async {
                    sleep(Duration::from_millis(5)).await;
                    panic!("out of cheese")
                });
                drop(task);
                pending::<()>().await;
            })
        });
        let place = format!("(spawned at {}:{line}:", file!());
        panics::assert_says(&message, &["task ", "\"reader\"", &place, "out of cheese"]);
    });
}

#[test]
fn a_detached_panic_ends_block_on_within_a_hundred_milliseconds() {
    bounded("latency", || {
        for workers in [1, 2] {
            let best = (0..ATTEMPTS)
                .map(|_| latency(workers))
                .find(|late| *late <= SOON);
            assert!(
                best.is_some(),
                "{workers} workers: not once within {SOON:?}"
            );
        }
    });
}

/// The time from a panic on a worker thread to the end of `block_on`.
fn latency(workers: usize) -> Duration {
    let mut builder = Builder::new_multi_thread();
    ending(builder.worker_threads(workers));
    let runtime = builder.build().expect("the system has threads");
    let (sender, receiver) = mpsc::channel();
    panics::message_of(|| {
        runtime.block_on(async {
            drop(mainspring::spawn(async move {
                sleep(Duration::from_millis(20)).await;
                sender.send(Instant::now()).expect("it is awaited");
                panic!("now");
            }));
            pending::<()>().await;
        })
    });
    let ended = Instant::now();
    ended - receiver.recv().expect("the task has sent it")
}

#[test]
fn every_block_on_ends_also_those_that_wait_for_a_seat() {
    with_each(ending, |runtime| {
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let handle = runtime.handle().clone();
                thread::spawn(move || {
                    panics::message_of(|| {
                        if n % 2 == 0 {
                            handle.block_on(pending::<()>());
                        } else {
                            handle.block_on(async { sleep(Duration::from_secs(3600)).await });
                        }
                    })
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(20));
        drop(runtime.spawn(async { panic!("for all of them") }));
        for thread in threads {
            let message = thread.join().expect("it was caught");
            panics::assert_says(&message, &["shut down", "for all of them"]);
        }
    });
}

#[test]
fn what_comes_after_is_refused_and_the_drop_does_not_panic() {
    with_each(ending, |runtime| {
        let drops = Drops::new();
        let token = drops.token();
        drop(runtime.spawn(async move {
            let _token = token;
            pending::<()>().await;
        }));
        drop(runtime.spawn(async { panic!("the end") }));
        let first = panics::message_of(|| runtime.block_on(pending::<()>()));
        let second = panics::message_of(|| runtime.block_on(async {}));
        assert_eq!(first, second);
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(drops.count(), 1);
        let late = handle.spawn(async {});
        assert!(late.is_finished());
        let other = Builder::new_current_thread().build().expect("it is small");
        let error = other.block_on(late).expect_err("it never ran");
        assert!(error.is_cancelled(), "{error}");
        panics::assert_says(
            &panics::message_of(|| handle.block_on(async {})),
            &["the end"],
        );
    });
}

#[test]
fn a_root_that_is_ready_in_the_same_moment_panics_as_well() {
    let unhandled = |builder: &mut Builder| {
        builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
    };
    with_each(unhandled, |runtime| {
        let message = panics::message_of(|| {
            runtime.block_on(async {
                let task = mainspring::spawn(async { panic!("unread") });
                while !task.is_finished() {
                    yield_now().await;
                }
                // It is dropped in the root's last poll.
            })
        });
        panics::assert_says(&message, &["unread"]);
    });
}

#[test]
fn jobs_and_local_tasks_end_the_runtime_as_well() {
    with_each(ending, |runtime| {
        drop(runtime.spawn_blocking(|| panic!("in the pool")));
        let message = panics::message_of(|| runtime.block_on(pending::<()>()));
        panics::assert_says(&message, &["in the pool"]);
    });
    with_each(ending, |runtime| {
        let set = LocalSet::new();
        drop(set.spawn_local(async { panic!("in a set") }));
        let message = panics::message_of(|| set.block_on(&runtime, pending::<()>()));
        panics::assert_says(&message, &["in a set"]);
    });
}

#[test]
fn queued_jobs_and_other_tasks_are_dropped() {
    with_each(
        |builder| ending(builder.max_blocking_threads(1)),
        |runtime| {
            let drops = Drops::new();
            let (begin, begun) = mpsc::channel();
            let (end, until) = mpsc::channel::<()>();
            drop(runtime.spawn_blocking(move || {
                begin.send(()).expect("it is awaited");
                until.recv().expect_err("the sender is dropped");
            }));
            begun.recv().expect("the job begins");
            let (queued, task) = (drops.token(), drops.token());
            drop(runtime.spawn_blocking(move || drop(queued)));
            drop(runtime.spawn(async move {
                let _token = task;
                pending::<()>().await;
            }));
            drop(runtime.spawn(async { panic!("the end") }));
            panics::message_of(|| runtime.block_on(pending::<()>()));
            drop(end);
            drop(runtime);
            assert_eq!(drops.count(), 2);
        },
    );
}

#[test]
fn a_panic_that_somebody_can_see_does_not_count_as_unhandled() {
    with_each(
        |builder| {
            builder.unhandled_panic(UnhandledPanic::ShutdownRuntime);
        },
        |runtime| {
            runtime.block_on(async {
                let task = mainspring::spawn(async { panic!("seen") });
                assert!(task.await.expect_err("it panics").is_panic());
                assert!(spawn_blocking(|| panic!("seen")).await.is_err());
            });
            let message = panics::message_of(|| {
                runtime.block_on(async {
                    drop(mainspring::spawn(async { panic!("not seen") }));
                    pending::<()>().await;
                });
            });
            panics::assert_says(&message, &["not seen"]);
        },
    );
}
