//! Spawning with a name.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use super::join::JoinHandle;
use super::named::Named;
use crate::context;
use crate::handle::Handle;
use crate::local::{self, LocalSet};
use crate::offload::Lane;

/// Where a task is spawned.
type At = &'static Location<'static>;

/// Spawns tasks that have a name, which panics, reports and `Debug` show.
///
/// A name costs one allocation at the spawn; tasks without one pay nothing for it.
///
/// # Errors
///
/// The methods return a `Result` because tokio's do. They give no error: a task that cannot be
/// started says so by its handle.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let reader = mainspring::task::Builder::new()
///     .name("reader")
///     .spawn(async { 42 })?;
/// assert_eq!(reader.meta().name(), Some("reader"));
/// assert_eq!(reader.await?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Builder<'a> {
    /// The name of the task to be spawned.
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// A builder of a task without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the task a name. It need not be unique.
    #[must_use = "the name is the returned builder's"]
    pub fn name(&self, name: &'a str) -> Self {
        Self { name: Some(name) }
    }

    /// Spawns a task on the current runtime; see [`spawn`](crate::spawn).
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let handle = context::expect_current("task::Builder::spawn");
        Ok(self.spawn_in(future, &handle, Location::caller()))
    }

    /// Spawns a task on the runtime of `handle`.
    ///
    /// # Errors
    ///
    /// None.
    #[track_caller]
    pub fn spawn_on<F>(
        self,
        future: F,
        handle: impl AsRef<Handle>,
    ) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Ok(self.spawn_in(future, handle.as_ref(), Location::caller()))
    }

    /// Spawns a task on the current [`LocalSet`]; see [`spawn_local`](crate::spawn_local).
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// Outside a `LocalSet`.
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let set = local::expect_current("task::Builder::spawn_local");
        Ok(set.spawn(future, self.owned_name(), Location::caller()))
    }

    /// Spawns a task on `set`.
    ///
    /// # Errors
    ///
    /// None.
    #[track_caller]
    pub fn spawn_local_on<F>(self, future: F, set: &LocalSet) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let set = set.shared();
        Ok(set.spawn(future, self.owned_name(), Location::caller()))
    }

    /// Runs a blocking job on the current runtime's pool; see
    /// [`spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, job: F) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let handle = context::expect_current("task::Builder::spawn_blocking");
        Ok(self.submit_to(job, &handle, Location::caller()))
    }

    /// Runs a blocking job on the pool of `handle`'s runtime.
    ///
    /// # Errors
    ///
    /// None.
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(
        self,
        job: F,
        handle: impl AsRef<Handle>,
    ) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(self.submit_to(job, handle.as_ref(), Location::caller()))
    }

    #[track_caller]
    fn spawn_in<F>(self, future: F, handle: &Handle, at: At) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.expect_current("task::Builder::spawn");
        let scheduler = handle.scheduler();
        match self.owned_name() {
            None => scheduler.spawn(future, at),
            Some(name) => scheduler.spawn_with(future, at, |own| Named::new(name, own)),
        }
    }

    #[track_caller]
    fn submit_to<F, R>(self, job: F, handle: &Handle, at: At) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        handle.expect_current("task::Builder::spawn_blocking");
        let scheduler = handle.scheduler();
        let lane = Lane::Blocking;
        match self.owned_name() {
            None => scheduler.submit(lane, |_| job(), at),
            Some(name) => scheduler.submit_with(lane, |_| job(), at, |own| Named::new(name, own)),
        }
    }

    fn owned_name(self) -> Option<Arc<str>> {
        self.name.map(Arc::from)
    }
}
