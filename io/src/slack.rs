//! [`TimerSlack`]: a thread's timer slack, given back when the thread leaves the runtime.

use std::marker::PhantomData;

use crate::sys;

/// When it is dropped, the thread gets back the timer slack that it had before turns of a
/// [`Driver`](crate::Driver) changed it; see [`Driver::set_timer_slack`](crate::Driver::set_timer_slack).
#[derive(Debug)]
#[must_use = "the slack is given back when this is dropped"]
pub struct TimerSlack {
    /// The slack is that of the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl TimerSlack {
    /// To be dropped on this thread, after its turns.
    pub fn kept() -> Self {
        Self {
            _not_send: PhantomData,
        }
    }
}

impl Drop for TimerSlack {
    fn drop(&mut self) {
        sys::restore_timer_slack();
    }
}
