//! Jobs that wait for jobs: the pool's limit does not make them wait for ever.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use mainspring::runtime::{Builder, Handle, Runtime};
use mainspring::task::{JoinHandle, offload, spawn_blocking};

use crate::bounded::bounded;

/// Runtimes whose pool runs one blocking job at once.
fn with_one_thread() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()].map(|mut builder| {
        builder.worker_threads(1).max_blocking_threads(1);
        builder.build().expect("the system has threads")
    })
}

/// A `block_on` that knows nothing of any runtime.
pub(crate) fn foreign_block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Asserts that jobs run one at a time again.
fn assert_limit(runtime: &Runtime) {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let jobs: Vec<_> = (0..10)
        .map(|_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            runtime.spawn_blocking(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    for job in jobs {
        runtime.block_on(job).expect("the job ends");
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[test]
fn a_job_may_wait_for_another_one_in_a_pool_of_one_thread() {
    bounded("a job in a job", || {
        for runtime in with_one_thread() {
            let job = runtime.spawn_blocking(|| {
                let inner = spawn_blocking(|| 20);
                Handle::current().block_on(inner).expect("the job ends") + 1
            });
            assert_eq!(runtime.block_on(job).expect("the job ends"), 21);
            assert_limit(&runtime);
        }
    });
}

#[test]
fn jobs_may_wait_for_one_another_to_any_depth() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = spawn_blocking(move || nest(depth - 1));
        Handle::current().block_on(inner).expect("the job ends") + 1
    }
    bounded("twenty deep", || {
        for runtime in with_one_thread() {
            let job = runtime.spawn_blocking(|| nest(20));
            assert_eq!(runtime.block_on(job).expect("the job ends"), 20);
            assert_limit(&runtime);
        }
    });
}

#[test]
fn a_job_may_wait_for_a_job_that_is_queued_behind_others() {
    bounded("a queue", || {
        for runtime in with_one_thread() {
            let (sender, receiver) = mpsc::channel::<JoinHandle<&str>>();
            let first = runtime.spawn_blocking(move || {
                let last = receiver.recv().expect("the test sends it");
                Handle::current().block_on(last).expect("the job ends")
            });
            let between: Vec<_> = (0..10).map(|n| runtime.spawn_blocking(move || n)).collect();
            let last = runtime.spawn_blocking(|| "last");
            sender.send(last).expect("the first job waits for it");
            assert_eq!(runtime.block_on(first).expect("the job ends"), "last");
            for (n, job) in between.into_iter().enumerate() {
                assert_eq!(runtime.block_on(job).expect("the job ends"), n);
            }
        }
    });
}

#[test]
fn a_job_may_wait_for_a_task_that_waits_for_a_job() {
    bounded("a task between", || {
        for runtime in with_one_thread() {
            let job = runtime.spawn_blocking(|| {
                Handle::current().block_on(async {
                    let task = mainspring::spawn(async { spawn_blocking(|| 3).await });
                    task.await.expect("the task ends").expect("the job ends")
                })
            });
            assert_eq!(runtime.block_on(job).expect("the job ends"), 3);
        }
    });
}

#[test]
fn a_foreign_block_on_in_a_job_may_wait_for_another_one() {
    bounded("a foreign block_on", || {
        for runtime in with_one_thread() {
            let job = runtime.spawn_blocking(|| {
                let first = foreign_block_on(spawn_blocking(|| 1)).expect("the job ends");
                let second = foreign_block_on(spawn_blocking(|| 2)).expect("the job ends");
                first + second
            });
            assert_eq!(runtime.block_on(job).expect("the job ends"), 3);
            assert_limit(&runtime);
        }
    });
}

#[test]
fn a_job_may_wait_in_another_runtime_for_a_job_of_its_own() {
    bounded("two runtimes", || {
        let [one, two] = with_one_thread();
        let (own, other) = (one.handle().clone(), two.handle().clone());
        let job = one.spawn_blocking(move || {
            other.block_on(async move { own.spawn_blocking(|| 4).await.expect("the job ends") })
        });
        assert_eq!(one.block_on(job).expect("the job ends"), 4);
        assert_limit(&one);
    });
}

#[test]
fn computing_jobs_may_wait_for_computing_jobs() {
    bounded("more than cores", || {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for runtime in with_one_thread() {
            let _entered = runtime.enter();
            let jobs: Vec<_> = (0..2 * cores)
                .map(|n| {
                    offload(move |_| {
                        let inner = offload(move |_| n);
                        Handle::current().block_on(inner).expect("the job ends")
                    })
                })
                .collect();
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(runtime.block_on(job).expect("the job ends"), n);
            }
        }
    });
}

#[test]
fn a_job_that_panics_while_it_waits_takes_no_place_along() {
    bounded("a panic", || {
        for runtime in with_one_thread() {
            let job = runtime.spawn_blocking(|| {
                Handle::current().block_on(async {
                    spawn_blocking(|| ()).await.expect("the job ends");
                    panic!("in the middle of a wait");
                })
            });
            let error = runtime.block_on::<_>(job).expect_err("it panicked");
            assert!(error.is_panic());
            assert_limit(&runtime);
        }
    });
}
