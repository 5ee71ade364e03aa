//! The user's jobs: [`spawn_blocking`] and [`offload`].

use super::job::JobContext;
use crate::context;
use crate::task::JoinHandle;

/// Runs a job that waits (a file, a lock, a library that blocks) on a thread of the pool, so that
/// no worker is stopped by it.
///
/// Awaiting the handle gives the closure's result. The closure has this runtime as its current
/// one: it may call [`spawn`](crate::spawn) and block on handles. A job that waits for another one
/// by `Handle::block_on`, or by a `block_on` of another library on a
/// [`JoinHandle`](crate::JoinHandle), does not count against the builder's `max_blocking_threads`
/// meanwhile, so jobs that wait for jobs do not deadlock.
///
/// A job that takes long can ask [`JobContext::current`] whether it is to stop.
///
/// # Cancel safety
///
/// Dropping the handle detaches the job. Aborting it drops the closure before `abort` returns, if
/// the job has not begun; one that has begun runs to its end.
///
/// # Errors
///
/// The handle gives a [`JoinError`](crate::JoinError) whose
/// [`is_refused`](crate::JoinError::is_refused) is true if the system starts no thread for the
/// job and the pool has none that could run it.
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
/// The closure gets a [`JobContext`], which tells it whether it is to stop: a long computation
/// asks now and then and returns early. Any number of jobs may wait for a core; see
/// [`reserve_offload`](crate::reserve_offload) for a bound.
///
/// # Cancel safety
///
/// Dropping the handle detaches the job. Aborting it drops the closure before `abort` returns, if
/// the job has not begun; one that has begun [learns of it](JobContext::is_cancelled).
///
/// # Errors
///
/// As those of [`spawn_blocking`].
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
