//! The whole runtime: the facade's `Runtime` with its executor, its timers and a driver without
//! sockets, on loom's threads.
//!
//! A runtime takes hundreds of steps before anything happens, so it is built and ended in one order
//! only where that is not the subject, and what is between is tried with one preemption, not two. The
//! protocols themselves are tried with two, each in a file of its own; these models are there for what
//! lies between them.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring::loom::run;
use mainspring::loom::time::{Duration, Instant, fire_next, sleep, timeout};
use mainspring::runtime::{Builder, Runtime};
use mainspring::task::{spawn_blocking, yield_now};
use mainspring_loom::{is_deep, model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::Gate;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "clock: no second look after the turn",
        model: "runtime::a_wake_from_outside_reaches_block_on",
    },
    Mutant {
        name: "clock: the last job does not ring",
        model: "runtime::a_sleep_ends_after_a_blocking_job",
    },
    Mutant {
        name: "clock: moves while a worker is awake",
        model: "runtime::a_sleep_ends_after_a_poll",
    },
    Mutant {
        name: "clock: moves while a job runs",
        model: "runtime::a_sleep_ends_after_a_blocking_job",
    },
    Mutant {
        name: "clock: the last sleeper does not ring",
        model: "runtime::a_sleep_ends_when_all_workers_sleep",
    },
    Mutant {
        name: "clock: no look at the timers after the announcement",
        model: "runtime::a_sleep_of_a_thread_outside_ends",
    },
    Mutant {
        name: "clock: the timers are looked at before the announcement",
        model: "runtime::a_sleep_of_a_thread_outside_ends",
    },
    Mutant {
        name: "driver: nothing is turned after the end",
        model: "runtime::a_job_may_wait_for_a_timer_over_the_end",
    },
    Mutant {
        name: "worker: its duty is not looked at again",
        model: "runtime::a_spawned_task_is_joined",
    },
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "runtime::two_workers_run_two_tasks",
    },
    Mutant {
        name: "park: a token is not looked at",
        model: "runtime::a_wake_reaches_a_task_of_the_other_worker",
    },
    Mutant {
        name: "idle: no fence before the last look (S3)",
        model: "runtime::a_wake_from_outside_reaches_a_task",
    },
    Mutant {
        name: "park: a jump does not ask for wakes",
        model: "runtime::a_wake_from_outside_is_not_lost_while_the_clock_moves",
    },
    Mutant {
        name: "offload: mail rings no bell",
        model: "runtime::a_blocking_job_is_joined",
    },
    Mutant {
        name: "worker: its duty is not looked at again",
        model: "runtime::tasks_that_yield_are_run_again",
    },
    Mutant {
        name: "shutdown: threads are not waited for",
        model: "runtime::a_drop_ends_the_tasks_that_are_alive",
    },
    Mutant {
        name: "shutdown: draining is not announced",
        model: "runtime::a_shutdown_leaves_a_task_its_grace",
    },
    Mutant {
        name: "task list: what is closed takes new tasks",
        model: "runtime::a_spawn_races_with_the_end",
    },
    Mutant {
        name: "park: the driver's bell is not rung",
        model: "runtime::a_shutdown_cuts_off_what_does_not_end",
    },
    Mutant {
        name: "shutdown: nothing is aborted",
        model: "runtime::a_drop_ends_two_workers",
    },
    Mutant {
        name: "offload: mail rings no bell",
        model: "runtime::two_workers_run_beside_a_job",
    },
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "runtime::two_workers_and_a_job_work_together",
    },
];

/// A runtime whose end is part of the model.
fn runtime(workers: usize) -> Runtime {
    unexplored(|| {
        Builder::new_multi_thread()
            .worker_threads(workers)
            .build()
            .unwrap()
    })
}

/// A runtime of the current-thread flavour.
fn single() -> Runtime {
    unexplored(|| Builder::new_current_thread().build().unwrap())
}

/// A flag that one task sets and another waits for.
#[derive(Debug, Default)]
struct Flag(Mutex<(bool, Option<Waker>)>);

