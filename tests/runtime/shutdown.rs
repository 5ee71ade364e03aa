//! Dropping a runtime, or shutting it down, ends it and all that is in it, without a hang.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::net::TcpListener;
use mainspring::runtime::Builder;
use mainspring::sync::oneshot;
use mainspring::task::{JobContext, spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::attempts::within;
use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::on_each_runtime;
use crate::filled::fill;
use crate::runtimes::{current_thread, multi_thread};

const HOUR: Duration = Duration::from_secs(3600);

/// Its destructor blocks until the other end of the channel is dropped.
pub(crate) struct WaitsFor(pub(crate) mpsc::Receiver<()>);

impl Drop for WaitsFor {
    fn drop(&mut self) {
        let _ = self.0.recv();
    }
}

/// A task that owns something and never ends by itself.
pub(crate) async fn hold<T>(held: T) {
    let _held = held;
    pending::<()>().await;
}

#[test]
fn every_future_is_dropped_once_when_the_drop_returns() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        assert_eq!(drops.count(), 0);
        drop(runtime);
        assert_eq!(drops.count(), tokens);
    });
}

#[test]
fn a_thousand_runtimes_begin_and_end() {
    bounded("many runtimes", || {
        for _ in 0..1_000 {
            drop(current_thread());
        }
        for round in 0..200 {
            let runtime = multi_thread(2);
            if round % 2 == 0 {
                runtime.spawn(async { mainspring::spawn(pending::<()>()).await });
            }
            drop(runtime);
        }
    });
}

#[test]
fn a_runtime_that_ends_while_outside_threads_spawn_and_wake_loses_nothing() {
    for _ in 0..10 {
        on_each_runtime(|runtime| {
            let drops = Drops::new();
            let handle = runtime.handle().clone();
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let (handle, drops) = (handle.clone(), drops.clone());
                    thread::spawn(move || {
                        for _ in 0..200 {
                            let token = drops.token();
                            let (sender, receiver) = oneshot::channel::<()>();
                            handle.spawn(async move {
                                let _token = token;
                                drop(receiver.await);
                                pending::<()>().await;
                            });
                            let _ = sender.send(());
                        }
                    })
                })
                .collect();
            runtime.block_on(async {
                for _ in 0..10 {
                    yield_now().await;
                }
            });
            drop(runtime);
            for thread in threads {
                thread
                    .join()
                    .expect("spawning on an ended runtime is allowed");
            }
            assert_eq!(drops.count(), 600);
            assert_eq!(handle.metrics().num_alive_tasks(), 0);
        });
    }
}

#[test]
fn two_runtimes_that_hold_each_other_s_tasks_end() {
    bounded("two runtimes", || {
        for (one, two) in [
            (multi_thread(1), multi_thread(2)),
            (current_thread(), multi_thread(1)),
        ] {
            let (sender, receiver) = oneshot::channel::<()>();
            let inner = two.spawn(async move {
                let _sender = sender;
                pending::<()>().await;
            });
            let outer = one.spawn(async move {
                drop(receiver.await);
                drop(inner.await);
            });
            drop(two);
            one.block_on(outer).expect("both waits have ended");
            drop(one);
        }
    });
}

#[test]
fn a_shutdown_with_a_limit_returns_though_a_job_is_stuck() {
    on_each_runtime(|runtime| {
        let (stop, stopped) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        runtime.spawn_blocking(move || {
            begun.send(()).expect("the test listens");
            let _ = stopped.recv();
        });
        has_begun.recv().expect("the job begins");
        let start = Instant::now();
        runtime.shutdown_timeout(Duration::from_millis(100));
        let took = start.elapsed();
        assert!(
            took >= Duration::from_millis(95),
            "it gave up early: {took:?}"
        );
        assert!(
            took < Duration::from_secs(10),
            "it waited for the job: {took:?}"
        );
        drop(stop);
    });
}

#[test]
fn a_shutdown_with_a_limit_returns_though_a_task_is_stuck() {
    bounded("a stuck task", || {
        let runtime = multi_thread(2);
        let (stop, stopped) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        runtime.spawn(async move {
            begun.send(()).expect("the test listens");
            let _ = stopped.recv();
        });
        has_begun.recv().expect("the task begins");
        let start = Instant::now();
        runtime.shutdown_timeout(Duration::from_millis(50));
        assert!(start.elapsed() < Duration::from_secs(10));
        drop(stop);
    });
}

#[test]
fn a_shutdown_with_a_limit_does_not_wait_for_the_limit() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let start = Instant::now();
        runtime.shutdown_timeout(HOUR);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(drops.count(), tokens);
    });
}

