//! Shutting down from inside async code: without a blocked thread, without a panic.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Handle, Runtime, RuntimeFlavor};
use mainspring::sync::oneshot;
use mainspring::task::{spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::best::{at_best_on_each_runtime, none_stuck};
use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::on_each_runtime;
use crate::filled::{GRACE, fill};
use crate::runtimes::{current_thread, multi_thread};
use crate::wakers::{Counting, Panicking, poll_with};

const HOUR: Duration = Duration::from_secs(3600);

/// Waits until it holds; the caller's bound is the limit.
fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn awaited_in_its_own_block_on_it_drains_and_reports() {
    at_best_on_each_runtime("its own block_on", |runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let alive = runtime.metrics().num_alive_tasks();
        let (report, late) = runtime.block_on(async {
            let handle = Handle::current();
            let signal = handle.shutdown_signal();
            let draining = mainspring::spawn(async move {
                signal.await;
                sleep(Duration::from_millis(5)).await;
            });
            let report = handle.shutdown(GRACE).await;
            assert!(handle.is_shutting_down());
            draining.await.expect("it had time");
            (report, mainspring::spawn(async {}).await)
        });
        let cut_off = report.aborted + report.stuck.len();
        assert_eq!((report.finished, cut_off), (1, alive), "{report}");
        assert!(late.expect_err("it came too late").is_cancelled());
        none_stuck(&report)?;
        assert_eq!(drops.count(), tokens);
        Ok(())
    });
}

#[test]
fn awaited_in_another_runtime_it_leaves_that_one_s_tasks_alone() {
    on_each_runtime(|inner| {
        let outer = current_thread();
        let handle = inner.handle().clone();
        let signal = handle.shutdown_signal();
        let (ticked, has_ticked) = oneshot::channel();
        inner.spawn(async {
            signal.await;
            has_ticked.await.expect("the outer one goes on");
        });
        let ticking = async {
            for _ in 0..5 {
                sleep(Duration::from_millis(1)).await;
            }
            ticked.send(()).expect("it is waited for");
        };
        // If the shutdown blocked the thread, it would never end.
        let (report, ()) = outer.block_on(async {
            let shutdown = handle.shutdown(HOUR);
            mainspring::join!(shutdown, ticking)
        });
        assert_eq!(report.finished, 1, "{report}");
    });
}

#[test]
fn awaited_in_its_own_task_it_does_not_wait_for_that_task() {
    bounded("its own task", || {
        for runtime in [multi_thread(1), multi_thread(2)] {
            let drops = Drops::new();
            let (handle, token) = (runtime.handle().clone(), drops.token());
            let (finished, is_finished) = mpsc::channel();
            runtime.spawn(async move {
                sleep(Duration::from_millis(20)).await;
                finished.send(()).expect("the test listens");
            });
            let asking = runtime.spawn(async move {
                let _token = token;
                handle.shutdown(HOUR).await;
                unreachable!("it is cut off with the others");
            });
            is_finished.recv().expect("the other task has its grace");
            wait_until(|| drops.count() == 1);
            let error = current_thread()
                .block_on(asking)
                .expect_err("it was cut off");
            assert!(error.is_cancelled(), "{error:?}");
        }
    });
}

#[test]
fn a_blocking_shutdown_in_its_own_task_lets_the_others_finish() {
    bounded("blocking in its own task", || {
        let runtime = multi_thread(1);
        let handle = runtime.handle().clone();
        let (answer, answered) = mpsc::channel();
        let signal = handle.shutdown_signal();
        handle.spawn(async {
            signal.await;
            sleep(Duration::from_millis(20)).await;
        });
        handle.spawn(async move {
            let report = runtime.shutdown(HOUR);
            answer.send(report).expect("the test listens");
        });
        let report = answered.recv().expect("it returns");
        assert_eq!((report.finished, report.aborted), (1, 0), "{report}");
        assert!(report.stuck.is_empty(), "{report}");
    });
}

