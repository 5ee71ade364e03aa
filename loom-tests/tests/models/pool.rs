//! The pool as it ships, round its board: `executor/src/offload/{pool,thread,waits}.rs`. An executor
//! without workers, whose pool runs one blocking job at a time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Waker};

use loom::future::block_on;
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::{JobContext, JoinHandle};
use mainspring_loom::{let_limits_pass, model, model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;

use crate::bare::{Gate, executor, mutant};

const LATE: &str = "pool::a_job_that_comes_at_the_end_is_run_or_cancelled";
const HOME: &str = "pool::the_end_sends_idle_threads_home";
const PLACE: &str = "pool::the_end_reaches_who_waits_for_a_place";
const ASKED: &str = "pool::the_end_asks_a_running_job_to_stop";
const QUEUED: &str = "pool::the_end_cancels_a_job_that_waits";
const ABORTED: &str = "pool::an_aborted_job_leaves_its_place";
const TIMES_OUT: &str = "pool::a_job_that_meets_a_time_out_is_run";
const WAITS: &str = "pool::a_job_in_block_on_makes_room";
const PENDING: &str = "pool::a_job_that_finds_another_pending_makes_room";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("pool: a job that comes too late is let go", LATE),
    mutant("pool: the end sends nobody home", HOME),
    mutant("pool: the end closes no gate", PLACE),
    mutant("pool: the end asks no job to stop", ASKED),
    mutant("pool: the end cancels nothing", QUEUED),
    mutant("pool: an aborted job is never over", ABORTED),
    mutant(
        "pool: a claimed thread does not wait for its mail (I3)",
        TIMES_OUT,
    ),
    mutant("pool: a job in block_on holds its place (I6)", WAITS),
    mutant(
        "pool: a job that finds another pending holds its place (I6)",
        PENDING,
    ),
];

fn is_cancelled<T>(job: JoinHandle<T>) -> bool {
    block_on(job).is_err_and(|error| error.is_cancelled())
}

/// submit ∥ the end: who awaits the job learns of its end.
#[test]
fn a_job_that_comes_at_the_end_is_run_or_cancelled() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let outside = thread::spawn(move || {
            let job = handle.spawn_blocking(|| 7);
            match block_on(job) {
                Ok(output) => assert_eq!(output, 7),
                Err(error) => assert!(error.is_cancelled()),
            }
        });
        drop(executor);
        outside.join().unwrap();
    });
}

/// The end ∥ a thread that finds no job and goes idle: it ends, and is waited for.
#[test]
fn the_end_sends_idle_threads_home() {
    model(|| {
        let executor = executor(0);
        block_on(executor.handle().spawn_blocking(|| ())).unwrap();
        let handle = executor.handle().clone();
        drop(executor);
        assert_eq!(handle.pool_threads(), (0, 0));
    });
}

/// The end ∥ somebody waits for a place: he gets none.
#[test]
fn the_end_reaches_who_waits_for_a_place() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let held = block_on(handle.reserve_offload()).unwrap();
        let waiting = thread::spawn(move || block_on(handle.reserve_offload()).is_err());
        drop(executor);
        assert!(waiting.join().unwrap());
        drop(held);
    });
}

/// The end ∥ a job that runs until it is asked to stop: it is.
#[test]
fn the_end_asks_a_running_job_to_stop() {
    model(|| {
        let executor = executor(0);
        drop(executor.handle().spawn_blocking(|| {
            while !JobContext::current().unwrap().is_cancelled() {
                thread::yield_now();
            }
        }));
        drop(executor);
    });
}

/// The end ∥ a job waits behind another one, which goes on only when the first is cancelled.
#[test]
fn the_end_cancels_a_job_that_waits() {
    model(|| {
        let executor = executor(0);
        let goes_on = Arc::new(Gate::default());
        let waits = goes_on.clone();
        let first = executor.handle().spawn_blocking(move || waits.wait());
        let second = executor
            .handle()
            .spawn_blocking(|| unreachable!("there is one place"));
        let outside = thread::spawn(move || {
            assert!(is_cancelled(second));
            goes_on.open();
        });
        drop(executor);
        outside.join().unwrap();
        drop(first);
    });
}

/// abort ∥ a thread takes the job: whether it is run or not, the next one has its place.
#[test]
fn an_aborted_job_leaves_its_place() {
    model(|| {
        let executor = executor(0);
        let job = executor.handle().spawn_blocking(|| ());
        job.abort();
        let next = executor.handle().spawn_blocking(|| 7);
        assert_eq!(block_on(next).unwrap(), 7);
        drop(job);
        unexplored(|| drop(executor));
    });
}

/// submit ∥ a thread that has waited long enough for a job: the job is run, by that thread or a new one.
#[test]
fn a_job_that_meets_a_time_out_is_run() {
    model(|| {
        let_limits_pass();
        let executor = executor(0);
        block_on(executor.handle().spawn_blocking(|| ())).unwrap();
        let job = executor.handle().spawn_blocking(|| 7);
        assert_eq!(block_on(job).unwrap(), 7);
        unexplored(|| drop(executor));
    });
}

/// Set by one, waited for by another, who need not be a task.
#[derive(Default)]
struct Flag(Mutex<(bool, Option<Waker>)>);

impl Flag {
    fn set(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            state.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if state.0 {
                return Poll::Ready(());
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A job waits in `block_on` for what another one does, for which there is no place but its own.
#[test]
fn a_job_in_block_on_makes_room() {
    model_with_preemptions(1, || {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let job = executor.handle().spawn_blocking(move || {
            let flag = Arc::new(Flag::default());
            let set = flag.clone();
            let other = handle.spawn_blocking(move || set.set());
            handle.block_on(flag.wait());
            other
        });
        let other = block_on(job).unwrap();
        block_on(other).unwrap();
        unexplored(|| drop(executor));
    });
}

/// A job waits for another by an executor of its own: the other one has its place meanwhile, and the first
/// goes on after it.
#[test]
fn a_job_that_finds_another_pending_makes_room() {
    model_with_preemptions(1, || {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let job = executor.handle().spawn_blocking(move || {
            let mut other = pin!(handle.spawn_blocking(|| 7));
            block_on(other.as_mut()).unwrap()
        });
        assert_eq!(block_on(job).unwrap(), 7);
        unexplored(|| drop(executor));
    });
}
