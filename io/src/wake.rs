//! Waking many tasks, none of which can keep the others from being woken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes all, and leaves the list empty. Call it without a lock: a waker is the user's code.
///
/// A waker that panics has been reported by the panic hook. It must not take the other tasks'
/// wake-ups with it, nor the thread that drives everybody's sockets.
pub(crate) fn wake_all(wakers: &mut Vec<Waker>) {
    for waker in wakers.drain(..) {
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}