#[test]
fn a_blocking_shutdown_in_its_own_block_on_of_one_thread_cuts_off_at_once() {
    bounded("blocking in its own root", || {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        handle.spawn(pending::<()>());
        let report = handle.block_on(async move {
            yield_now().await;
            runtime.shutdown(HOUR)
        });
        assert_eq!((report.finished, report.aborted), (0, 1), "{report}");
        assert!(report.stuck.is_empty(), "{report}");
    });
}

#[test]
fn a_blocking_shutdown_in_another_runtime_s_task_works() {
    on_each_runtime(|inner| {
        inner.spawn(inner.handle().shutdown_signal());
        for outer in [current_thread(), multi_thread(1)] {
            let other = multi_thread(1);
            other.spawn(yield_now());
            let task = outer.spawn(async move { other.shutdown(HOUR) });
            let report = outer.block_on(task).expect("no panic");
            assert!(report.stuck.is_empty(), "{report}");
        }
        let report = current_thread().block_on(async move { inner.shutdown(HOUR) });
        assert_eq!(report.finished, 1, "{report}");
    });
}

#[test]
fn a_job_that_ends_its_own_runtime_is_neither_waited_for_nor_stuck() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let (answer, answered) = mpsc::channel();
        handle.spawn_blocking(move || {
            let report = runtime.shutdown(HOUR);
            answer.send(report).expect("the test listens");
        });
        let report = answered.recv().expect("it returns");
        assert_eq!((report.finished, report.aborted), (0, 0), "{report}");
        assert!(report.stuck.is_empty(), "{report}");
    });
}

#[test]
fn the_shutdown_goes_on_though_its_future_is_dropped() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let handle = runtime.handle().clone();
        {
            let mut shutdown = Box::pin(handle.shutdown(Duration::ZERO));
            let polled = shutdown
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            drop(polled);
        }
        wait_until(|| drops.count() == tokens);
        // One that was never polled has done nothing.
        let untouched = current_thread();
        drop(untouched.handle().shutdown(Duration::ZERO));
        assert!(!untouched.handle().is_shutting_down());
    });
}

#[test]
fn every_signal_is_given_also_by_a_plain_drop_and_afterwards() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let counting = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&counting));
        let mut signals: Vec<_> = (0..100).map(|_| handle.shutdown_signal()).collect();
        for signal in &mut signals {
            assert_eq!(poll_with(signal, &waker), Poll::Pending);
            assert_eq!(poll_with(signal, &waker), Poll::Pending);
        }
        signals.truncate(50);
        let mut late = handle.shutdown_signal();
        assert_eq!(
            poll_with(&mut late, &Waker::from(Arc::new(Panicking))),
            Poll::Pending
        );
        drop(runtime);
        assert_eq!(
            counting.count(),
            50,
            "each is woken once, those that were dropped are not"
        );
        for signal in &mut signals {
            assert_eq!(poll_with(signal, &waker), Poll::Ready(()));
        }
        assert_eq!(
            poll_with(&mut handle.shutdown_signal(), &waker),
            Poll::Ready(())
        );
        assert!(handle.is_shutting_down());
    });
}

#[test]
fn a_signal_waits_on_threads_of_other_runtimes() {
    on_each_runtime(|runtime| {
        let signal = runtime.handle().shutdown_signal();
        let (begun, has_begun) = mpsc::channel();
        let waiting = thread::spawn(move || {
            current_thread().block_on(async {
                begun.send(()).expect("the test listens");
                signal.await;
            });
        });
        has_begun.recv().expect("the thread begins");
        runtime.shutdown_background();
        waiting.join().expect("no panic");
    });
}

/// Its destructor blocks until the other end of the channel is dropped.
struct Blocking(mpsc::Receiver<()>);

impl Drop for Blocking {
    fn drop(&mut self) {
        let _ = self.0.recv();
    }
}

/// A runtime with a job and a destructor that block until what is given with it is dropped.
fn blocked(workers: usize, drops: &Drops) -> (Runtime, [mpsc::Sender<()>; 2]) {
    let runtime = match workers {
        0 => current_thread(),
        _ => multi_thread(workers),
    };
    let (stop_destructor, stopped) = mpsc::channel();
    let held = (Blocking(stopped), drops.token());
    runtime.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    let (stop_job, stopped) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || stopped.recv().is_err());
    (runtime, [stop_destructor, stop_job])
}

