//! A job as a task that is polled once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use super::thread::{Post, post, scheduler_of_pool};
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::task::{AbortHandle, Notified, RawTask, Schedule, abort_handle_of};

/// What a job can learn about itself while it runs.
pub struct JobContext {
    /// The job's own task.
    task: Option<AbortHandle>,
}

impl JobContext {
    /// The job that the calling thread runs. None on a thread that runs none.
    ///
    /// For a blocking job, which is not given its context, and for code deep inside a job.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring::task::{JobContext, spawn_blocking};
    ///
    /// # #[mainspring::main]
    /// # async fn main() {
    /// let job = spawn_blocking(|| {
    ///     let job = JobContext::current().expect("a job runs");
    ///     while !job.is_cancelled() {
    ///         std::thread::sleep(std::time::Duration::from_millis(1));
    ///     }
    ///     "stopped"
    /// });
    /// job.abort();
    /// // It never began, or it has stopped.
    /// assert!(job.await.map_or_else(|error| error.is_cancelled(), |said| said == "stopped"));
    /// # }
    /// ```
    pub fn current() -> Option<Self> {
        let number = match post() {
            Post::Works(number) | Post::Waits(number) => number,
            Post::Elsewhere => return None,
        };
        let task = scheduler_of_pool()?.pool.board.job_of(number)?;
        Some(Self { task: Some(task) })
    }

    /// Whether the job is to stop: it was aborted, or its runtime ends, which waits for it. A job
    /// that sees this returns early. What it returns is its result, as ever.
    pub fn is_cancelled(&self) -> bool {
        self.task
            .as_ref()
            .is_some_and(AbortHandle::is_abort_requested)
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// The future of a job: ready at its first poll.
pub(super) struct Job<F>(Option<F>);

impl<F> Job<F> {
    pub(super) fn new(job: F) -> Self {
        Self(Some(job))
    }
}

impl<F> Unpin for Job<F> {}

impl<F: FnOnce(&JobContext) -> R, R> Future for Job<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let Some(job) = self.0.take() else {
            unreachable!("a job is polled once")
        };
        Poll::Ready(job(&JobContext {
            task: abort_handle_of(cx.waker()),
        }))
    }
}

/// The scheduler of jobs. A job is in a queue until it runs, and runs once, so no wake of it ever
/// finds it idle.
#[derive(Debug)]
pub(crate) struct JobScheduler {
    /// Whose pool has the job. It does not keep it alive: a handle may be kept for ever.
    scheduler: Weak<Scheduler>,
}

impl JobScheduler {
    pub(super) fn of(scheduler: &Arc<Scheduler>) -> Self {
        Self {
            scheduler: Arc::downgrade(scheduler),
        }
    }
}

impl Schedule for JobScheduler {
    fn schedule(&self, _job: Notified) {
        unreachable!("a job is queued, running or over")
    }

    fn reschedule(&self, _job: Notified) {
        unreachable!("a job is never pending")
    }

    fn release(&self, _job: RawTask) {}

    fn runtime(&self) -> Option<Handle> {
        self.scheduler.upgrade().map(Handle::new)
    }
}
