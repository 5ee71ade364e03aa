//! Stopping jobs: queued ones at once, running ones if they ask.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::{JobContext, JoinHandle, offload, spawn_blocking};

use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::on_each_runtime;

/// A runtime whose pool runs one blocking job at once, and a job that runs until the sender goes.
fn busy() -> (Runtime, mpsc::Sender<()>) {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(1);
    let runtime = builder.build().expect("the system has threads");
    let (stop, stopped) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    runtime.spawn_blocking(move || {
        begun.send(()).expect("the test listens");
        let _ = stopped.recv();
    });
    has_begun.recv().expect("the job begins");
    (runtime, stop)
}

/// A job that must not run, which holds a token.
fn queued(runtime: &Runtime, drops: &Drops) -> JoinHandle<()> {
    let token = drops.token();
    runtime.spawn_blocking(move || {
        let _token = token;
        unreachable!("it was aborted before it could run");
    })
}

#[test]
fn the_closure_of_a_queued_job_is_dropped_before_abort_returns() {
    bounded("abort", || {
        let (runtime, stop) = busy();
        let drops = Drops::new();
        let here = queued(&runtime, &drops);
        here.abort();
        assert_eq!(drops.count(), 1, "aborted by a foreign thread");
        assert!(here.is_finished());
        let elsewhere = queued(&runtime, &drops);
        let abort = elsewhere.abort_handle();
        let count = drops.clone();
        let task = runtime.spawn(async move {
            abort.abort();
            count.count()
        });
        assert_eq!(runtime.block_on(task).expect("the task ends"), 2);
        for job in [here, elsewhere] {
            let error = runtime.block_on(job).expect_err("it was aborted");
            assert!(error.is_cancelled() && !error.is_refused(), "{error:?}");
        }
        drop(stop);
        let last = runtime.spawn_blocking(|| "run");
        assert_eq!(runtime.block_on(last).expect("the job ends"), "run");
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn a_job_may_abort_another_one() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let count = drops.clone();
        let mut all = Vec::new();
        // As many as the cores, and one more, all of which wait for the first.
        for _ in 0..=thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            let token = drops.token();
            let _entered = runtime.enter();
            all.push(offload(move |job| {
                let _token = token;
                while !job.is_cancelled() {
                    thread::yield_now();
                }
            }));
        }
        let handles: Vec<_> = all.iter().map(JoinHandle::abort_handle).collect();
        let aborter = runtime.spawn_blocking(move || {
            for handle in handles.iter().rev() {
                handle.abort();
            }
            // The last one was queued.
            count.count()
        });
        assert!(runtime.block_on(aborter).expect("the job ends") >= 1);
        for job in all {
            let _ = runtime.block_on(job);
        }
        assert!(drops.count() > 1);
    });
}

#[test]
fn an_abort_that_meets_the_start_leaves_one_of_two_ends() {
    on_each_runtime(|runtime| {
        let (ran, cancelled) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let drops = Drops::new();
        const ROUNDS: usize = 2_000;
        for round in 0..ROUNDS {
            let (token, count) = (drops.token(), Arc::clone(&ran));
            let job = runtime.spawn_blocking(move || {
                count.fetch_add(1, Ordering::Relaxed);
                drop(token);
            });
            for _ in 0..round % 200 {
                std::hint::spin_loop();
            }
            job.abort();
            match runtime.block_on(job) {
                Ok(()) => {}
                Err(error) if error.is_cancelled() => {
                    cancelled.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(drops.count(), round + 1, "once, and by now");
        }
        let (ran, cancelled) = (ran.load(Ordering::Relaxed), cancelled.into_inner());
        assert_eq!(ran + cancelled, ROUNDS);
    });
}

#[test]
fn jobs_that_are_aborted_behind_a_stuck_one_do_not_pile_up() {
    bounded("a hundred thousand", || {
        let (runtime, stop) = busy();
        let drops = Drops::new();
        for round in 1..=100_000 {
            let token = drops.token();
            runtime.spawn_blocking(move || drop(token)).abort();
            assert_eq!(drops.count(), round);
        }
        assert!(runtime.metrics().blocking_queue_depth() < 1_000);
        drop(stop);
        let last = runtime.spawn_blocking(|| "run");
        assert_eq!(runtime.block_on(last).expect("the job ends"), "run");
        assert_eq!(runtime.metrics().blocking_queue_depth(), 0);
    });
}

#[test]
fn a_destructor_that_panics_in_an_abort_is_the_job_s_error() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    bounded("a panic", || {
        let (runtime, stop) = busy();
        let bomb = Panics;
        let job = runtime.spawn_blocking(move || drop(bomb));
        job.abort();
        let error = runtime.block_on(job).expect_err("it was aborted");
        assert!(error.is_panic(), "{error:?}");
        drop(stop);
    });
}

#[test]
fn a_blocking_job_can_ask_whether_it_is_to_stop() {
    on_each_runtime(|runtime| {
        assert!(JobContext::current().is_none(), "this thread runs no job");
        let (begun, has_begun) = mpsc::channel();
        let job = runtime.spawn_blocking(move || {
            let job = JobContext::current().expect("a job runs");
            assert!(!job.is_cancelled());
            begun.send(()).expect("the test listens");
            while !job.is_cancelled() {
                thread::sleep(Duration::from_millis(1));
            }
            "stopped"
        });
        has_begun.recv().expect("the job begins");
        job.abort();
        assert_eq!(runtime.block_on(job).expect("it ran on"), "stopped");
    });
}

#[test]
fn the_end_of_the_runtime_asks_running_jobs_to_stop() {
    on_each_runtime(|runtime| {
        let stopped = Arc::new(AtomicBool::new(false));
        let (begun, has_begun) = mpsc::channel();
        let (seen, told) = (Arc::clone(&stopped), begun.clone());
        let _entered = runtime.enter();
        let jobs = [
            spawn_blocking(move || {
                let job = JobContext::current().expect("a job runs");
                told.send(()).expect("the test listens");
                while !job.is_cancelled() {
                    thread::sleep(Duration::from_millis(1));
                }
                seen.store(true, Ordering::SeqCst);
            }),
            offload(move |job| {
                begun.send(()).expect("the test listens");
                while !job.is_cancelled() {
                    thread::sleep(Duration::from_millis(1));
                }
            }),
        ];
        for _ in &jobs {
            has_begun.recv().expect("the job begins");
        }
        drop(_entered);
        drop(runtime);
        assert!(stopped.load(Ordering::SeqCst));
        assert!(jobs.iter().all(JoinHandle::is_finished));
    });
}
