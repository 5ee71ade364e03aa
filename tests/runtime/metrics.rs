//! The numbers that a runtime gives of itself.

use std::future::pending;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Builder, Runtime, RuntimeFlavor};
use mainspring::sync::oneshot;

use crate::bounded::bounded;
use crate::each::on_each_runtime;
use crate::runtimes::{current_thread, multi_thread};

#[test]
fn workers_and_flavor() {
    for (runtime, workers, flavor) in [
        (current_thread(), 1, RuntimeFlavor::CurrentThread),
        (multi_thread(1), 1, RuntimeFlavor::MultiThread),
        (multi_thread(3), 3, RuntimeFlavor::MultiThread),
    ] {
        assert_eq!(runtime.metrics().num_workers(), workers);
        assert_eq!(runtime.handle().runtime_flavor(), flavor);
        assert!(format!("{runtime:?}").contains("Runtime"));
    }
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    assert_eq!(
        Runtime::new()
            .expect("the system has threads")
            .metrics()
            .num_workers(),
        cores
    );
}

#[test]
fn tasks_that_are_alive_are_counted() {
    on_each_runtime(|runtime| {
        let metrics = runtime.metrics();
        assert_eq!(metrics.num_alive_tasks(), 0);
        let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(pending::<()>())).collect();
        assert_eq!(metrics.num_alive_tasks(), 100);
        runtime.block_on(async {
            for task in tasks {
                task.abort();
                assert!(task.await.expect_err("it was aborted").is_cancelled());
            }
        });
        // The handle may resolve a moment before the worker has taken the task off the list.
        while metrics.num_alive_tasks() > 0 {
            thread::yield_now();
        }
        drop(runtime.spawn(pending::<()>()));
        drop(runtime);
        assert_eq!(metrics.num_alive_tasks(), 0);
    });
}

#[test]
fn tasks_that_wait_for_a_worker_are_counted() {
    bounded("the queue", || {
        let runtime = current_thread();
        let metrics = runtime.metrics();
        let (sender, receiver) = oneshot::channel::<()>();
        for _ in 0..10 {
            runtime.spawn(async {});
        }
        assert_eq!(metrics.global_queue_depth(), 10);
        runtime.spawn(async move { sender.send(()) });
        runtime.block_on(receiver).expect("the last one ran");
        assert_eq!(metrics.global_queue_depth(), 0);
    });
}

#[test]
fn threads_and_jobs_of_the_pool_are_counted() {
    bounded("the pool", || {
        let mut builder = Builder::new_current_thread();
        builder
            .max_blocking_threads(2)
            .thread_keep_alive(Duration::from_secs(3600));
        let runtime = builder.build().expect("the system has descriptors");
        let metrics = runtime.metrics();
        assert_eq!(metrics.num_blocking_threads(), 0);
        let barrier = Arc::new(Barrier::new(3));
        let (begun, has_begun) = mpsc::channel();
        let jobs: Vec<_> = (0..5)
            .map(|n| {
                let (barrier, begun) = (Arc::clone(&barrier), begun.clone());
                runtime.spawn_blocking(move || {
                    if n < 2 {
                        begun.send(()).expect("the test listens");
                        barrier.wait();
                    }
                })
            })
            .collect();
        has_begun.recv().expect("a job begins");
        has_begun.recv().expect("a job begins");
        assert_eq!(metrics.num_blocking_threads(), 2);
        assert_eq!(metrics.num_idle_blocking_threads(), 0);
        assert_eq!(metrics.blocking_queue_depth(), 3);
        barrier.wait();
        runtime.block_on(async {
            for job in jobs {
                job.await.expect("the job ends");
            }
        });
        while metrics.num_idle_blocking_threads() < 2 {
            thread::yield_now();
        }
        assert_eq!(metrics.blocking_queue_depth(), 0);
        assert_eq!(metrics.num_blocking_threads(), 2);
    });
}
