//! Building, entering and ending a runtime.
//!
//! # Flavours
//!
//! * [`Builder::new_multi_thread`]: a worker thread for each core. Tasks run whether or not any
//!   thread is inside [`Runtime::block_on`]; a thread that is works along.
//! * [`Builder::new_current_thread`]: no threads of its own. Tasks run while a thread is inside
//!   [`Runtime::block_on`].
//!
//! # Fairness
//!
//! A worker takes tasks from its own queue in the order they came, except that a task that was
//! just woken or spawned by the running one goes next, a bounded number of times in a row. At
//! least every 61 tasks it looks at sockets, timers and tasks from outside. A task that is ready
//! is therefore run after a bounded number of polls of others, if each poll ends.
//!
//! # After `fork()`
//!
//! The child of a `fork()` has the handles of its parent's runtimes, but not their threads, and their
//! sockets are the parent's own. What needs such a runtime is refused at once: by a panic that says
//! so, or by an error where the call has a `Result` (registering a socket, waiting for one, and a
//! `JoinHandle` of a task that had not ended: it counts as cancelled). Dropping it, or shutting it
//! down without a grace, does nothing and leaves it behind in memory. The parent notices none of
//! this.
//!
//! A new runtime works in the child, also if the fork was made in a task or in `block_on`; a socket
//! can be taken along by its `into_std` and `from_std`. The child must not come back out of such a
//! task: it ends by `_exit` or `exec`. Otherwise it is stopped there, before it runs the parent's
//! tasks a second time: by a panic in `block_on`, by an abort on a thread of the runtime's own.
//!
//! This relies on the C library's `pthread_atfork`, and on its memory allocator's working in the
//! child; glibc's does.

mod builder;
mod defaults;
mod environment;
mod handle;
mod metrics;
mod panics;
mod shutdown;

pub use builder::Builder;
pub use handle::{EnterGuard, Handle, TryCurrentError};
pub use metrics::RuntimeMetrics;
pub use panics::{PanicAction, TaskPanic, UnhandledPanic};
pub use shutdown::{Shutdown, ShutdownReport, ShutdownSignal};

use std::future::Future;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use mainspring_executor::{Executor, is_large};

use crate::task::JoinHandle;

/// A runtime: worker threads, the driver of sockets and timers, the offload pool.
///
/// # Its end
///
/// Dropping it ends it: every task's future is dropped, blocking jobs that run are waited for, and
/// polls, too, as long as they take: [`shutdown`](Self::shutdown) is the way that is bounded in
/// time, that leaves the tasks a grace, and that says how they ended.
///
/// It may be dropped anywhere, and never panics. It waits only where a thread may: in async code (a
/// task or a `block_on` of any runtime, and their destructors) it begins the end, and the rest
/// happens in the background. Dropped inside one of its own blocking jobs it does not wait for
/// jobs, since the thread would wait for itself.
///
/// Afterwards nothing that is left of it panics: its handles spawn tasks that are cancelled, waits
/// for its sockets end with an error, its timers are ready when they are due, though nobody is woken
/// for that outside its `block_on`.
///
/// # Examples
///
/// ```
/// let runtime = mainspring::runtime::Runtime::new()?;
/// let answer = runtime.block_on(async {
///     mainspring::spawn(async { 42 }).await.unwrap()
/// });
/// assert_eq!(answer, 42);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Runtime {
    executor: Executor,
    handle: Handle,
}

/// The kinds of runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// No threads of its own.
    CurrentThread,
    /// Worker threads.
    MultiThread,
}

impl Runtime {
    /// A multi-thread runtime with a worker for each core.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread or the driver's descriptors.
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().build()
    }

    fn from_executor(executor: Executor) -> Self {
        let handle = Handle::from_executor(executor.handle().clone());
        Self { executor, handle }
    }

    /// A handle: cheap to clone, usable from any thread.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task; see [`task::spawn`](crate::task::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if const { is_large::<F>() } {
            self.handle.spawn(Box::pin(future))
        } else {
            self.handle.spawn(future)
        }
    }

    /// Runs a blocking job; see [`task::spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(job)
    }

    /// Runs `future` to its end on this thread, which works for the runtime meanwhile.
    ///
    /// The future need not be `Send` and never leaves the thread. Tasks that it spawned and that
    /// are not finished go on: on the worker threads, or at the next `block_on`.
    ///
    /// Inside a task, or inside another `block_on`, of a multi-thread runtime, another thread goes on
    /// with what this one was doing for it.
    ///
    /// # Panics
    ///
    /// If `future` panics. Inside a task, or inside another `block_on`, of the same runtime, if that
    /// is a current-thread one, or the system refuses the other thread: nobody could go on.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if const { is_large::<F>() } {
            self.handle.block_on(Box::pin(future))
        } else {
            self.handle.block_on(future)
        }
    }

    /// Makes this the thread's current runtime until the guard is dropped; see
    /// [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Ends the runtime and waits at most `limit` for its threads and its blocking jobs.
    ///
    /// What is not finished by then goes on in the background and is cut off by the end of the
    /// process.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// let runtime = mainspring::runtime::Runtime::new()?;
    /// runtime.spawn_blocking(|| std::thread::sleep(Duration::from_secs(3600)));
    /// let begun = Instant::now();
    /// runtime.shutdown_timeout(Duration::from_millis(50));
    /// assert!(begun.elapsed() < Duration::from_secs(60));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown_timeout(mut self, limit: Duration) {
        self.executor.shutdown(Some(limit));
        // What still runs is left behind: dropping the executor would wait for it.
        self.executor.detach();
    }

    /// Ends the runtime without waiting for anything. It may be called inside a task.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// What the runtime is doing, in numbers.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }
}

// No lock is held while user code runs, so no panic leaves anything half done.
impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl AsRef<mainspring_executor::Handle> for Runtime {
    fn as_ref(&self) -> &mainspring_executor::Handle {
        self.handle.as_ref()
    }
}
