//! Which runtime's timers, and which seat, the current thread uses.

use std::cell::RefCell;

use crate::seat::Seat;
use crate::shared::Shared;
use crate::sync::{Arc, thread_local};

thread_local! {
    /// The innermost scope that the current thread has entered.
    static CURRENT: RefCell<Option<Context>> = RefCell::new(nowhere());
}

/// A scope that a thread has entered.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The timers of the runtime.
    pub(crate) shared: Arc<Shared>,
    /// The seat in which the thread arms timers.
    pub(crate) seat: Arc<Seat>,
    /// Whether the seat is the thread's own, rather than the one of all outside threads.
    pub(crate) is_seated: bool,
}

/// Runs `body` with the scope that the current thread is in, if any. `body` must not run code of
/// the user, nor drop anything that might.
pub(crate) fn with<R>(body: impl FnOnce(&Context) -> R) -> Option<R> {
    // A thread that is ending has no locals any more, and so is in no scope.
    CURRENT
        .try_with(|current| current.borrow().as_ref().map(body))
        .ok()
        .flatten()
}

/// The scope of a thread that has entered none. A function, since loom's thread-locals have no
/// constant initialisers, and lints want one for what could be constant.
fn nowhere() -> Option<Context> {
    None
}

/// Puts the current thread into a scope and returns the one it was in.
pub(crate) fn replace(context: Option<Context>) -> Option<Context> {
    // A thread that is ending has no locals any more, and nothing to restore.
    CURRENT
        .try_with(|current| current.replace(context))
        .ok()
        .flatten()
}
