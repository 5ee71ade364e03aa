//! A task's parts.

use crate::task;

pub use crate::task::{Begin, Completed, EndPending};

/// The task state word.
pub struct State(pub(super) task::State);

impl State {
    pub fn new() -> Self {
        Self(task::State::new())
    }

    pub fn wake(&self) -> bool {
        self.0.wake()
    }

    pub fn abort(&self) -> bool {
        self.0.abort()
    }

    pub fn begin(&self) -> Begin {
        self.0.begin()
    }

    pub fn end_pending(&self) -> EndPending {
        self.0.end_pending()
    }

    pub fn complete(&self) -> Completed {
        self.0.complete()
    }

    pub fn set_join_waker(&self) -> bool {
        self.0.set_join_waker()
    }

    pub fn drop_join_interest(&self) -> bool {
        self.0.drop_join_interest()
    }

    pub fn ref_dec(&self) -> bool {
        self.0.ref_dec()
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
