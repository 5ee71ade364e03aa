//! A reference to a runtime.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use mainspring_executor::is_large;

use super::environment::Drivers;
use super::{RuntimeFlavor, RuntimeMetrics};
use crate::task::JoinHandle;

/// A reference to a runtime: cheap to clone, usable from any thread. It does not keep the runtime
/// running: after its end, spawned tasks resolve to a cancelled error.
#[derive(Debug, Clone)]
pub struct Handle {
    executor: mainspring_executor::Handle,
}

impl Handle {
    pub(super) fn from_executor(executor: mainspring_executor::Handle) -> Self {
        Self { executor }
    }

    /// The runtime of this thread.
    ///
    /// # Panics
    ///
    /// Outside a runtime; [`try_current`](Self::try_current) does not.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = mainspring::runtime::Runtime::new().unwrap();
    /// runtime.block_on(async {
    ///     let handle = mainspring::runtime::Handle::current();
    ///     std::thread::spawn(move || handle.block_on(async { 1 })).join().unwrap();
    /// });
    /// ```
    #[track_caller]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("`Handle::current`: {error}"),
        }
    }

    /// The runtime of this thread.
    ///
    /// # Errors
    ///
    /// If the thread runs no task, is not in `block_on`, and has entered no runtime.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        let executor = mainspring_executor::Handle::try_current().ok_or(TryCurrentError(()))?;
        Ok(Self { executor })
    }

    /// Makes this the thread's current runtime until the guard is dropped: sockets, timers and
    /// `spawn` find it. Guards are to be dropped in the reverse order of their making.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = mainspring::runtime::Runtime::new().unwrap();
    /// let _entered = runtime.handle().enter();
    /// mainspring::spawn(async {});
    /// ```
    #[track_caller]
    pub fn enter(&self) -> EnterGuard<'_> {
        let drivers = self.drivers();
        EnterGuard {
            _executor: self.executor.enter(),
            _io: drivers.map(|drivers| drivers.io.enter()),
            _timer: drivers.map(|drivers| drivers.timer.enter(None)),
            _handle: PhantomData,
        }
    }

    /// Spawns a task; see [`task::spawn`](crate::task::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if const { is_large::<F>() } {
            self.executor.spawn(Box::pin(future))
        } else {
            self.executor.spawn(future)
        }
    }

    /// Runs a blocking job; see [`task::spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.executor.spawn_blocking(job)
    }

    /// Runs `future` to its end on this thread; see
    /// [`Runtime::block_on`](super::Runtime::block_on). On a current-thread runtime it works for
    /// the runtime as soon as no other thread does.
    ///
    /// # Panics
    ///
    /// As `Runtime::block_on`.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if const { is_large::<F>() } {
            self.executor.block_on(Box::pin(future))
        } else {
            self.executor.block_on(future)
        }
    }

    /// Which kind of runtime this is.
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match self.executor.worker_threads() {
            0 => RuntimeFlavor::CurrentThread,
            _ => RuntimeFlavor::MultiThread,
        }
    }

    /// What the runtime is doing, in numbers.
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.executor.clone())
    }

    /// Moves a clock that stands still to the next timer. False if there is none.
    #[cfg(feature = "time")]
    pub(crate) fn advance_to_next(&self) -> bool {
        self.drivers()
            .is_some_and(|drivers| drivers.timer.advance_to_next())
    }

    fn drivers(&self) -> Option<&Drivers> {
        Drivers::of(&self.executor)
    }
}

// No lock is held while user code runs, so no panic leaves anything half done.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl AsRef<mainspring_executor::Handle> for Handle {
    fn as_ref(&self) -> &mainspring_executor::Handle {
        &self.executor
    }
}

/// Keeps a runtime entered; see [`Handle::enter`].
#[derive(Debug)]
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    _executor: mainspring_executor::EnterGuard,
    _io: Option<mainspring_io::EnterGuard>,
    _timer: Option<mainspring_timer::EnterGuard>,
    _handle: PhantomData<&'a Handle>,
}

/// The error of [`Handle::try_current`]: this thread has no runtime.
#[derive(Debug)]
pub struct TryCurrentError(());

impl TryCurrentError {
    /// Whether there is no runtime on this thread.
    pub fn is_missing_context(&self) -> bool {
        true
    }

    /// Whether the thread's locals are already gone. They do not have to be asked here.
    pub fn is_thread_local_destroyed(&self) -> bool {
        false
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this thread is in no Mainspring runtime: call it inside `Runtime::block_on`, \
             `#[mainspring::main]`, a spawned task, or the scope of `Handle::enter()`",
        )
    }
}

impl std::error::Error for TryCurrentError {}