#[test]
fn a_shutdown_limit_beyond_the_clock_is_none() {
    on_each_runtime(|runtime| runtime.shutdown_timeout(Duration::MAX));
}

#[test]
fn a_shutdown_in_the_background_returns_at_once_also_inside_a_task() {
    on_each_runtime(|runtime| {
        let (stop, stopped) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || stopped.recv().is_err());
        let outer = current_thread();
        outer.block_on(async move { runtime.shutdown_background() });
        drop(stop);
    });
}

#[test]
fn a_drop_waits_for_a_blocking_job_that_runs_and_drops_those_that_wait() {
    bounded("a job at the end", || {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(1)
            .max_blocking_threads(1)
            .build()
            .expect("threads");
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let drops = Drops::new();
        let (begun, has_begun) = mpsc::channel();
        let running = runtime.spawn_blocking(move || {
            begun.send(()).expect("the test listens");
            // When the end asks it to stop, no job is in the queue any more.
            let job = JobContext::current().expect("a job runs");
            while !job.is_cancelled() {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_millis(50));
            over.store(true, Ordering::SeqCst);
            4
        });
        let token = drops.token();
        let queued = runtime.spawn_blocking(move || drop(token));
        has_begun.recv().expect("the job begins");
        drop(runtime);
        assert!(is_over.load(Ordering::SeqCst), "the job was not waited for");
        assert_eq!(drops.count(), 1);
        let other = current_thread();
        assert_eq!(other.block_on(running).expect("it ran to its end"), 4);
        assert!(
            other
                .block_on(queued)
                .expect_err("it was queued")
                .is_cancelled()
        );
    });
}

#[test]
fn a_destructor_that_uses_the_ending_runtime_harms_nobody() {
    /// Does in its destructor what programs do there.
    struct AtEnd(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            drop(mainspring::spawn(pending::<()>()));
            drop(spawn_blocking(|| {}));
            let mut timer = Box::pin(sleep(HOUR));
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert_eq!(timer.as_mut().poll(&mut cx), Poll::Pending);
            let mut binding = Box::pin(TcpListener::bind("127.0.0.1:0"));
            if let Poll::Ready(Ok(listener)) = Pin::new(&mut binding).poll(&mut cx) {
                assert!(listener.poll_accept(&mut cx).is_ready() || listener.local_addr().is_ok());
            }
            self.0.lock().expect("no panic").push("dropped");
        }
    }
    on_each_runtime(|runtime| {
        let log = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..10 {
            let at_end = AtEnd(Arc::clone(&log));
            runtime.spawn(async move {
                let _at_end = at_end;
                pending::<()>().await;
            });
        }
        runtime.block_on(yield_now());
        drop(runtime);
        assert_eq!(log.lock().expect("no panic").len(), 10);
    });
}

#[test]
fn a_destructor_may_wait_for_the_end_of_another_task() {
    bounded("destructors that wait for one another", || {
        for workers in [1, 2] {
            let runtime = multi_thread(workers);
            let (held, waited_for) = mpsc::channel::<()>();
            let waits = WaitsFor(waited_for);
            // Whichever of the two orders the end takes them in.
            let (held_too, waited_for_too) = mpsc::channel::<()>();
            let waits_too = WaitsFor(waited_for_too);
            runtime.spawn(hold(waits));
            runtime.spawn(hold((held, held_too)));
            runtime.spawn(hold(waits_too));
            for _ in 0..100 {
                runtime.spawn(pending::<()>());
            }
            runtime.block_on(yield_now());
            // This thread ends tasks, too: with one worker there are two to wait.
            drop(runtime);
        }
    });
}

#[test]
fn destructors_that_compute_are_run_side_by_side() {
    const TASKS: u32 = 64;
    const LONG: Duration = Duration::from_millis(5);
    struct Slow;
    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(LONG);
        }
    }
    let measure = || {
        let runtime = multi_thread(2);
        for _ in 0..TASKS {
            runtime.spawn(hold(Slow));
        }
        runtime.block_on(yield_now());
        let begun = Instant::now();
        drop(runtime);
        begun.elapsed()
    };
    // Three threads.
    within(measure, |elapsed| *elapsed <= TASKS * LONG * 3 / 4);
}

#[test]
fn destructors_that_panic_do_not_keep_a_runtime_from_ending() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor that panics");
        }
    }
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        for _ in 0..5 {
            let token = drops.token();
            runtime.spawn(async move {
                let _held = (Bomb, token);
                pending::<()>().await;
            });
        }
        let tokens = 5 + fill(&runtime, &drops);
        drop(runtime);
        assert_eq!(drops.count(), tokens);
    });
}
