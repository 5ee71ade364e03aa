//! How much a task may do in one poll, as far as timers take part in it.
//!
//! An executor may give each poll a budget of operations, so that a task whose timers are always
//! due, such as a loop round `sleep(ZERO)`, lets others have their turn. It counts; this crate only
//! asks, when a timer is due: a timer that must be waited for costs nothing.

use std::task::{Context, Poll};

/// What an executor that limits polls tells timers; see [`Handle::with_budget`].
///
/// [`Handle::with_budget`]: crate::Handle::with_budget
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Whether the poll under way on this thread may do more.
    pub has_remaining: fn() -> bool,
    /// Takes one operation from what is left. Pending if nothing is; then the task has been woken.
    pub poll_proceed: fn(&mut Context<'_>) -> Poll<()>,
}

impl Budget {
    /// No limit.
    pub const UNLIMITED: Self = Self {
        has_remaining: || true,
        poll_proceed: |_| Poll::Ready(()),
    };

    pub(crate) fn has_remaining(self) -> bool {
        (self.has_remaining)()
    }

    pub(crate) fn poll_proceed(self, context: &mut Context<'_>) -> Poll<()> {
        (self.poll_proceed)(context)
    }
}
