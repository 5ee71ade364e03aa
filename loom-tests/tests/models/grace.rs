//! Ends with a grace, their reports, and several ends at once: `executor/src/shutdown/grace.rs` and
//! `background.rs`. Time passes while somebody sleeps, and not otherwise.

use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use mainspring_executor::yield_now;
use mainspring_loom::threads::refuse_threads;
use mainspring_loom::{let_limits_pass, model, model_with_preemptions};
use mainspring_loom_tests::Mutant;

use crate::bare::{Bare, Gate, Mark, OpenOnDrop, WakerGate, executor, executor_in, mutant};

const DRAIN: &str = "grace::tasks_finish_within_the_grace";
const SERVED: &str = "grace::a_thread_without_workers_runs_its_tasks_within_the_grace";
const JOB: &str = "grace::a_task_that_a_job_spawns_finishes_within_the_grace";
const TWO: &str = "grace::two_ends_at_once_tell_the_same";
const OVERTAKEN: &str = "grace::an_end_without_grace_overtakes_one_with_grace";
const STUCK: &str = "grace::an_endless_grace_ends_when_somebody_else_ends_the_runtime";
const REPORT: &str = "grace::a_report_reaches_who_awaits_it";
const LATER: &str = "grace::a_report_wakes_the_later_waker";
const JOBS: &str = "grace::a_job_ends_its_own_executor_with_a_grace";
const TASK: &str = "grace::a_task_ends_its_own_executor_with_a_grace";
const BEHIND: &str = "grace::what_a_stuck_worker_waits_for_is_dropped_when_the_grace_is_over";
const ALONE: &str = "grace::a_thread_that_finds_no_second_one_looks_by_itself";
const AT_ONCE: &str = "grace::a_report_is_given_at_once_where_no_thread_can_wait";
const OVER: &str = "grace::what_is_left_when_the_grace_is_over_is_cut_off";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("shutdown: draining is not announced", DRAIN),
    mutant("grace: who serves is not told", SERVED),
    mutant("grace: a task that a job has spawned is missed", JOB),
    mutant("shutdown: what is cut off is counted twice", TWO),
    mutant("shutdown: draining may follow the end", OVERTAKEN),
    mutant("grace: an end by somebody else is not seen", STUCK),
    mutant("shutdown: who awaits the report is not woken", REPORT),
    mutant("shutdown: a later waker is not kept", LATER),
    mutant("grace: waits in the environment go on", OVER),
    mutant("grace: the job that asks is waited for", JOBS),
    mutant("grace: a job waits for itself at the end", JOBS),
    mutant("grace: the task that asks is waited for", TASK),
    mutant("grace: behind a stuck worker nobody drains", BEHIND),
    mutant("grace: who looks by itself looks once", ALONE),
    mutant("shutdown: without a thread nobody reports", AT_ONCE),
];

/// A task waits for the shutdown signal, then finishes ∥ an end with an endless grace: it is told, it
/// finishes, and the report says so.
#[test]
fn tasks_finish_within_the_grace() {
    model_with_preemptions(1, || {
        let executor = executor(1);
        let signal = executor.handle().shutdown_signal();
        drop(executor.handle().spawn(signal));
        let report = executor.shutdown_with_grace(Duration::MAX);
        assert_eq!((report.finished, report.aborted), (1, 0));
    });
}

/// The same on the current-thread flavour, where the thread that ends the runtime runs the task.
#[test]
fn a_thread_without_workers_runs_its_tasks_within_the_grace() {
    model(|| {
        let executor = executor(0);
        let signal = executor.handle().shutdown_signal();
        drop(executor.handle().spawn(signal));
        let report = executor.shutdown_with_grace(Duration::MAX);
        assert_eq!((report.finished, report.aborted), (1, 0));
    });
}

/// The same where the system has no second thread, which would look whether all is quiet.
#[test]
fn a_thread_that_finds_no_second_one_looks_by_itself() {
    model(|| {
        let executor = executor(0);
        drop(executor.handle().spawn(yield_now()));
        refuse_threads(true);
        let report = executor.shutdown_with_grace(Duration::MAX);
        assert_eq!((report.finished, report.aborted), (1, 0));
    });
}

/// A job spawns a task and ends ∥ the look whether all is quiet: the runtime is not taken for quiet
/// while the one has ended and the other is not there yet.
#[test]
fn a_task_that_a_job_spawns_finishes_within_the_grace() {
    model_with_preemptions(1, || {
        let executor = executor(1);
        let handle = executor.handle().clone();
        let mark = Mark::default();
        let own = mark.clone();
        drop(executor.handle().spawn_blocking(move || {
            drop(handle.spawn(async move { own.set() }));
        }));
        drop(executor.shutdown_with_grace(Duration::MAX));
        assert!(mark.is_set(), "the task was cut off");
    });
}

/// When the grace is over ∥ nothing: what is left is dropped and counted, and the waits in the
/// environment are ended.
#[test]
fn what_is_left_when_the_grace_is_over_is_cut_off() {
    model(|| {
        let ends = Arc::new(AtomicUsize::new(0));
        let environment = Bare {
            ends: Some(ends.clone()),
            ..Bare::default()
        };
        let executor = executor_in(0, environment);
        drop(executor.handle().spawn(pending::<()>()));
        let report = executor.shutdown_with_grace(Duration::ZERO);
        assert_eq!((report.finished, report.aborted), (0, 1));
        assert!(ends.load(Ordering::Relaxed) > 0);
    });
}

