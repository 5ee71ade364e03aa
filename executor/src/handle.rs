//! A reference to a scheduler, for everything but ending it.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::block_on;
use crate::context::{self, EnterGuard};
use crate::driver::Environment;
use crate::offload::{JobContext, Lane};
use crate::scheduler::Scheduler;
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

    /// The executor of this thread.
    ///
    /// # Errors
    ///
    /// None if the thread is not a worker, is not in `block_on`, and has entered no executor.
    pub fn try_current() -> Option<Self> {
        context::current()
    }

    /// Makes this the thread's executor until the guard is dropped.
    pub fn enter(&self) -> EnterGuard {
        context::enter(self.clone())
    }

    /// Spawns a task. After the executor's end the task is cancelled before its first poll.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.scheduler.spawn(future, Location::caller())
    }

    /// Runs a job that waits on a thread of the pool.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
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
        self.scheduler
            .submit(Lane::Computing, job, Location::caller())
    }

    /// Runs `future` to its end on this thread, which works for the executor meanwhile.
    ///
    /// # Panics
    ///
    /// Inside a task, or inside another `block_on`, of the same executor; and if `future` panics.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on::block_on(self, future)
    }

    /// What surrounds this executor's threads.
    pub fn environment(&self) -> &dyn Environment {
        &*self.scheduler.environment
    }

    /// How many worker threads there are; none on the current-thread flavour.
    pub fn worker_threads(&self) -> usize {
        self.scheduler.workers
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
