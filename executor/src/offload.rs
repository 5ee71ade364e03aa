//! The offload pool: threads for jobs that wait, and for jobs that compute.
//!
//! Two lanes share the threads. *Blocking* jobs spend their time waiting, so each gets a thread of
//! its own, up to `threads_max`. *Computing* jobs want a core each, so at most `computing_max` run
//! at once. Threads are started when a job finds none idle, wait for the next job on a stack (the
//! latest first, so that a burst's threads retire), and end after `keep_alive` without one.
//!
//! # Invariants
//!
//! * I1: a job that was accepted is run or cancelled, once. It is in a queue, in the hands of a
//!   thread, or in the mailbox of a thread that was taken off the idle stack for it.
//! * I2: while a job is queued that a thread could run, some thread is alive that will look: one
//!   that is running a job looks before it goes idle, under the same lock that a submitter holds.
//! * I3: an idle thread is claimed by taking it off the stack, under the lock. A thread whose wait
//!   timed out and that is no longer on the stack has been claimed, and must wait for its job.
//! * I4: jobs run, and closures are dropped, with no lock held.
//!
//! Rejected: a sharded queue with separate idle accounting (such a one lost wake-ups in
//! production elsewhere and was taken back within days).

mod job;
mod pool;

pub use job::JobContext;
pub(crate) use job::JobScheduler;
pub(crate) use pool::{Lane, Pool, PoolConfig};

use std::panic::Location;
use std::sync::Arc;

use crate::context;
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::task::{JoinHandle, TaskOrigin, new_task, next_id};

impl Scheduler {
    /// Hands a job to the pool.
    pub(crate) fn submit<F, R>(
        self: &Arc<Self>,
        lane: Lane,
        job: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce(&JobContext) -> R + Send + 'static,
        R: Send + 'static,
    {
        // Jobs are in no list of live tasks: the pool's queues hold them until they run.
        let origin = TaskOrigin {
            id: next_id(),
            spawned_at,
            shard: 0,
        };
        let (_, entry, handle) = new_task(job::Job::new(job), JobScheduler, origin);
        if let Err(refused) = self
            .pool
            .submit(&Handle::new(Arc::clone(self)), lane, entry)
        {
            refused.cancel();
        }
        handle
    }
}

/// Runs a job that waits (a file, a lock, a library that blocks) on a thread of the pool, so that
/// no worker is stopped by it.
///
/// Awaiting the handle gives the closure's result. The closure has this runtime as its current
/// one: it may call [`spawn`](crate::spawn) and block on handles.
///
/// # Cancel safety
///
/// Dropping the handle detaches the job. Aborting it has an effect only while it is queued.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let sum = mainspring::task::spawn_blocking(|| {
///     std::thread::sleep(std::time::Duration::from_millis(5));
///     1 + 1
/// });
/// assert_eq!(sum.await.unwrap(), 2);
/// # }
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(job: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    context::expect_current("spawn_blocking").spawn_blocking(job)
}

/// Runs a job that computes on a thread of the pool, with at most as many at once as there are
/// cores.
///
/// The closure gets a [`JobContext`], which tells it whether it has been aborted: a long
/// computation asks now and then and returns early. A job that is aborted while it is queued is
/// dropped without running.
///
/// # Cancel safety
///
/// Dropping the handle detaches the job.
///
/// # Panics
///
/// Outside a runtime.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let primes = mainspring::task::offload(|job| {
///     (2u64..100_000)
///         .take_while(|_| !job.is_cancelled())
///         .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
///         .count()
/// });
/// assert_eq!(primes.await.unwrap(), 9592);
/// # }
/// ```
#[track_caller]
pub fn offload<F, R>(job: F) -> JoinHandle<R>
where
    F: FnOnce(&JobContext) -> R + Send + 'static,
    R: Send + 'static,
{
    context::expect_current("offload").offload(job)
}
