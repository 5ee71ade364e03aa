//! Jobs that block or compute, on threads of their own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Builder, Handle, Runtime};
use mainspring::task::{offload, spawn_blocking, try_id, yield_now};
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::{in_each_runtime, on_each_runtime};
use crate::runtimes::current_thread;

fn with_pool_of(threads: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(threads);
    builder.build().expect("the system has threads")
}

#[test]
fn a_thousand_jobs_give_their_results() {
    in_each_runtime(|| async {
        let jobs: Vec<_> = (0..1_000).map(|n| spawn_blocking(move || n)).collect();
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.await.expect("the job ends"), n);
        }
    });
}

#[test]
fn jobs_that_wait_for_one_another_run_at_the_same_time() {
    in_each_runtime(|| async {
        let barrier = Arc::new(Barrier::new(20));
        let jobs: Vec<_> = (0..20)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                spawn_blocking(move || {
                    barrier.wait();
                })
            })
            .collect();
        for job in jobs {
            job.await.expect("all have met");
        }
    });
}

#[test]
fn a_blocking_job_stops_no_task() {
    in_each_runtime(|| async {
        let (stop, stopped) = mpsc::channel::<()>();
        let job = spawn_blocking(move || stopped.recv().is_err());
        for _ in 0..10 {
            sleep(Duration::from_millis(1)).await;
            mainspring::spawn(yield_now()).await.expect("tasks go on");
        }
        assert!(!job.is_finished());
        drop(stop);
        assert!(job.await.expect("the job ends"));
    });
}

#[test]
fn more_jobs_than_threads_queue_up_and_all_run() {
    bounded("a pool of two", || {
        let runtime = with_pool_of(2);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let two = Arc::new(Barrier::new(2));
        let jobs: Vec<_> = (0..30)
            .map(|n| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                let two = Arc::clone(&two);
                runtime.spawn_blocking(move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    if n < 2 {
                        two.wait();
                    }
                    thread::sleep(Duration::from_millis(1));
                    now.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for job in jobs {
            runtime.block_on(job).expect("the job ends");
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert!(runtime.metrics().num_blocking_threads() <= 2);
    });
}

#[test]
fn a_queued_job_that_is_aborted_never_runs() {
    bounded("a pool of one", || {
        let runtime = with_pool_of(1);
        let drops = Drops::new();
        let (stop, stopped) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let first = runtime.spawn_blocking(move || {
            begun.send(()).expect("the test listens");
            let _ = stopped.recv();
        });
        has_begun.recv().expect("the job begins");
        let token = drops.token();
        let queued = runtime.spawn_blocking(move || {
            let _token = token;
            unreachable!("it was aborted before it could run");
        });
        let last = runtime.spawn_blocking(|| "run");
        assert_eq!(runtime.metrics().blocking_queue_depth(), 2);
        queued.abort();
        first.abort();
        drop(stop);
        runtime
            .block_on(first)
            .expect("a job that runs is not aborted");
        let error = runtime.block_on(queued).expect_err("it was aborted");
        assert!(error.is_cancelled(), "{error:?}");
        assert_eq!(drops.count(), 1);
        assert_eq!(runtime.block_on(last).expect("the job ends"), "run");
    });
}

#[test]
fn a_job_has_the_runtime_around_it() {
    on_each_runtime(|runtime| {
        let job = runtime.spawn_blocking(|| {
            let task = mainspring::spawn(async { 2 });
            let inner = spawn_blocking(|| 3);
            let timer = sleep(Duration::from_millis(1));
            (Handle::current(), task, inner, timer, try_id())
        });
        runtime.block_on(async {
            let (handle, task, inner, timer, id) = job.await.expect("the job ends");
            timer.await;
            assert_eq!(task.await.expect("the task ends"), 2);
            assert_eq!(inner.await.expect("the job ends"), 3);
            assert!(id.is_some(), "a job has an id, as a task has");
            handle
                .spawn(async {})
                .await
                .expect("it is this runtime's handle");
        });
    });
}

#[test]
fn a_job_may_block_on_a_future_of_its_runtime() {
    on_each_runtime(|runtime| {
        let job = runtime.spawn_blocking(|| {
            Handle::current().block_on(async {
                sleep(Duration::from_millis(2)).await;
                mainspring::spawn(async { 6 }).await.expect("the task ends")
            })
        });
        assert_eq!(runtime.block_on(job).expect("the job ends"), 6);
    });
}

#[test]
fn a_job_runs_on_a_current_thread_runtime_that_nobody_drives() {
    bounded("nobody in block_on", || {
        let runtime = current_thread();
        let (sender, receiver) = mpsc::channel();
        runtime.spawn_blocking(move || sender.send(thread::current().id()));
        let thread = receiver.recv().expect("the job runs");
        assert_ne!(thread, thread::current().id());
    });
}

#[test]
fn threads_end_when_they_have_been_idle_for_their_keep_alive() {
    bounded("keep alive", || {
        let stopped = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stopped);
        let mut builder = Builder::new_current_thread();
        builder.thread_keep_alive(Duration::from_millis(20));
        builder.on_thread_stop(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let runtime = builder.build().expect("the system has descriptors");
        let barrier = Arc::new(Barrier::new(3));
        for _ in 0..3 {
            let barrier = Arc::clone(&barrier);
            runtime.spawn_blocking(move || {
                barrier.wait();
            });
        }
        while stopped.load(Ordering::SeqCst) < 3 {
            thread::sleep(Duration::from_millis(5));
        }
        while runtime.metrics().num_blocking_threads() > 0 {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            runtime
                .block_on(runtime.spawn_blocking(|| 4))
                .expect("a new thread runs it"),
            4
        );
    });
}

#[test]
fn computing_jobs_are_as_many_at_once_as_there_are_cores() {
    on_each_runtime(|runtime| {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let _entered = runtime.enter();
        let jobs: Vec<_> = (0..4 * cores)
            .map(|n| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                offload(move |_| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                    n
                })
            })
            .collect();
        // Jobs that wait are not held up by them.
        let waiting = spawn_blocking(|| 1);
        assert_eq!(runtime.block_on(waiting).expect("the job ends"), 1);
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(runtime.block_on(job).expect("the job ends"), n);
        }
        assert!(most.load(Ordering::SeqCst) <= cores);
    });
}

#[test]
fn a_computing_job_learns_of_its_abort_and_its_result_is_kept() {
    on_each_runtime(|runtime| {
        let begun = Arc::new(AtomicBool::new(false));
        let has_begun = Arc::clone(&begun);
        let _entered = runtime.enter();
        let job = offload(move |job| {
            assert!(!job.is_cancelled());
            has_begun.store(true, Ordering::SeqCst);
            while !job.is_cancelled() {
                thread::yield_now();
            }
            "returned early"
        });
        while !begun.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        job.abort();
        assert_eq!(
            runtime.block_on(job).expect("it ran to its end"),
            "returned early"
        );
    });
}
