//! The end of a runtime against what happens at the same time: `executor/src/shutdown.rs`. The whole
//! executor runs in these models, without driver and timers. Ends with a grace are in `grace.rs`.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::internals::schedule::{close, report_panic, steal_one};
use mainspring_executor::{Config, Executor, Handle, PanicAction, spawn, yield_now};
use mainspring_loom::threads::refuse_threads;
use mainspring_loom::{let_limits_pass, model, model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::{
    Bare, Gate, Mark, OpenOnDrop, Token, WakerGate, config, executor, executor_in, mutant,
};

const SPAWN: &str = "shutdown::a_spawn_at_the_end_is_refused_or_cut_off";
const WAKE: &str = "shutdown::a_task_that_is_woken_at_the_end_is_cut_off";
const WORKER: &str = "shutdown::a_task_that_is_woken_at_the_end_is_cut_off_by_a_worker";
const SLEEP: &str = "shutdown::a_worker_does_not_sleep_through_the_end";
const BEGIN: &str = "shutdown::a_task_that_a_worker_may_run_is_dropped_before_the_end_returns";
const STUCK: &str = "shutdown::what_a_stuck_worker_waits_for_is_dropped_by_the_closing_thread";
const LIMIT: &str = "shutdown::after_the_limit_tasks_behind_a_stuck_worker_are_dropped";
const ASYNC: &str = "shutdown::an_end_inside_async_code_drops_the_tasks_elsewhere";
const JOB: &str = "shutdown::a_job_that_runs_ends_before_the_end_returns";
const TURN: &str = "shutdown::a_job_that_waits_for_a_timer_is_not_waited_for_in_vain";
const MONITOR: &str = "shutdown::the_monitor_ends";
const STANDBY: &str = "shutdown::a_thread_on_stand_by_ends";
const FIRST: &str = "shutdown::who_leaves_first_drops_what_the_last_one_waits_for";
const SLOT: &str = "shutdown::what_lies_in_a_stuck_workers_slot_is_dropped";
const QUEUE: &str = "shutdown::what_lies_in_a_stuck_workers_queue_is_dropped";
const WITHHELD: &str = "shutdown::what_has_yielded_beside_a_stuck_worker_is_dropped";
const YIELDED: &str = "shutdown::a_task_that_has_yielded_beside_a_root_is_cut_off";
const OWN_JOB: &str = "shutdown::a_job_ends_its_own_executor";
const CLOSED: &str = "shutdown::a_root_that_leaves_after_a_panic_drops_the_tasks";
const LATE: &str = "shutdown::a_spawn_at_the_end_of_a_worker_is_refused_or_cut_off";
const KEPT: &str = "shutdown::what_is_asked_of_a_kept_handle_is_done_or_refused";
const RETRY: &str = "shutdown::what_a_stuck_worker_waits_for_is_found_beside_a_push";
const THEFT: &str = "shutdown::what_a_stuck_worker_waits_for_is_found_beside_a_thief";
const PANIC: &str = "shutdown::a_root_that_a_panic_ends_panics_itself";
const HERE: &str = "shutdown::an_end_inside_async_code_drops_the_tasks_here_without_a_thread";
const SIGNAL: &str = "shutdown::a_signal_reaches_who_waits_for_it";
const LATER: &str = "shutdown::a_signal_wakes_the_later_waker";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("shutdown: the list stays open", SPAWN),
    mutant("shutdown: the closing thread ends before the tasks", SPAWN),
    mutant(
        "shutdown: without tasks, waits in the environment go on",
        SPAWN,
    ),
    mutant("shutdown: the closing thread ends before the tasks", WAKE),
    mutant("shutdown: tasks on their way are not waited for", WORKER),
    mutant("worker: the last one to leave does not drain", WORKER),
    mutant("worker: its duty is not looked at again", SLEEP),
    mutant("shutdown: sleepers are not woken", SLEEP),
    mutant("shutdown: the last thread does not ring", SLEEP),
    mutant("shutdown: threads are not waited for", SLEEP),
    mutant("shutdown: waits in the environment go on", SLEEP),
    mutant("shutdown: nothing is aborted", BEGIN),
    mutant("shutdown: the closing thread does not help", STUCK),
    mutant("shutdown: after the limit nobody drains", LIMIT),
    mutant("shutdown: what has yielded is left there", WITHHELD),
    mutant("shutdown: async code leaves the tasks behind", ASYNC),
    mutant("shutdown: jobs are not waited for", JOB),
    mutant("shutdown: the pool stays open", JOB),
    mutant(
        "shutdown: nothing is turned while jobs are waited for",
        TURN,
    ),
    mutant("shutdown: the monitor is not called", MONITOR),
    mutant("shutdown: threads on stand-by are not sent home", STANDBY),
    mutant("shutdown: an end without grace is not announced", SIGNAL),
    mutant("signal: it leaves no mark", SIGNAL),
    mutant("signal: nobody is woken", SIGNAL),
    mutant("signal: a later waker is not kept", LATER),
    mutant("signal: who waits leaves no waker", SIGNAL),
    mutant("shutdown: without a thread nobody drains", HERE),
    mutant(
        "shutdown: a steal that was disturbed is not repeated",
        RETRY,
    ),
    mutant(
        "shutdown: a theft that was disturbed is not repeated",
        THEFT,
    ),
    mutant(
        "panic: it ends the runtime before its reason is known",
        PANIC,
    ),
    mutant("worker: who leaves drains nothing", FIRST),
    mutant("shutdown: what is in a slot is left there", SLOT),
    mutant("shutdown: what is in a queue is left there", QUEUE),
    mutant("worker: what has yielded is left in its core", YIELDED),
    mutant("shutdown: a job waits for itself", OWN_JOB),
    mutant("worker: who leaves the lobby drains nothing", CLOSED),
    mutant(
        "shutdown: the workers leave before the list is closed",
        LATE,
    ),
    mutant(
        "shutdown: a task that is refused is not cancelled (I2)",
        KEPT,
    ),
];

