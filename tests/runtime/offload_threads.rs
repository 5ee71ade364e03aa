//! How many threads the offload pool has, and for how long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::{offload, spawn_blocking};
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::each::on_each_runtime;

/// Times that depend on the machine get so many attempts.
const ATTEMPTS: usize = 5;

#[test]
fn one_job_after_the_other_needs_one_thread() {
    on_each_runtime(|runtime| {
        let metrics = runtime.metrics();
        runtime.block_on(async {
            for n in 0..3_000 {
                assert_eq!(spawn_blocking(move || n).await.expect("the job ends"), n);
            }
        });
        assert_eq!(metrics.num_blocking_threads(), 1);
        let task = runtime.spawn(async {
            for n in 0..3_000 {
                assert_eq!(offload(move |_| n).await.expect("the job ends"), n);
            }
        });
        runtime.block_on(task).expect("the task ends");
        assert_eq!(metrics.num_blocking_threads(), 1);
    });
}

#[test]
fn a_job_does_not_wait_for_the_destructor_of_another_one_s_output() {
    /// Takes until the test lets it.
    struct Slow(Arc<Barrier>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.wait();
        }
    }
    on_each_runtime(|runtime| {
        for _ in 0..20 {
            let barrier = Arc::new(Barrier::new(2));
            let slow = Slow(Arc::clone(&barrier));
            let (dropped, is_dropped) = mpsc::channel::<()>();
            let job = runtime.spawn_blocking(move || {
                let _ = is_dropped.recv();
                slow
            });
            // Nobody awaits it: its output is dropped by the thread that made it.
            drop(job);
            drop(dropped);
            let next = runtime.spawn_blocking(|| 7);
            assert_eq!(runtime.block_on(next).expect("the job ends"), 7);
            barrier.wait();
        }
    });
}

fn after_a_burst(keep_alive: Duration) -> usize {
    const BURST: usize = 200;
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).thread_keep_alive(keep_alive);
    let runtime = builder.build().expect("the system has threads");
    let metrics = runtime.metrics();
    runtime.block_on(async {
        let all = Arc::new(Barrier::new(BURST));
        let burst: Vec<_> = (0..BURST)
            .map(|_| {
                let all = Arc::clone(&all);
                spawn_blocking(move || {
                    all.wait();
                })
            })
            .collect();
        for job in burst {
            job.await.expect("the job ends");
        }
        assert!(metrics.num_blocking_threads() > BURST / 2);
        let begun = Instant::now();
        while begun.elapsed() < 3 * keep_alive {
            spawn_blocking(|| ()).await.expect("the job ends");
            sleep(Duration::from_millis(10)).await;
        }
        metrics.num_blocking_threads()
    })
}

#[test]
fn a_burst_s_threads_retire_though_there_is_a_job_now_and_then() {
    bounded("200 jobs", || {
        let left: Vec<_> = (0..ATTEMPTS)
            .map(|_| after_a_burst(Duration::from_millis(300)))
            .take_while(|left| *left > 2)
            .collect();
        assert!(left.len() < ATTEMPTS, "threads left: {left:?}");
    });
}

#[test]
fn a_thread_that_is_about_to_retire_loses_no_job() {
    on_each_runtime(|_| {
        let mut builder = Builder::new_current_thread();
        let keep_alive = Duration::from_micros(200);
        let runtime = builder.thread_keep_alive(keep_alive).build();
        let runtime = runtime.expect("the system has descriptors");
        for round in 0..500u32 {
            // From well before the time-out to well after it.
            thread::sleep(keep_alive / 50 * (round % 100));
            let job = runtime.spawn_blocking(move || round);
            assert_eq!(runtime.block_on(job).expect("the job ends"), round);
        }
    });
}

#[test]
fn many_submitters_lose_no_job() {
    on_each_runtime(|runtime| {
        let sum = Arc::new(AtomicUsize::new(0));
        let submitters: Vec<_> = (0..4)
            .map(|_| {
                let (handle, sum) = (runtime.handle().clone(), Arc::clone(&sum));
                thread::spawn(move || {
                    for n in 0..500 {
                        let sum = Arc::clone(&sum);
                        let job = handle.spawn_blocking(move || {
                            sum.fetch_add(1, Ordering::Relaxed);
                        });
                        if n % 50 == 0 {
                            handle.block_on(job).expect("the job ends");
                        }
                    }
                })
            })
            .collect();
        for submitter in submitters {
            submitter.join().expect("it has submitted all");
        }
        while sum.load(Ordering::Relaxed) < 2_000 {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn a_pool_without_limit_on_its_keep_alive_keeps_its_threads() {
    bounded("for ever", || {
        let mut builder = Builder::new_current_thread();
        let runtime: Runtime = builder
            .thread_keep_alive(Duration::MAX)
            .build()
            .expect("the system has descriptors");
        for _ in 0..3 {
            runtime
                .block_on(runtime.spawn_blocking(|| ()))
                .expect("the job ends");
        }
        assert_eq!(runtime.metrics().num_blocking_threads(), 1);
        drop(runtime);
    });
}
