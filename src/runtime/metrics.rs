//! What a runtime is doing, in numbers.

use mainspring_executor::Handle;

use super::environment::Drivers;

/// Counts of a runtime, read when they are asked for.
///
/// # Examples
///
/// ```
/// # let runtime = mainspring::runtime::Runtime::new().unwrap();
/// let metrics = runtime.metrics();
/// runtime.spawn(std::future::pending::<()>());
/// assert_eq!(metrics.num_alive_tasks(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct RuntimeMetrics {
    executor: Handle,
}

impl RuntimeMetrics {
    pub(super) fn new(executor: Handle) -> Self {
        Self { executor }
    }

    /// Worker threads; on a current-thread runtime 1, the thread in `block_on`.
    pub fn num_workers(&self) -> usize {
        self.executor.worker_threads().max(1)
    }

    /// Workers that the monitor has added while every running one was stuck.
    pub fn num_standby_workers(&self) -> usize {
        self.executor.standby_workers()
    }

    /// Tasks that were spawned and have not ended.
    pub fn num_alive_tasks(&self) -> usize {
        self.executor.alive_tasks()
    }

    /// Tasks that wait in the queue that all workers share.
    pub fn global_queue_depth(&self) -> usize {
        self.executor.injected_tasks()
    }

    /// Threads of the offload pool.
    pub fn num_blocking_threads(&self) -> usize {
        self.executor.pool_threads().0
    }

    /// Threads of the offload pool that wait for a job.
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.executor.pool_threads().1
    }

    /// How often a listener had to wait because the process or the system had no file descriptor or
    /// no memory left for the connection: a sign that a limit (`ulimit -n`) is too low. An `accept`
    /// counts once, however long it waits.
    pub fn accept_stalls(&self) -> u64 {
        Drivers::of(&self.executor).map_or(0, |drivers| drivers.io.accept_stalls())
    }

    /// Jobs that wait for a thread of the offload pool.
    pub fn blocking_queue_depth(&self) -> usize {
        self.executor.queued_jobs()
    }
}
