//! What becomes of the panics of tasks.

use std::future::Future;
use std::sync::Arc;

use mainspring_executor::PanicHook;
#[doc(inline)]
pub use mainspring_executor::{PanicAction, TaskPanic};

use super::Runtime;

/// What becomes of a panic that nobody can see, because the task's JoinHandle was dropped without
/// having been awaited; see
/// [`Builder::unhandled_panic`](super::Builder::unhandled_panic).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum UnhandledPanic {
    /// It is one line on standard error, and the others go on.
    #[default]
    Ignore,
    /// It ends the runtime: [`PanicAction::ShutdownRuntime`].
    ShutdownRuntime,
}

impl UnhandledPanic {
    /// The hook that does this.
    pub(super) fn into_hook(self) -> Option<PanicHook> {
        match self {
            Self::Ignore => None,
            Self::ShutdownRuntime => Some(Arc::new(|panic| {
                if panic.has_handle() {
                    PanicAction::Ignore
                } else {
                    PanicAction::ShutdownRuntime
                }
            })),
        }
    }
}

impl Runtime {
    /// [`block_on`](Self::block_on), then the runtime's end; then panics if a task's panic has ended
    /// the runtime, or would have, had it not been ending. It is for `#[test]` and `#[main]`.
    #[doc(hidden)]
    #[track_caller]
    pub fn run<F: Future>(self, future: F) -> F::Output {
        let output = self.block_on(future);
        let handle = self.handle.clone();
        drop(self);
        handle.as_ref().expect_no_panic();
        output
    }
}
