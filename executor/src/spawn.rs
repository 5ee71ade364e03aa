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
    if const { is_large::<F>() } {
        spawn_on_current(Box::pin(future))
    } else {
        spawn_on_current(future)
    }
}

#[track_caller]
fn spawn_on_current<F>(future: F) -> JoinHandle<F::Output>
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

/// Futures of more bytes than this are large.
const LARGE: usize = 16 * 1024;

/// Whether a future is so large that it should be moved to the heap before it is handed on. Each
/// function that hands it on may copy it to its own frame, and in a debug build each does: ten copies
/// of 200 KiB overflow the stack of a thread.
#[must_use]
pub const fn is_large<F>() -> bool {
    size_of::<F>() > LARGE
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