/// An executor that counts the ends of its environment.
fn counted(worker_threads: usize) -> (Executor, Arc<AtomicUsize>) {
    let ends = Arc::new(AtomicUsize::new(0));
    let environment = Bare {
        ends: Some(ends.clone()),
        ..Bare::default()
    };
    (executor_in(worker_threads, environment), ends)
}

/// That the one task of the model is gone, without a trace.
fn assert_ended(handle: &Handle, drops: &AtomicUsize) {
    assert_eq!(
        drops.load(Ordering::Relaxed),
        1,
        "the future was not dropped once"
    );
    assert_eq!(handle.alive_tasks(), 0);
    assert_eq!(handle.injected_tasks(), 0);
}

/// A task that never ends by itself.
fn spawn_endless<T: Send + 'static>(handle: &Handle, held: T) {
    drop(handle.spawn(async move {
        let _held = held;
        pending::<()>().await;
    }));
}

/// spawn ∥ end: the task is refused, or found and dropped, whether it was on its way to a queue or
/// not; and then the waits in the environment are ended.
#[test]
fn a_spawn_at_the_end_is_refused_or_cut_off() {
    model(|| {
        let (executor, ends) = counted(0);
        let handle = executor.handle().clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let spawner = {
            let (handle, token) = (handle.clone(), Token(drops.clone()));
            thread::spawn(move || spawn_endless(&handle, token))
        };
        drop(executor);
        spawner.join().unwrap();
        assert_ended(&handle, &drops);
        assert!(ends.load(Ordering::Relaxed) > 0);
    });
}

