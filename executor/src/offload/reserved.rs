//! The runtime's own blocking work, on threads that the user's jobs cannot take.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::lane::Lane;
use crate::context;
use crate::handle::Handle;
use crate::task::{JoinError, JoinHandle};

/// What kind of work it is. Each has threads of its own, which count neither against the user's
/// limit nor against each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// Work on files: it ends when the disk has done its part.
    Files,
    /// Looking names up: it may be stuck for as long as a name server does not answer.
    Lookups,
}

impl Reserved {
    pub(crate) fn lane(self) -> Lane {
        match self {
            Self::Files => Lane::Files,
            Self::Lookups => Lane::Lookups,
        }
    }
}

/// Runs a job of the runtime's own on a thread of the current executor's pool.
///
/// For those who build on this executor: `mainspring::fs`, and name look-ups. User code belongs
/// into [`spawn_blocking`](crate::spawn_blocking).
///
/// # Cancel safety
///
/// Dropped before the job has begun, the job is dropped without running; after that it runs to its
/// end, and its result is dropped.
///
/// # Panics
///
/// Outside an executor.
#[track_caller]
pub fn run_reserved<F, R>(kind: Reserved, job: F) -> ReservedJob<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    context::expect_current("run_reserved").run_reserved(kind, job)
}

/// The future of a job of the runtime's own; see [`run_reserved`].
#[derive(Debug)]
#[must_use = "dropping it drops the job, if that has not begun"]
pub struct ReservedJob<R>(JoinHandle<R>);

impl<R> ReservedJob<R> {
    #[track_caller]
    pub(crate) fn new<F>(handle: &Handle, kind: Reserved, job: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let scheduler = handle.scheduler();
        Self(scheduler.submit(kind.lane(), |_| job(), Location::caller()))
    }
}

impl<R> Future for ReservedJob<R> {
    type Output = Result<R, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<R> Drop for ReservedJob<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
