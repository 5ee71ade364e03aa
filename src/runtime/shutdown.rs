//! Ending a runtime with a grace, a report, and a signal to its tasks.
//!
//! What waits (or does not) where is said at [`Runtime`].

use std::time::Duration;

pub use mainspring_executor::{Shutdown, ShutdownReport, ShutdownSignal};

use super::{Handle, Runtime};

impl Runtime {
    /// Ends the runtime: its tasks may finish what they do within `grace`; then what is left is
    /// cut off, and the report says how it all ended.
    ///
    /// 1. [`Handle::shutdown_signal`] becomes ready, [`Handle::is_shutting_down`] true. Everything
    ///    goes on, and tasks may still be spawned: they finish within the same grace.
    /// 2. When no task and no job of the offload pool is left, or `grace` is over, nothing is
    ///    spawned any more (handles resolve to a cancelled error), waiting tasks drop their futures,
    ///    queued jobs their closures. Without tasks and jobs this comes at once.
    /// 3. Polls and jobs that are running then get another 50 milliseconds to end. What still runs
    ///    after that is reported as stuck and left behind, to be ended with the process.
    ///
    /// So it returns, whatever the tasks do, within `grace` and a tenth of a second (and 20
    /// microseconds for each task, where there are ten thousands to be dropped); with one
    /// exception: on the current-thread flavour the calling thread runs the tasks during the grace,
    /// and drops them afterwards; if one of them never leaves its poll or its destructor, it never
    /// returns.
    ///
    /// The grace is time as the system counts it, even if the runtime's clock is paused.
    ///
    /// It blocks the thread. In async code use [`Handle::shutdown`]. Called there all the same, the
    /// thread's other tasks go on elsewhere, as with [`block_in_place`](crate::task::block_in_place),
    /// and a task is not waited for by itself; only the tasks of a current-thread runtime cannot be
    /// run while one of them is here, and so get no grace.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let runtime = mainspring::runtime::Runtime::new()?;
    /// let signal = runtime.handle().shutdown_signal();
    /// runtime.spawn(async move {
    ///     signal.await;
    ///     // Say goodbye to whoever is connected.
    /// });
    /// let report = runtime.shutdown(Duration::from_secs(5));
    /// assert_eq!(report.finished, 1);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown(self, grace: Duration) -> ShutdownReport {
        self.executor.shutdown_with_grace(grace)
    }
}

impl Handle {
    /// Ends the runtime as [`Runtime::shutdown`] does, without blocking the thread.
    ///
    /// It begins at the first poll; another thread, started for it, waits. It may be awaited
    ///
    /// * inside `block_on` of the same runtime, such as the main function under
    ///   `#[mainspring::main]`. That future is no task and goes on afterwards; but the runtime has
    ///   ended then: what it spawns is cancelled, its sockets give errors, its timers go on;
    /// * in a task of another runtime;
    /// * in a task of the same runtime: that is not waited for, and cut off with the others, so
    ///   nothing after the `.await` is run;
    /// * by any other executor.
    ///
    /// If the system refuses the thread there is no grace: everything is cut off at once.
    ///
    /// # Cancel safety
    ///
    /// Once it was polled the shutdown goes on, even if the future is dropped.
    ///
    /// # Panics
    ///
    /// If the future is polled again after it gave the report.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mainspring::runtime::Handle;
    ///
    /// #[mainspring::main]
    /// async fn main() {
    ///     let worker = mainspring::spawn(async {
    ///         Handle::current().shutdown_signal().await;
    ///         "drained"
    ///     });
    ///     let report = Handle::current().shutdown(Duration::from_secs(5)).await;
    ///     assert_eq!(report.finished, 1);
    ///     assert_eq!(worker.await.unwrap(), "drained");
    /// }
    /// ```
    pub fn shutdown(&self, grace: Duration) -> Shutdown {
        self.as_ref().shutdown(grace)
    }

    /// A future that is ready as soon as the runtime begins to end: tasks that want to drain stop
    /// taking new work then, finish what they have, and return.
    ///
    /// [`Runtime::shutdown`] and [`Handle::shutdown`] leave them the grace for that. Where the
    /// runtime ends without one (it is dropped, or by `shutdown_timeout`) the signal is given, too,
    /// but tasks are cut off at the same time: only futures outside the runtime see it.
    ///
    /// Any number of futures may wait for it, also on other runtimes. Each costs one entry in a
    /// list while it waits.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped: the signal stays given.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = mainspring::runtime::Runtime::new().unwrap();
    /// # runtime.block_on(async {
    /// let mut signal = mainspring::runtime::Handle::current().shutdown_signal();
    /// let work = std::future::pending::<()>();
    /// mainspring::spawn(async move {
    ///     mainspring::select! {
    ///         _ = &mut signal => "told to end",
    ///         _ = work => "all is done",
    ///     }
    /// });
    /// # });
    /// ```
    pub fn shutdown_signal(&self) -> ShutdownSignal {
        self.as_ref().shutdown_signal()
    }

    /// Whether the runtime has begun to end: whether
    /// [`shutdown_signal`](Self::shutdown_signal) is ready.
    pub fn is_shutting_down(&self) -> bool {
        self.as_ref().is_shutting_down()
    }
}