/// Ends an executor with one task, which another thread wakes at the same time.
fn end_while_a_task_is_woken(worker_threads: usize) {
    let executor = executor(worker_threads);
    let handle = executor.handle().clone();
    let drops = Arc::new(AtomicUsize::new(0));
    let left: Arc<Mutex<(Option<Waker>, Option<Waker>)>> = Arc::default();
    let (token, leave) = (Token(drops.clone()), left.clone());
    drop(handle.spawn(async move {
        let _token = token;
        poll_fn(|cx| {
            let mut left = leave.lock().unwrap();
            left.0 = Some(cx.waker().clone());
            left.1.take().into_iter().for_each(Waker::wake);
            Poll::<()>::Pending
        })
        .await;
    }));
    let waker = handle.block_on(poll_fn(|cx| {
        let mut left = left.lock().unwrap();
        left.1 = Some(cx.waker().clone());
        left.0.take().map_or(Poll::Pending, Poll::Ready)
    }));
    let begun = Arc::new(Gate::default());
    let begins = begun.clone();
    let waking = thread::spawn(move || {
        begins.open();
        waker.wake();
    });
    begun.wait();
    drop(executor);
    waking.join().unwrap();
    assert_ended(&handle, &drops);
}

/// wake ∥ end: a task that was being woken is dropped with the others, also while the wake stands
/// between its mark and its push.
#[test]
fn a_task_that_is_woken_at_the_end_is_cut_off() {
    model(|| end_while_a_task_is_woken(0));
}

/// The same where a worker drops it: the last one to leave.
#[test]
fn a_task_that_is_woken_at_the_end_is_cut_off_by_a_worker() {
    model_with_preemptions(1, || end_while_a_task_is_woken(1));
}

/// a worker goes to sleep ∥ end: it is woken, and ends, before the end returns; the last worker ends the
/// waits in the environment. (Otherwise the closing thread waits for it for ever, which is a deadlock
/// here.)
#[test]
fn a_worker_does_not_sleep_through_the_end() {
    model(|| {
        let stops = Arc::new(AtomicUsize::new(0));
        let ends = Arc::new(AtomicUsize::new(0));
        let stopped = stops.clone();
        let config = Config {
            on_thread_stop: Some(StdArc::new(move || {
                stopped.fetch_add(1, Ordering::Relaxed);
            })),
            ..config(1)
        };
        let environment = Bare {
            ends: Some(ends.clone()),
            ..Bare::default()
        };
        drop(Executor::new(config, None, Box::new(environment)));
        assert_eq!(stops.load(Ordering::Relaxed), 1, "a thread is still there");
        assert!(ends.load(Ordering::Relaxed) > 0);
    });
}

/// a worker begins a task ∥ end: whoever drops it, it is dropped once, and before the end returns.
#[test]
fn a_task_that_a_worker_may_run_is_dropped_before_the_end_returns() {
    model(|| {
        let executor = executor(1);
        let handle = executor.handle().clone();
        let drops = Arc::new(AtomicUsize::new(0));
        spawn_endless(&handle, Token(drops.clone()));
        drop(executor);
        assert_ended(&handle, &drops);
    });
}

/// A task that blocks its worker until the gate is opened; another one that opens it when it is dropped,
/// and which no worker is there to drop. Returns when the worker is stuck.
fn stick(executor: &Executor) -> Arc<Gate> {
    let gate = Arc::new(Gate::default());
    let stuck = Arc::new(Gate::default());
    let (waits, begun) = (gate.clone(), stuck.clone());
    drop(executor.handle().spawn(async move {
        begun.open();
        waits.wait();
    }));
    stuck.wait();
    spawn_endless(executor.handle(), OpenOnDrop(gate.clone()));
    gate
}

/// end ∥ a worker is stuck in a poll that waits for what another task holds: the closing thread drops
/// that task, instead of waiting for the worker to do it.
#[test]
fn what_a_stuck_worker_waits_for_is_dropped_by_the_closing_thread() {
    model(|| {
        let executor = executor(1);
        let _gate = stick(&executor);
        drop(executor);
    });
}

/// The same ∥ another thread pushes to the same queue, so that a look at it may have to be repeated.
#[test]
fn what_a_stuck_worker_waits_for_is_found_beside_a_push() {
    model_with_preemptions(1, || {
        let executor = executor(1);
        let _gate = stick(&executor);
        let handle = executor.handle().clone();
        let closing = thread::spawn(move || drop(executor));
        drop(handle.spawn(async {}));
        closing.join().unwrap();
    });
}

