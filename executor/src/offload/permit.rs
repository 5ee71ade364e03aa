//! Back-pressure: a place for a job before there is a job.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::gate::{Entrance, Gate};
use super::job::JobContext;
use super::lane::Lane;
use crate::context;
use crate::coop;
use crate::handle::Handle;
use crate::task::JoinHandle;

/// Waits for a place among the computing jobs that wait for a core.
///
/// [`offload`](crate::offload()) takes on any number of jobs, each with what its closure holds. A
/// producer that is faster than the cores reserves a place first, and so waits itself when too many
/// of its jobs do: there are as many places as the builder's `max_waiting_offloads` says. A place is
/// free again when its job begins, or is aborted. Places are given in the order in which they were
/// asked for.
///
/// # Cancel safety
///
/// Nothing is lost when the future is dropped; its turn in the line is.
///
/// # Errors
///
/// When the runtime has ended.
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
/// let mut sums = Vec::new();
/// for block in [vec![1u64; 1000], vec![2; 1000]] {
///     let place = mainspring::task::reserve_offload().await.unwrap();
///     sums.push(place.run(move |_| block.iter().sum::<u64>()));
/// }
/// let mut total = 0;
/// for sum in sums {
///     total += sum.await.unwrap();
/// }
/// assert_eq!(total, 3000);
/// # }
/// ```
#[track_caller]
pub fn reserve_offload() -> ReserveOffload {
    context::expect_current("reserve_offload").reserve_offload()
}

/// The future of [`reserve_offload`].
#[must_use = "futures do nothing unless polled"]
pub struct ReserveOffload {
    /// The runtime whose pool it is.
    handle: Handle,
    /// How far it has come.
    entrance: Entrance,
}

impl ReserveOffload {
    pub(crate) fn new(handle: Handle) -> Self {
        Self {
            handle,
            entrance: Entrance::default(),
        }
    }
}

impl Future for ReserveOffload {
    type Output = Result<OffloadPermit, ReserveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(coop::poll_proceed(cx));
        let gate = Arc::clone(&self.handle.scheduler().pool.gate);
        gate.poll_enter(&mut self.entrance, cx).map(|entered| {
            budget.made_progress();
            entered.map_err(|_| ReserveError(()))?;
            Ok(OffloadPermit {
                handle: self.handle.clone(),
                place: Place(gate),
            })
        })
    }
}

impl Drop for ReserveOffload {
    fn drop(&mut self) {
        let gate = &self.handle.scheduler().pool.gate;
        gate.give_up(&mut self.entrance);
    }
}

impl fmt::Debug for ReserveOffload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReserveOffload").finish_non_exhaustive()
    }
}

/// A place for one computing job; see [`reserve_offload`]. Dropping it frees the place.
#[must_use = "the place is held until the permit is used or dropped"]
pub struct OffloadPermit {
    /// The runtime whose pool it is.
    handle: Handle,
    /// The place.
    place: Place,
}

impl OffloadPermit {
    /// Runs a job that computes; see [`offload`](crate::offload()). The place is free again when
    /// the job begins, or is aborted.
    #[track_caller]
    pub fn run<F, R>(self, job: F) -> JoinHandle<R>
    where
        F: FnOnce(&JobContext) -> R + Send + 'static,
        R: Send + 'static,
    {
        let place = self.place;
        let job = move |context: &JobContext| {
            drop(place);
            job(context)
        };
        let scheduler = self.handle.scheduler();
        scheduler.submit(Lane::Computing, job, Location::caller())
    }
}

impl fmt::Debug for OffloadPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OffloadPermit").finish_non_exhaustive()
    }
}

/// A place that is given back when this is dropped.
struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The error of [`reserve_offload`]: the runtime has ended and takes no jobs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveError(());

impl fmt::Display for ReserveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the runtime has ended: it takes no jobs any more")
    }
}

impl std::error::Error for ReserveError {}
