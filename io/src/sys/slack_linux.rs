//! The timer slack of the threads that wait: by how much the kernel may prolong a timed wait so that
//! it ends together with another one.
//!
//! It is the thread's own, 50 us unless it was set, and inherited by the threads and processes that
//! the thread makes (prctl(2), `PR_SET_TIMERSLACK`). It is set at a thread's first timed wait, not
//! before: a thread in `block_on` that never waits for a time pays no system call for it. A thread of
//! the user's gets back what it had when it leaves the runtime.

use std::cell::Cell;
use std::num::NonZeroU64;

use rustix::thread::{current_timer_slack, set_current_timer_slack};

/// What a thread's slack was before it was set, and is now, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Changed {
    /// `None`: the kernel does not tell, so it is not changed either.
    before: Option<NonZeroU64>,
    now: NonZeroU64,
}

crate::sync::const_thread_local! {
    /// Whether this thread's slack has been set.
    static CHANGED: Cell<Option<Changed>> = Cell::new(None);
}

/// Sets this thread's slack, unless it is the one that was set last. Nothing is lost but exactness
/// if the kernel refuses.
#[inline]
pub(crate) fn set_timer_slack(slack: NonZeroU64) {
    let changed = CHANGED.get();
    if changed.is_none_or(|changed| changed.now != slack) {
        change(changed, slack);
    }
}

#[cold]
fn change(changed: Option<Changed>, slack: NonZeroU64) {
    let before = match changed {
        Some(changed) => changed.before,
        None => current_timer_slack().ok().and_then(NonZeroU64::new),
    };
    if before.is_some() {
        let _ = set_current_timer_slack(Some(slack));
    }
    CHANGED.set(Some(Changed { before, now: slack }));
}

/// Gives this thread the slack back that it had before it was set.
pub(crate) fn restore_timer_slack() {
    if let Some(Changed {
        before: Some(before),
        ..
    }) = CHANGED.take()
    {
        let _ = set_current_timer_slack(Some(before));
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gets_back_the_slack_that_it_had() {
        let own = NonZeroU64::new(77_000);
        set_current_timer_slack(own).expect("the kernel lets a thread set its slack");
        for slack in [1, 5_000] {
            set_timer_slack(NonZeroU64::new(slack).expect("it is not zero"));
            assert_eq!(current_timer_slack(), Ok(slack));
        }
        restore_timer_slack();
        assert_eq!(current_timer_slack().ok(), own.map(NonZeroU64::get));
        restore_timer_slack();
        assert_eq!(current_timer_slack().ok(), own.map(NonZeroU64::get));
    }
}
