//! A handle that can only stop a task.

use std::fmt;

use super::id::Id;
use super::meta::TaskMeta;
use super::raw::RawTask;

/// Stops a task from anywhere, without being able to await it.
///
/// Made by [`JoinHandle::abort_handle`](crate::JoinHandle::abort_handle) and by
/// [`JoinSet`](crate::JoinSet). Dropping it does nothing to the task.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let task = mainspring::spawn(std::future::pending::<()>());
/// task.abort_handle().abort();
/// assert!(task.await.unwrap_err().is_cancelled());
/// # }
/// ```
pub struct AbortHandle {
    /// Holds a reference.
    task: RawTask,
}

impl AbortHandle {
    /// Takes a reference of its own from one that the caller holds.
    pub(super) fn new(task: RawTask) -> Self {
        task.state().ref_inc();
        Self { task }
    }

    /// Stops the task: its future is dropped at its next turn, or when its present poll ends, and
    /// its JoinHandle resolves to a cancelled [`JoinError`](crate::JoinError).
    ///
    /// A task that has finished, or that finishes in its present poll, keeps its output. A job of
    /// the offload pool that has begun runs to its end; one that has not is dropped before this
    /// returns.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// As [`abort`](Self::abort), but if the task only waits, its future is dropped before this returns.
    /// For whoever ends the runtime.
    pub(crate) fn abort_here(&self) {
        self.task.abort_here();
    }

    /// Whether the task is over: finished, cancelled or panicked.
    pub fn is_finished(&self) -> bool {
        self.task.state().is_complete()
    }

    /// LocalSet's drop; see [`RawTask::claim_and_cancel`].
    pub(crate) fn claim_and_cancel(&self) {
        self.task.claim_and_cancel();
    }

    /// Whether [`abort`](Self::abort) was called, on this handle or another of the same task.
    pub(crate) fn is_abort_requested(&self) -> bool {
        self.task.state().is_cancelled()
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// The task's id, name and place of birth.
    pub fn meta(&self) -> TaskMeta {
        self.task.meta()
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        Self::new(self.task)
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        self.task.drop_ref();
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meta().debug(&mut f.debug_struct("AbortHandle"))
    }
}