#[test]
fn a_drop_in_async_code_waits_for_no_job_and_no_destructor() {
    bounded("drops in async code", move || {
        for workers in 0..3 {
            for outer in [current_thread(), multi_thread(1)] {
                let drops = Drops::new();
                let (in_root, stop_first) = blocked(workers, &drops);
                let (in_task, stop_second) = blocked(workers, &drops);
                // If one of them waited, this would never end.
                outer.block_on(async move { drop(in_root) });
                let task = outer.spawn(async move { drop(in_task) });
                outer.block_on(task).expect("no panic");
                drop((stop_first, stop_second));
                wait_until(|| drops.count() == 2);
            }
        }
    });
}

#[test]
fn a_drop_in_a_block_on_without_a_seat_does_not_wait() {
    bounded("many roots", || {
        let outer = Arc::new(multi_thread(1));
        let (stop, stopped) = mpsc::channel::<()>();
        let inner = current_thread();
        inner.spawn_blocking(move || stopped.recv().is_err());
        // More threads than there are seats for them.
        let (go, gone) = mpsc::channel();
        let roots: Vec<_> = (0..4)
            .map(|_| {
                let (outer, go) = (Arc::clone(&outer), go.clone());
                let (release, released) = oneshot::channel::<Runtime>();
                let root = thread::spawn(move || {
                    outer.block_on(async move {
                        go.send(()).expect("the test listens");
                        drop(released.await);
                    });
                });
                gone.recv().expect("it begins");
                (release, root)
            })
            .collect();
        let mut inner = Some(inner);
        for (release, root) in roots.into_iter().rev() {
            let runtime = inner.take().unwrap_or_else(current_thread);
            release.send(runtime).expect("it waits");
            root.join().expect("it does not wait for the job");
        }
        drop(stop);
    });
}

#[test]
fn a_drop_while_a_panic_unwinds_ends_it() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let unwinding = thread::spawn(move || {
            let _runtime = runtime;
            panic!("a panic that takes a runtime with it");
        });
        unwinding.join().expect_err("it panics");
        assert_eq!(drops.count(), tokens);
    });
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let handle = runtime.handle().clone();
        let outer = multi_thread(1);
        let unwinding = outer.spawn(async move {
            let _runtime = runtime;
            panic!("a panic that takes a runtime with it");
        });
        let error = outer.block_on(unwinding).expect_err("it panics");
        assert!(error.is_panic());
        wait_until(|| drops.count() == tokens && handle.metrics().num_alive_tasks() == 0);
    });
}

#[test]
fn a_drop_in_a_local_task_of_another_executor_does_not_wait() {
    bounded("a local set", || {
        let (stop, stopped) = mpsc::channel::<()>();
        let runtime = multi_thread(1);
        runtime.spawn_blocking(move || stopped.recv().is_err());
        let local = mainspring::task::LocalSet::new();
        local.spawn_local(async move { drop(runtime) });
        // By hand, outside any runtime.
        assert_eq!(
            poll_with(&mut Box::pin(local), Waker::noop()),
            Poll::Ready(())
        );
        drop(stop);
    });
}

#[test]
fn a_runtime_that_ends_while_its_tasks_make_and_drop_others_ends() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = 10;
        for _ in 0..tokens {
            let token = drops.token();
            runtime.spawn(async move {
                let _token = token;
                loop {
                    let inner = current_thread();
                    inner.spawn(pending::<()>());
                    drop(spawn_blocking(move || drop(inner)).await);
                    yield_now().await;
                }
            });
        }
        let flavor = runtime.handle().runtime_flavor();
        runtime.block_on(async { sleep(Duration::from_millis(10)).await });
        let report = runtime.shutdown(Duration::from_millis(10));
        // Each task may have a job in the queue as well, which is counted with it.
        let cut_off = report.aborted + report.stuck.len();
        assert!(
            (tokens..=2 * tokens).contains(&cut_off),
            "{flavor:?}: {report}"
        );
        wait_until(|| drops.count() == tokens);
        assert!(matches!(
            flavor,
            RuntimeFlavor::CurrentThread | RuntimeFlavor::MultiThread
        ));
    });
}
