//! A job as a task that is polled once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::task::{AbortHandle, Notified, RawTask, Schedule, abort_handle_of};

/// What a computing job can learn about itself while it runs.
pub struct JobContext {
    /// The job's own task.
    task: Option<AbortHandle>,
}

impl JobContext {
    /// Whether the job has been aborted: a job that sees this returns early. What it returns is its
    /// result, as ever. The end of the runtime does not set it: a job that runs is waited for.
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
pub(crate) struct JobScheduler;

impl Schedule for JobScheduler {
    fn schedule(&self, _job: Notified) {
        unreachable!("a job is queued, running or over")
    }

    fn reschedule(&self, _job: Notified) {
        unreachable!("a job is never pending")
    }

    fn release(&self, _job: RawTask) {}
}