/// end ∥ end: what was alive is counted by the first, and both reports tell of it.
#[test]
fn two_ends_at_once_tell_the_same() {
    model_with_preemptions(1, || {
        let executor = executor(0);
        drop(executor.handle().spawn(pending::<()>()));
        let mut other = pin!(executor.handle().clone().shutdown(Duration::ZERO));
        let (gate, waker) = WakerGate::pair();
        let mut context = Context::from_waker(&waker);
        let first = other.as_mut().poll(&mut context);
        let own = executor.shutdown_with_grace(Duration::ZERO);
        let others = match first {
            Poll::Ready(report) => report,
            Poll::Pending => {
                gate.wait();
                let Poll::Ready(report) = other.poll(&mut context) else {
                    panic!("woken without a report")
                };
                report
            }
        };
        assert_eq!((own.aborted, others.aborted), (1, 1));
    });
}

/// An end with a grace is asked for ∥ an end without: the runtime ends at once, and does not go back to
/// draining.
#[test]
fn an_end_without_grace_overtakes_one_with_grace() {
    model_with_preemptions(1, || {
        let executor = executor(1);
        let handle = executor.handle().clone();
        let graceful = thread::spawn(move || {
            drop(loom::future::block_on(handle.shutdown(Duration::ZERO)));
        });
        let handle = executor.handle().clone();
        drop(executor);
        graceful.join().unwrap();
        assert!(handle.spawn(async {}).is_finished(), "it runs tasks again");
    });
}

/// A job never ends by itself ∥ an endless grace ∥ an end without grace: the first returns, too.
#[test]
fn an_endless_grace_ends_when_somebody_else_ends_the_runtime() {
    model_with_preemptions(1, || {
        let_limits_pass();
        let mut executor = executor(0);
        let (gate, begun) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let (waits, begins) = (gate.clone(), begun.clone());
        drop(executor.handle().spawn_blocking(move || {
            begins.open();
            waits.wait();
        }));
        begun.wait();
        let mut graceful = pin!(executor.handle().clone().shutdown(Duration::MAX));
        let (told, waker) = WakerGate::pair();
        let pending = graceful.as_mut().poll(&mut Context::from_waker(&waker));
        executor.shutdown(Some(Duration::ZERO));
        executor.detach();
        if pending.is_pending() {
            told.wait();
        }
        gate.open();
    });
}

/// A report is given ∥ somebody awaits it: whoever awaits it gets it.
#[test]
fn a_report_reaches_who_awaits_it() {
    model(|| {
        let executor = executor(0);
        let report = loom::future::block_on(executor.handle().shutdown(Duration::ZERO));
        assert_eq!((report.finished, report.aborted), (0, 0));
    });
}

/// The system has no thread that could wait: the runtime ends at once, and the report is there.
#[test]
fn a_report_is_given_at_once_where_no_thread_can_wait() {
    model(|| {
        let executor = executor(0);
        drop(executor.handle().spawn(pending::<()>()));
        refuse_threads(true);
        let report = loom::future::block_on(executor.handle().shutdown(Duration::MAX));
        assert_eq!((report.finished, report.aborted), (0, 1));
    });
}

/// A report is given ∥ a poll with another waker: it is there, or that waker is woken.
#[test]
fn a_report_wakes_the_later_waker() {
    model(|| {
        let executor = executor(0);
        let mut report = pin!(executor.handle().shutdown(Duration::ZERO));
        let first = report
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if first.is_ready() {
            return;
        }
        let (gate, waker) = WakerGate::pair();
        if report
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
        {
            gate.wait();
            assert!(report.poll(&mut Context::from_waker(&waker)).is_ready());
        }
    });
}

/// A job ends the executor whose job it is, with an endless grace: it waits for everybody but itself.
#[test]
fn a_job_ends_its_own_executor_with_a_grace() {
    model_with_preemptions(1, || {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let done = Arc::new(Gate::default());
        let ends = done.clone();
        drop(handle.spawn_blocking(move || {
            let report = executor.shutdown_with_grace(Duration::MAX);
            assert_eq!((report.aborted, report.stuck.len()), (0, 0));
            ends.open();
        }));
        done.wait();
    });
}

/// A task ends the executor whose task it is, with an endless grace.
#[test]
fn a_task_ends_its_own_executor_with_a_grace() {
    model_with_preemptions(1, || {
        let_limits_pass();
        let executor = executor(1);
        let handle = executor.handle().clone();
        let done = Arc::new(Gate::default());
        let ends = done.clone();
        drop(handle.spawn(async move {
            let report = executor.shutdown_with_grace(Duration::MAX);
            assert_eq!((report.finished, report.stuck.len()), (0, 0));
            ends.open();
        }));
        done.wait();
    });
}

/// The grace is over ∥ a worker is stuck in a poll that waits for what another task holds: that one is
/// dropped by a thread that is started for it.
#[test]
fn what_a_stuck_worker_waits_for_is_dropped_when_the_grace_is_over() {
    model_with_preemptions(1, || {
        let_limits_pass();
        let executor = executor(1);
        let [gate, begun] = [(); 2].map(|()| Arc::new(Gate::default()));
        let (waits, begins) = (gate.clone(), begun.clone());
        drop(executor.handle().spawn(async move {
            begins.open();
            waits.wait();
        }));
        begun.wait();
        let held = OpenOnDrop(gate.clone());
        drop(executor.handle().spawn(async move {
            let _held = held;
            pending::<()>().await;
        }));
        drop(executor.shutdown_with_grace(Duration::ZERO));
        gate.wait();
    });
}
