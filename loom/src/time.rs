//! Time as a model has it: it passes while somebody sleeps, and not otherwise. Read from the system's
//! clock, it would differ from one execution to the next.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A wait of bounded length that is at least so long never ends by its bound.
const LONG: Duration = Duration::from_secs(1);

std::thread_local! {
    /// An instant, and what has been slept since. Not loom's, nor is the next: all threads of a model
    /// share the thread of the system that runs it, and neither decides anything between them.
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };

    /// Whether short waits end by their bound.
    static SHORT_WAITS_END: Cell<bool> = const { Cell::new(false) };
}

/// The time that has come.
pub fn now() -> Instant {
    NOW.with(|now| {
        let instant = now.get().unwrap_or_else(Instant::now);
        now.set(Some(instant));
        instant
    })
}

/// Lets so much time pass, and the other threads run.
pub fn sleep(duration: Duration) {
    let then = now().checked_add(duration);
    NOW.with(|now| now.set(then));
    loom::thread::yield_now();
}

/// From now on, in this execution, a wait that is bounded by less than a second ends by its bound when
/// the others have had their turn. A whole runtime needs it: those who are in it after its end look
/// every few milliseconds at what nobody turns any more. The model of a single protocol does without, so
/// that it finds a notification that is missing.
pub fn end_short_waits() {
    SHORT_WAITS_END.set(true);
}

/// An execution begins.
pub(crate) fn reset() {
    SHORT_WAITS_END.set(false);
}

/// Whether a wait of this length ends by its bound.
pub(crate) fn ends(limit: Duration) -> bool {
    SHORT_WAITS_END.get() && limit < LONG
}
