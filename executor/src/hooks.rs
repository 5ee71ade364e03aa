//! What the user of a runtime wants done on its threads. A panic in a hook is contained: it must
//! cost neither a thread nor a job.

use std::fmt;
use std::sync::Arc;

use crate::sync::thread;
use crate::unwind::contain;

/// A closure of the builder's.
pub type Hook = Arc<dyn Fn() + Send + Sync>;

/// Names and hooks of a runtime's threads.
#[derive(Clone)]
pub(crate) struct Hooks {
    /// Gives the next thread's name.
    pub(crate) name: Arc<dyn Fn() -> String + Send + Sync>,
    /// Called on each thread when it starts.
    pub(crate) start: Option<Hook>,
    /// Called on each thread when it ends.
    pub(crate) stop: Option<Hook>,
    /// The size of the threads' stacks, in bytes; the system's default if None.
    pub(crate) stack_size: Option<usize>,
}

impl Hooks {
    /// A thread to be started, with the next name.
    pub(crate) fn builder(&self) -> thread::Builder {
        let builder = thread::Builder::new().name(self.thread_name());
        match self.stack_size {
            Some(size) => builder.stack_size(size),
            None => builder,
        }
    }

    fn thread_name(&self) -> String {
        let name = contain(|| (self.name)());
        // A name with a NUL byte cannot be given to a thread.
        name.unwrap_or_else(|| "mainspring-worker".to_owned())
            .replace('\0', "")
    }

    pub(crate) fn thread_starts(&self) {
        call(&self.start);
    }

    pub(crate) fn thread_stops(&self) {
        call(&self.stop);
    }
}

/// Calls a hook. The panic hook has reported what it may throw; the thread goes on.
fn call(hook: &Option<Hook>) {
    if let Some(hook) = hook {
        contain(|| hook());
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