/// The same where what it waits for is in its own queue, behind another task ∥ a thief takes that one.
#[test]
fn what_a_stuck_worker_waits_for_is_found_beside_a_thief() {
    model_with_preemptions(1, || {
        let executor = executor(1);
        let gate = Arc::new(Gate::default());
        let stuck = Arc::new(Gate::default());
        let (waits, begun) = (gate.clone(), stuck.clone());
        drop(executor.handle().spawn(async move {
            // The last one lies in the slot, the others in the queue.
            drop(spawn(async {}));
            let held = OpenOnDrop(gate);
            drop(spawn(async move {
                let _held = held;
                pending::<()>().await;
            }));
            drop(spawn(async {}));
            begun.open();
            waits.wait();
        }));
        stuck.wait();
        let handle = executor.handle().clone();
        let closing = thread::spawn(move || drop(executor));
        steal_one(&handle, 0);
        closing.join().unwrap();
    });
}

/// The same with a limit, which passes: what the stuck worker waits for is dropped by a thread that is
/// started for it.
#[test]
fn after_the_limit_tasks_behind_a_stuck_worker_are_dropped() {
    model_with_preemptions(1, || {
        let_limits_pass();
        let mut executor = executor(1);
        let gate = stick(&executor);
        executor.shutdown(Some(Duration::from_nanos(1)));
        executor.detach();
        gate.wait();
    });
}

/// An executor is ended inside the poll of another one, where nobody may wait: its tasks are dropped
/// all the same.
#[test]
fn an_end_inside_async_code_drops_the_tasks_elsewhere() {
    model(|| {
        let inner = executor(0);
        let gate = Arc::new(Gate::default());
        spawn_endless(inner.handle(), OpenOnDrop(gate.clone()));
        executor(0).handle().block_on(async move { drop(inner) });
        gate.wait();
    });
}

/// The same where the system has no thread for it.
#[test]
fn an_end_inside_async_code_drops_the_tasks_here_without_a_thread() {
    model(|| {
        let inner = executor(0);
        let drops = Arc::new(AtomicUsize::new(0));
        spawn_endless(inner.handle(), Token(drops.clone()));
        let handle = inner.handle().clone();
        refuse_threads(true);
        executor(0).handle().block_on(async move { drop(inner) });
        assert_ended(&handle, &drops);
    });
}

/// submit and run ∥ end: a job that has begun has ended when the end returns, one that has not is
/// dropped; the pool's thread ends, too.
#[test]
fn a_job_that_runs_ends_before_the_end_returns() {
    model(|| {
        let executor = executor(0);
        let drops = Arc::new(AtomicUsize::new(0));
        let token = Token(drops.clone());
        drop(executor.handle().spawn_blocking(move || drop(token)));
        drop(executor);
        assert_eq!(drops.load(Ordering::Relaxed), 1, "the job is still there");
    });
}

/// A job waits, by an executor of its own, for a timer of the executor that ends and waits for the job:
/// nobody else turns the timers, so the one that waits does.
#[test]
fn a_job_that_waits_for_a_timer_is_not_waited_for_in_vain() {
    model(|| {
        let_limits_pass();
        let (timer, begun) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let environment = Bare {
            turned: Some(timer.clone()),
            ..Bare::default()
        };
        let executor = executor_in(0, environment);
        let begins = begun.clone();
        drop(executor.handle().spawn_blocking(move || {
            begins.open();
            timer.wait();
        }));
        begun.wait();
        drop(executor);
    });
}

/// The monitor looks, or is about to wait ∥ end: it is called, and ends.
#[test]
fn the_monitor_ends() {
    model(|| {
        let config = Config {
            monitor_interval: Some(Duration::from_millis(1)),
            ..config(1)
        };
        let executor = Executor::new(config, None, Box::new(Bare::default())).unwrap();
        // The first task starts it.
        unexplored(|| block_on(executor.handle().spawn(async {})).unwrap());
        drop(executor);
    });
}

