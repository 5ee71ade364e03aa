//! A reference to a scheduler, for everything but ending it.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::block_on;
use crate::context::{self, EnterGuard};
use crate::driver::Environment;
use crate::offload::{JobContext, Lane, ReserveOffload, Reserved, ReservedJob};
use crate::scheduler::Scheduler;
use crate::shutdown::{Shutdown, ShutdownSignal};
use crate::spawn::is_large;
use crate::task::JoinHandle;

/// A reference to an executor: cheap to clone, usable from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    scheduler: Arc<Scheduler>,
}

impl Handle {
    pub(crate) fn new(scheduler: Arc<Scheduler>) -> Self {
        Self { scheduler }
    }

    #[inline]
    pub(crate) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    /// Refuses `call` in the child of a fork, if the executor was made before.
    #[inline]
    #[track_caller]
    pub(crate) fn expect_current(&self, call: &str) {
        self.scheduler.generation.expect_current(call);
    }

    /// Whether the process has been forked since the executor was made, and this is the child.
    pub(crate) fn is_stale(&self) -> bool {
        self.scheduler.generation.is_stale()
    }

    /// The executor of this thread.
    ///
    /// # Errors
    ///
    /// None if the thread is not a worker, is not in `block_on`, and has entered no executor.
    pub fn try_current() -> Option<Self> {
        context::current()
    }

    /// Makes this the thread's executor until the guard is dropped.
    ///
    /// # Panics
    ///
    /// In the child of a fork, if the executor was made before; see [`fork`](crate::fork). So do
    /// all calls below that need its threads.
    #[track_caller]
    pub fn enter(&self) -> EnterGuard {
        self.expect_current("Handle::enter");
        context::enter(self.clone())
    }

    /// Spawns a task. After the executor's end the task is cancelled before its first poll.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.expect_current("Handle::spawn");
        if const { is_large::<F>() } {
            self.scheduler.spawn(Box::pin(future), Location::caller())
        } else {
            self.scheduler.spawn(future, Location::caller())
        }
    }

    /// Runs a job that waits on a thread of the pool.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.expect_current("Handle::spawn_blocking");
        self.scheduler
            .submit(Lane::Blocking, |_| job(), Location::caller())
    }

    /// Runs a job that computes on a thread of the pool.
    #[track_caller]
    pub fn offload<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce(&JobContext) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.expect_current("Handle::offload");
        self.scheduler
            .submit(Lane::Computing, job, Location::caller())
    }

    /// Waits for a place among the computing jobs that wait for a core.
    #[track_caller]
    pub fn reserve_offload(&self) -> ReserveOffload {
        self.expect_current("Handle::reserve_offload");
        ReserveOffload::new(self.clone())
    }

    /// Runs a job of the runtime's own on a thread that the user's jobs cannot take.
    #[track_caller]
    pub fn run_reserved<F, R>(&self, kind: Reserved, job: F) -> ReservedJob<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        ReservedJob::new(self, kind, job)
    }

    /// Runs `future` to its end on this thread, which works for the executor meanwhile.
    ///
    /// # Panics
    ///
    /// If `future` panics. Inside a task, or inside another `block_on`, of the same executor, if that
    /// has no worker threads or the system refuses one more.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.expect_current("block_on");
        block_on::block_on(self, future)
    }

    /// Ends the executor with a grace; the future's output is the report.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the shutdown goes on, even if the future is dropped.
    #[track_caller]
    pub fn shutdown(&self, grace: Duration) -> Shutdown {
        self.expect_current("Handle::shutdown");
        Shutdown::new(self.clone(), grace)
    }

    /// A future that is ready when the executor begins to end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    #[track_caller]
    pub fn shutdown_signal(&self) -> ShutdownSignal {
        self.expect_current("Handle::shutdown_signal");
        self.scheduler.ending.signal()
    }

    /// Whether the executor has begun to end.
    pub fn is_shutting_down(&self) -> bool {
        self.scheduler.ending.is_announced()
    }

    /// # Panics
    ///
    /// If a task's panic has ended the executor, or would have, had it not been ending.
    #[track_caller]
    pub fn expect_no_panic(&self) {
        self.scheduler.panics.check();
    }

    /// What surrounds this executor's threads.
    pub fn environment(&self) -> &dyn Environment {
        &*self.scheduler.environment
    }

    /// How many worker threads there are; none on the current-thread flavour.
    pub fn worker_threads(&self) -> usize {
        self.scheduler.workers
    }

    /// How many workers work in stand-by seats.
    pub fn standby_workers(&self) -> usize {
        let seats = self.scheduler.seats.iter().skip(self.scheduler.timed_seats);
        seats.filter(|seat| seat.is_taken()).count()
    }

    /// How many tasks are alive.
    pub fn alive_tasks(&self) -> usize {
        self.scheduler.tasks.len()
    }

    /// How many tasks wait in the injector.
    pub fn injected_tasks(&self) -> usize {
        self.scheduler.injector.len()
    }

    /// How many threads the offload pool has, and how many of them wait for a job.
    pub fn pool_threads(&self) -> (usize, usize) {
        self.scheduler.pool.threads()
    }

    /// How many jobs wait for a thread of the offload pool.
    pub fn queued_jobs(&self) -> usize {
        self.scheduler.pool.queued()
    }

    /// Whether the two are of the same executor.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.scheduler, &other.scheduler)
    }
}