impl Flag {
    fn set(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Returns when somebody waits.
    fn until_awaited(&self) {
        while self.0.lock().unwrap().1.is_none() {
            thread::yield_now();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| self.poll(cx)).await;
    }
}

/// `block_on` ∥ the task that it has spawned, on a worker: the task is run, and its output seen.
#[test]
fn a_spawned_task_is_joined() {
    model_with_preemptions(2, || {
        let output = run(1, async { mainspring::spawn(async { 7 }).await.unwrap() });
        assert_eq!(output, 7);
    });
}

/// Two tasks from outside (three, if deep) ∥ two workers: all are run, though the first push may have woken a worker
/// that takes both, or that has not looked yet when the second one comes.
#[test]
fn two_workers_run_two_tasks() {
    model_with_preemptions(1, || {
        let runtime = runtime(2);
        let count = if is_deep() { 3 } else { 2 };
        let tasks: Vec<_> = (0..count).map(|_| runtime.spawn(async { 1 })).collect();
        let sum: u32 = tasks.into_iter().map(|task| block_on(task).unwrap()).sum();
        assert_eq!(sum, count);
        unexplored(|| drop(runtime));
    });
}

/// A task waits, and the workers go to sleep ∥ a task that another thread spawns wakes it: the wake is
/// not lost on its way from one worker to the other.
#[test]
fn a_wake_reaches_a_task_of_the_other_worker() {
    model_with_preemptions(2, || {
        let runtime = runtime(2);
        let flag = Arc::new(Flag::default());
        let (set, waited) = (flag.clone(), flag.clone());
        let waiter = unexplored(|| {
            let waiter = runtime.spawn(async move { waited.wait().await });
            flag.until_awaited();
            waiter
        });
        drop(runtime.spawn(async move { set.set() }));
        block_on(waiter).unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A task waits, and the workers go to sleep ∥ a thread outside the runtime wakes it.
#[test]
fn a_wake_from_outside_reaches_a_task() {
    model_with_preemptions(2, || {
        let runtime = runtime(2);
        let flag = Arc::new(Flag::default());
        let waited = flag.clone();
        let waiter = unexplored(|| {
            let waiter = runtime.spawn(async move { waited.wait().await });
            flag.until_awaited();
            waiter
        });
        flag.set();
        block_on(waiter).unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A thread outside the runtime wakes the future of `block_on`, while its thread goes to sleep in the
/// driver.
#[test]
fn a_wake_from_outside_reaches_block_on() {
    model_with_preemptions(2, || {
        let runtime = single();
        let flag = Arc::new(Flag::default());
        let set = flag.clone();
        let outside = thread::spawn(move || set.set());
        runtime.block_on(async move { flag.wait().await });
        outside.join().unwrap();
        unexplored(|| drop(runtime));
    });
}

/// The same while a timer is armed, so that the clock may move at the same time: neither the wake nor
/// the timer is lost.
#[test]
fn a_wake_from_outside_is_not_lost_while_the_clock_moves() {
    model_with_preemptions(2, || {
        let runtime = single();
        let flag = Arc::new(Flag::default());
        let set = flag.clone();
        let outside = thread::spawn(move || set.set());
        runtime.block_on(async move {
            let slept = mainspring::spawn(sleep(Duration::from_secs(1)));
            flag.wait().await;
            slept.await.unwrap();
        });
        outside.join().unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A thread outside the runtime arms a timer of it, while the thread in `block_on` goes to sleep in the
/// driver: the clock moves for that timer, too.
#[test]
fn a_sleep_of_a_thread_outside_ends() {
    model_with_preemptions(2, || {
        let runtime = single();
        let flag = Arc::new(Flag::default());
        let (set, handle) = (flag.clone(), runtime.handle().clone());
        let outside = thread::spawn(move || {
            let _entered = handle.enter();
            block_on(sleep(Duration::from_secs(1)));
            set.set();
        });
        runtime.block_on(async move { flag.wait().await });
        outside.join().unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A blocking job ∥ the task that awaits it: the job is run, and its output seen.
#[test]
fn a_blocking_job_is_joined() {
    model_with_preemptions(2, || {
        let output = run(1, async { spawn_blocking(|| 7).await.unwrap() });
        assert_eq!(output, 7);
    });
}

/// Two tasks that yield to one another both end.
#[test]
fn tasks_that_yield_are_run_again() {
    model_with_preemptions(2, || {
        run(1, async {
            let other = mainspring::spawn(async { yield_now().await });
            yield_now().await;
            other.await.unwrap();
        });
    });
}

/// The clock moves when the worker and `block_on` sleep, whichever of them is in the driver: the `sleep`
/// of either ends, and not early.
#[test]
fn a_sleep_ends_when_all_workers_sleep() {
    model_with_preemptions(1, || {
        run(1, async {
            let begun = Instant::now();
            sleep(Duration::from_secs(60)).await;
            mainspring::spawn(sleep(Duration::from_secs(3600)))
                .await
                .unwrap();
            assert_eq!(begun.elapsed(), Duration::from_secs(3660));
        });
    });
}

/// The clock does not move while a worker is in a poll: a `sleep` in `block_on` ends after the rest of the
/// poll in which a task has woken it.
#[test]
fn a_sleep_ends_after_a_poll() {
    model_with_preemptions(1, || {
        let flag = Arc::new(Flag::default());
        let over = Arc::new(AtomicBool::new(false));
        let (set, poll) = (flag.clone(), over.clone());
        run(1, async move {
            drop(mainspring::spawn(async move {
                set.set();
                poll.store(true, Ordering::Release);
            }));
            flag.wait().await;
            sleep(Duration::from_secs(1)).await;
            assert!(over.load(Ordering::Acquire), "the poll was under way");
        });
    });
}

/// The clock does not move while a blocking job runs, and moves after it.
#[test]
fn a_sleep_ends_after_a_blocking_job() {
    model_with_preemptions(2, || {
        let over = Arc::new(AtomicBool::new(false));
        let (job, seen) = (over.clone(), over);
        run(0, async move {
            let job = spawn_blocking(move || job.store(true, Ordering::Release));
            sleep(Duration::from_secs(1)).await;
            assert!(seen.load(Ordering::Acquire), "the job was under way");
            job.await.unwrap();
        });
    });
}

/// A time-out ∥ the completion that it guards: the clock's thread moves the time at any moment. The
/// result is one or the other, the task ends, and over all executions both are seen.
#[test]
fn a_timeout_races_with_a_completion() {
    use std::sync::atomic::AtomicBool as Seen;
    use std::sync::atomic::Ordering::Relaxed;
    static IN_TIME: Seen = Seen::new(false);
    static TOO_LATE: Seen = Seen::new(false);
    model_with_preemptions(1, || {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let clock = thread::spawn(move || fire_next(&handle));
        runtime.block_on(async {
            let flag = Arc::new(Flag::default());
            let set = flag.clone();
            let task = mainspring::spawn(async move { set.set() });
            match timeout(Duration::from_secs(1), flag.wait()).await {
                Ok(()) => IN_TIME.store(true, Relaxed),
                Err(_elapsed) => TOO_LATE.store(true, Relaxed),
            }
            task.await.unwrap();
        });
        clock.join().unwrap();
        unexplored(|| drop(runtime));
    });
    assert!(IN_TIME.load(Relaxed) && TOO_LATE.load(Relaxed));
}

/// A socket is an error, which says what a model uses in its place.
#[test]
fn a_socket_is_refused() {
    model_with_preemptions(0, || {
        let bound = run(0, mainspring::net::TcpListener::bind("127.0.0.1:0"));
        let error = bound.expect_err("there is no operating system");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("mainspring::loom::io::duplex"));
    });
}

/// Counts its drop.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Future for Counted {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// The runtime is dropped ∥ its worker begins a task that never ends: the drop waits for the worker,
/// and the task's future has been dropped once by then.
#[test]
fn a_drop_ends_the_tasks_that_are_alive() {
    model_with_preemptions(2, || {
        let runtime = runtime(1);
        let drops = Arc::new(AtomicUsize::new(0));
        let task = runtime.spawn(Counted(drops.clone()));
        drop(runtime);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        drop(task);
    });
}

/// A shutdown with a grace ∥ a task that waits for the signal: the task finishes in the grace, and the
/// report counts it.
#[test]
fn a_shutdown_leaves_a_task_its_grace() {
    model_with_preemptions(2, || {
        let runtime = runtime(1);
        let signal = runtime.handle().shutdown_signal();
        let drained = Arc::new(AtomicBool::new(false));
        let task = drained.clone();
        drop(runtime.spawn(async move {
            signal.await;
            task.store(true, Ordering::Release);
        }));
        let report = runtime.shutdown(Duration::from_millis(100));
        assert!(drained.load(Ordering::Acquire), "the signal was lost");
        assert_eq!((report.finished, report.stuck.len()), (1, 0));
    });
}

/// A shutdown with a grace ∥ a task that never ends: it is cut off when the grace is over, and the report
/// says so.
#[test]
fn a_shutdown_cuts_off_what_does_not_end() {
    model_with_preemptions(1, || {
        let runtime = runtime(1);
        let drops = Arc::new(AtomicUsize::new(0));
        drop(runtime.spawn(Counted(drops.clone())));
        let report = runtime.shutdown(Duration::from_millis(1));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert_eq!((report.aborted, report.stuck.len()), (1, 0));
    });
}

/// The runtime is dropped ∥ a blocking job waits for a timer of it: the drop waits for the job, and turns
/// the timers, which nobody else does any more.
#[test]
fn a_job_may_wait_for_a_timer_over_the_end() {
    model_with_preemptions(1, || {
        let runtime = single();
        let handle = runtime.handle().clone();
        let job = runtime.spawn_blocking(move || handle.block_on(sleep(Duration::from_secs(60))));
        drop(runtime);
        drop(job);
    });
}

/// A task is spawned by a thread of its own ∥ the runtime ends: the task's future is dropped once,
/// whichever comes first.
#[test]
fn a_spawn_races_with_the_end() {
    model_with_preemptions(2, || {
        let runtime = runtime(1);
        let drops = Arc::new(AtomicUsize::new(0));
        let (handle, counted) = (runtime.handle().clone(), Counted(drops.clone()));
        let spawner = thread::spawn(move || drop(handle.spawn(counted)));
        drop(runtime);
        spawner.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// Two workers and a thread of the pool: a job ends ∥ the workers go to sleep, one of which has run the task
/// that waits for the job: the task goes on, on either.
#[test]
fn two_workers_and_a_job_work_together() {
    // One preemption takes half a minute: `cargo loom-deep` has it.
    model_with_preemptions(0, || {
        let runtime = runtime(2);
        let (begun, goes_on) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let (begins, waits) = (begun.clone(), goes_on.clone());
        let job = move || {
            begins.open();
            waits.wait();
            7
        };
        let task = unexplored(|| {
            let task = runtime.spawn(async { spawn_blocking(job).await.unwrap() });
            begun.wait();
            task
        });
        goes_on.open();
        assert_eq!(block_on(task).unwrap(), 7);
        unexplored(|| drop(runtime));
    });
}

/// From the beginning, but without preemptions, and beside a task that yields.
#[test]
fn two_workers_run_beside_a_job() {
    model_with_preemptions(0, || {
        let runtime = runtime(2);
        let job = runtime.spawn(async { spawn_blocking(|| 4).await.unwrap() });
        let other = runtime.spawn(async {
            yield_now().await;
            3
        });
        assert_eq!(block_on(job).unwrap() + block_on(other).unwrap(), 7);
        unexplored(|| drop(runtime));
    });
}

/// The runtime is dropped ∥ two workers, one of which may have begun a task that never ends, while the
/// other searches or sleeps: the drop waits for both, and the future has been dropped once by then.
#[test]
fn a_drop_ends_two_workers() {
    model_with_preemptions(1, || {
        let runtime = runtime(2);
        let drops = Arc::new(AtomicUsize::new(0));
        drop(runtime.spawn(Counted(drops.clone())));
        drop(runtime);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}