/// The same where nothing has happened for a while, so that it is about to sleep until it is called.
#[test]
fn the_monitor_ends_though_it_was_about_to_sleep() {
    model_with_preemptions(2, || {
        let_limits_pass();
        let config = Config {
            monitor_interval: Some(Duration::from_millis(1)),
            ..config(1)
        };
        let executor = Executor::new(config, None, Box::new(Bare::default())).unwrap();
        unexplored(|| block_on(executor.handle().spawn(async {})).unwrap());
        drop(executor);
    });
}

/// A thread whose core was taken over by another one is on stand-by, or about to be ∥ end: it ends.
#[test]
fn a_thread_on_stand_by_ends() {
    model_with_preemptions(1, || {
        let config = Config {
            thread_keep_alive: Duration::MAX,
            ..config(1)
        };
        let executor = Executor::new(config, None, Box::new(Bare::default())).unwrap();
        let begun = Arc::new(Gate::default());
        let begins = begun.clone();
        drop(executor.handle().spawn(async move {
            mainspring_executor::block_in_place(|| begins.open());
        }));
        begun.wait();
        drop(executor);
    });
}

/// signal ∥ a thread that begins to wait for it: the thread goes on, though no grace is given.
#[test]
fn a_signal_reaches_who_waits_for_it() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let waits = thread::spawn(move || block_on(handle.shutdown_signal()));
        drop(executor);
        waits.join().unwrap();
    });
}

/// signal ∥ a poll with another waker: the future is ready, or that waker is woken.
#[test]
fn a_signal_wakes_the_later_waker() {
    model(|| {
        let executor = executor(0);
        let mut signal = pin!(executor.handle().shutdown_signal());
        let first = signal
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending());
        let ends = thread::spawn(move || drop(executor));
        let (gate, waker) = WakerGate::pair();
        if signal
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            gate.wait();
            assert!(signal.poll(&mut Context::from_waker(&waker)).is_ready());
        }
        ends.join().unwrap();
    });
}

/// The same where a worker is there to drop it: when the last one has drained, nothing comes any more.
#[test]
fn a_spawn_at_the_end_of_a_worker_is_refused_or_cut_off() {
    model(|| {
        let executor = executor(1);
        let handle = executor.handle().clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let spawner = {
            let (handle, token) = (handle.clone(), Token(drops.clone()));
            thread::spawn(move || spawn_endless(&handle, token))
        };
        drop(executor);
        spawner.join().unwrap();
        assert_ended(&handle, &drops);
    });
}

/// A task ends its own executor and then waits for what another task holds: that one is dropped by the
/// worker that leaves, though it is not the last.
#[test]
fn who_leaves_first_drops_what_the_last_one_waits_for() {
    model_with_preemptions(1, || {
        let executor = executor(2);
        let handle = executor.handle().clone();
        let gate = Arc::new(Gate::default());
        spawn_endless(&handle, OpenOnDrop(gate.clone()));
        drop(handle.spawn(async move {
            drop(executor);
            gate.wait();
        }));
    });
}

/// end ∥ a worker is stuck in a poll that waits for what `count` tasks hold that it has spawned: the last
/// one is in its slot, the others are in its queue.
fn end_beside_a_worker_that_waits_for_its_own(count: usize) {
    model_with_preemptions(1, move || {
        let executor = executor(1);
        let stuck = Arc::new(Gate::default());
        let begun = stuck.clone();
        drop(executor.handle().spawn(async move {
            let gates: Vec<_> = (0..count).map(|_| Arc::new(Gate::default())).collect();
            for gate in &gates {
                let held = OpenOnDrop(gate.clone());
                drop(spawn(async move {
                    let _held = held;
                    pending::<()>().await;
                }));
            }
            begun.open();
            gates.iter().for_each(|gate| gate.wait());
        }));
        stuck.wait();
        drop(executor);
    });
}

#[test]
fn what_lies_in_a_stuck_workers_slot_is_dropped() {
    end_beside_a_worker_that_waits_for_its_own(1);
}

#[test]
fn what_lies_in_a_stuck_workers_queue_is_dropped() {
    end_beside_a_worker_that_waits_for_its_own(2);
}

