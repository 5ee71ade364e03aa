//! Time as a model has it: it passes while somebody sleeps, and not otherwise. Read from the system's
//! clock, it would differ from one execution to the next.

use std::cell::Cell;
use std::time::{Duration, Instant};

std::thread_local! {
    /// An instant and what has passed since. Not loom's: all threads of a model share the thread of
    /// the system that runs it, and the time decides nothing between them.
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The time.
pub fn now() -> Instant {
    let instant = NOW.get().unwrap_or_else(Instant::now);
    NOW.set(Some(instant));
    instant
}

/// Somebody has slept so long.
pub fn pass(duration: Duration) {
    NOW.set(now().checked_add(duration));
}
