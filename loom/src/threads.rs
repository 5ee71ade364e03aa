//! Threads that the system may refuse.

use std::cell::Cell;
use std::io;

use loom::thread::JoinHandle;

std::thread_local! {
    /// Whether a thread is refused to whoever asks for one. Not loom's: all threads of a model share the
    /// thread of the system that runs it.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// For the rest of this execution, or until it is called again, the system has no thread for those who
/// are ready to do without.
pub fn refuse_threads(refuse: bool) {
    REFUSED.set(refuse);
}

/// loom's builder, for code that knows what to do when there is no thread.
#[derive(Debug)]
pub struct Builder(loom::thread::Builder);

impl Builder {
    /// A builder of a thread without a name.
    pub fn new() -> Self {
        Self(loom::thread::Builder::new())
    }

    /// Names the thread.
    #[must_use]
    pub fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    /// Sets the size of its stack.
    #[must_use]
    pub fn stack_size(self, size: usize) -> Self {
        Self(self.0.stack_size(size))
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the model has it so: see [`refuse_threads`].
    pub fn spawn<F, T>(self, body: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if REFUSED.get() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.0.spawn(body)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