/// end ∥ a worker is stuck in a poll that waits for what a task holds that has yielded on the same worker: it is
/// dropped all the same.
#[test]
fn what_has_yielded_beside_a_stuck_worker_is_dropped() {
    model_with_preemptions(1, || {
        let executor = executor(1);
        let (stuck, gate) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let begun = stuck.clone();
        drop(executor.handle().spawn(async move {
            let held = OpenOnDrop(gate.clone());
            drop(spawn(async move {
                begun.open();
                gate.wait();
            }));
            // From the slot: it is polled before the other one.
            drop(spawn(async move {
                let _held = held;
                yield_now().await;
                pending::<()>().await;
            }));
        }));
        stuck.wait();
        drop(executor);
    });
}

/// A root is ready while a task of its thread has yielded ∥ nothing: the task is found at the end.
/// (Otherwise the end waits for it for ever.)
#[test]
fn a_task_that_has_yielded_beside_a_root_is_cut_off() {
    model(|| {
        let executor = executor(0);
        let drops = Arc::new(AtomicUsize::new(0));
        let mut spawned = false;
        executor.handle().block_on(poll_fn(|cx| {
            if spawned {
                return Poll::Ready(());
            }
            spawned = true;
            let (root, token) = (cx.waker().clone(), Token(drops.clone()));
            drop(executor.handle().spawn(async move {
                let _token = token;
                root.wake();
                yield_now().await;
                pending::<()>().await;
            }));
            Poll::Pending
        }));
        assert_eq!(executor.handle().injected_tasks(), 1, "it has not yielded");
        let handle = executor.handle().clone();
        drop(executor);
        assert_ended(&handle, &drops);
    });
}

/// A job ends the executor whose job it is: it does not wait for itself.
#[test]
fn a_job_ends_its_own_executor() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let done = Arc::new(Gate::default());
        let ends = done.clone();
        drop(handle.spawn_blocking(move || {
            drop(executor);
            ends.open();
        }));
        done.wait();
    });
}

/// A runtime without workers is ended by a panic, which waits for nothing, while a thread is in
/// `block_on`: when that has left, the tasks are gone.
#[test]
fn a_root_that_leaves_after_a_panic_drops_the_tasks() {
    model(|| {
        let executor = executor(0);
        let drops = Arc::new(AtomicUsize::new(0));
        executor.handle().block_on(async {
            spawn_endless(executor.handle(), Token(drops.clone()));
            close(executor.handle());
        });
        assert_ended(executor.handle(), &drops);
    });
}

/// A task's panic ends a runtime ∥ a root that waits for another task: what it learns is that, and not
/// that its task was cancelled.
#[test]
fn a_root_that_a_panic_ends_panics_itself() {
    model_with_preemptions(1, || {
        let config = Config {
            on_task_panic: Some(StdArc::new(|_| PanicAction::ShutdownRuntime)),
            ..config(0)
        };
        let executor = Executor::new(config, None, Box::new(Bare::default())).unwrap();
        let handle = executor.handle().clone();
        let panics = thread::spawn(move || {
            let task = handle.spawn(async {});
            report_panic(&handle, &task.meta());
        });
        let task = executor.handle().spawn(pending::<()>());
        let ended = catch_unwind(AssertUnwindSafe(|| executor.handle().block_on(task)));
        assert!(ended.is_err(), "it is told that its task was cancelled");
        panics.join().unwrap();
    });
}

/// spawn, `block_on` and a blocking job on a kept handle ∥ end: each is done or refused, none hangs.
#[test]
fn what_is_asked_of_a_kept_handle_is_done_or_refused() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let outside = thread::spawn(move || {
            let mark = Mark::default();
            let own = mark.clone();
            let task = handle.spawn(async move { own.set() });
            let done = handle.block_on(task).is_ok();
            assert_eq!(done, mark.is_set());
            // Refused or done: it has an end.
            drop(handle.block_on(handle.spawn_blocking(|| ())));
        });
        drop(executor);
        outside.join().unwrap();
    });
}
