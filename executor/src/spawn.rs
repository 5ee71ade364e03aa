//! The free functions: spawning on the runtime of the present thread.

use std::future::Future;

use crate::context;
use crate::task::{Id, JoinHandle};

/// Spawns a task on the current runtime: it runs at the same time as the caller, whether or not
/// the handle is awaited.
///
/// # Panics
///
/// Outside a runtime. After the runtime's end it does not panic: the handle resolves to a
/// cancelled error.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let task = mainspring::spawn(async { "done" });
/// assert_eq!(task.await.unwrap(), "done");
/// # }
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let spawned_at = std::panic::Location::caller();
    context::with_current(|handle| match handle {
        Some(handle) => handle.scheduler().spawn(future, spawned_at),
        None => context::no_runtime("spawn"),
    })
}

/// The id of the task that is being polled.
///
/// # Panics
///
/// Outside a task; [`try_id`] does not.
#[track_caller]
pub fn id() -> Id {
    let Some(id) = try_id() else {
        panic!("`task::id` was called outside a task; `task::try_id` returns an Option")
    };
    id
}

/// The id of the task that is being polled, if any.
pub fn try_id() -> Option<Id> {
    context::current_task()
}
