//! Which runtime's timers, and which seat, the current thread uses.

use std::cell::{Cell, RefCell};

use crate::seat::Seat;
use crate::shared::Shared;
use crate::sync::{Arc, thread_local};

thread_local! {
    /// The innermost scope that the current thread has entered.
    static CURRENT: RefCell<Option<Context>> = RefCell::new(nowhere());
}

/// A scope that a thread has entered.
pub(crate) struct Context {
    /// The timers of the runtime.
    pub(crate) shared: Arc<Shared>,
    /// The seat in which the thread arms timers.
    pub(crate) seat: Arc<Seat>,
    /// Whether the seat is the thread's own, rather than the one of all outside threads.
    pub(crate) is_seated: bool,
    /// A reference to the seat that a timer has given back, for the next one: nearly all timers are made
    /// and dropped on one thread, and then change no counter of the seat's.
    spare: Cell<Option<Arc<Seat>>>,
}

impl Context {
    pub(crate) fn new(shared: Arc<Shared>, seat: Arc<Seat>, is_seated: bool) -> Self {
        Self {
            shared,
            seat,
            is_seated,
            spare: Cell::new(None),
        }
    }

    /// A reference to the seat, for a timer.
    #[inline]
    pub(crate) fn seat_for_timer(&self) -> Arc<Seat> {
        self.spare.take().unwrap_or_else(|| self.seat.clone())
    }

    /// Takes a timer's reference back, and returns what there is no room for.
    #[inline]
    fn keep(&self, seat: Arc<Seat>) -> Option<Arc<Seat>> {
        if Arc::ptr_eq(&self.seat, &seat) {
            self.spare.replace(Some(seat))
        } else {
            Some(seat)
        }
    }
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

/// Takes the reference of a timer that is gone.
#[inline]
pub(crate) fn give_back(seat: Arc<Seat>) {
    let mut seat = Some(seat);
    with(|current| seat = seat.take().and_then(|seat| current.keep(seat)));
    // Here, and not within the scope: it may be the last of a runtime's.
    drop(seat);
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
