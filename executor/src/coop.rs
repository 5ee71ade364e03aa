//! How much a task may do in one poll, so that one that always finds more to do goes behind the
//! others.
//!
//! Each poll of a task, of `block_on`'s future and of a [`LocalSet`](crate::LocalSet)'s task begins
//! with a budget of `OPERATIONS_A_POLL`. An operation that finds what it waits for takes one from
//! it; when nothing is left, it wakes its task and is pending instead, though it could go on. What
//! it would have given is still there at the next poll.
//!
//! # The count
//!
//! One number for each thread, `LEFT`, which no other thread sees:
//!
//! | value | meaning |
//! |---|---|
//! | `UNLIMITED` | no poll is under way, or it is exempt |
//! | 1 to `OPERATIONS_A_POLL` | that many operations may follow |
//! | 0 to -`REFUSALS_MAX` | none may; so many have been refused already |
//!
//! * C1: whoever begins a poll sets the count and puts back what was there (`limit`). So polls
//!   nest: neither `block_on` of another runtime nor a `LocalSet` inside a poll takes from the
//!   budget around it, and outside all polls nothing is limited.
//! * C2: who is refused has been woken, by the waker that it was polled with, and has noted a
//!   yield with the worker: its task goes behind all that is ready and a turn of the driver, as by
//!   [`yield_now`](crate::yield_now()).
//! * C3: an operation that turns out to be pending takes nothing ([`RestoreOnPending`]).
//! * C4: a poll that goes on in spite of `REFUSALS_MAX` refusals gets another budget. It is one
//!   in which somebody polls in a loop, such as a foreign `block_on` on a worker: refusing it for
//!   ever would not free the thread but hang it.
//!
//! Rejected: a budget of time. It would cost a look at the clock, some 25 ns, at each operation,
//! and a task's behaviour would depend on the machine's mood. Polls that take long are the
//! monitor's affair.

use std::cell::Cell;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use crate::context;
use crate::sync::const_thread_local;
use crate::worker::Worker;

/// Operations that one poll may do. Enough to spread the cost of a turn, about 50 ns, thinly; at
/// a microsecond for one on a socket it lets neighbours wait for an eighth of a millisecond.
const OPERATIONS_A_POLL: i32 = 128;

/// Refusals in one poll after which it is not the task that goes on, but somebody who polls in a
/// loop. A future that polls many others gets one for each of them, which does no harm as long as
/// refusing is the rule: here eight of nine.
const REFUSALS_MAX: i32 = 1024;

/// The count of those who are not limited.
const UNLIMITED: i32 = i32::MAX;

const_thread_local! {
    /// What the poll under way may still do; see the table above.
    static LEFT: Cell<i32> = Cell::new(UNLIMITED)
}

/// The count that was there before; put back when this is dropped.
#[derive(Debug)]
pub(crate) struct Limit {
    before: i32,
    /// It restores the thread-local of the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Limit {
    #[inline]
    fn replace(left: i32) -> Self {
        Self {
            before: LEFT.with(|cell| cell.replace(left)),
            _not_send: PhantomData,
        }
    }
}

impl Drop for Limit {
    #[inline]
    fn drop(&mut self) {
        LEFT.with(|cell| cell.set(self.before));
    }
}

/// A poll begins, and lasts until the guard is dropped.
#[inline]
pub(crate) fn limit() -> Limit {
    Limit::replace(OPERATIONS_A_POLL)
}

/// Calls `body` without a limit: for code that cannot give the thread up, or must not be refused.
#[inline]
pub fn without_limit<R>(body: impl FnOnce() -> R) -> R {
    let _limit = Limit::replace(UNLIMITED);
    body()
}

/// Whether the poll under way may do more. Always so outside a poll.
///
/// For a future that polls another one, and must do something of its own even if that one has
/// used the budget up: see [`without_limit`], or `unconstrained` in the crate `mainspring`.
///
/// # Examples
///
/// ```
/// use mainspring::task::coop;
///
/// # #[mainspring::main]
/// # async fn main() {
/// let mut steps = 0;
/// while coop::has_budget_remaining() {
///     coop::consume_budget().await;
///     steps += 1;
/// }
/// assert!(steps > 0);
/// # }
/// ```
#[inline]
pub fn has_budget_remaining() -> bool {
    LEFT.with(Cell::get) > 0
}

/// Takes one operation from the budget of the poll under way. Pending if none is left; then the
/// task has been woken, and is to return pending as well.
///
/// What comes back gives the operation back when it is dropped, unless
/// [`made_progress`](RestoreOnPending::made_progress) was called: a leaf future calls that when it
/// is ready, so that one which finds that it must wait costs nothing. Giving back restores the
/// budget as it was before this call, whatever has been taken from it since.
///
/// # Examples
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll, ready};
/// use mainspring::task::coop;
///
/// /// Reads of a source that knows nothing of budgets.
/// struct Fair<R>(R);
///
/// impl<R: Future + Unpin> Future for Fair<R> {
///     type Output = R::Output;
///
///     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R::Output> {
///         let budget = ready!(coop::poll_proceed(cx));
///         let output = ready!(Pin::new(&mut self.0).poll(cx));
///         budget.made_progress();
///         Poll::Ready(output)
///     }
/// }
/// # #[mainspring::main]
/// # async fn main() { Fair(std::future::ready(())).await }
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    let left = LEFT.with(Cell::get);
    if left == UNLIMITED {
        return Poll::Ready(RestoreOnPending::new(UNLIMITED));
    }
    if left <= 0 {
        return refuse(cx, left);
    }
    LEFT.with(|cell| cell.set(left - 1));
    Poll::Ready(RestoreOnPending::new(left))
}

/// Nothing is left: sends the task behind the others.
#[cold]
fn refuse(cx: &mut Context<'_>, left: i32) -> Poll<RestoreOnPending> {
    if left <= -REFUSALS_MAX {
        LEFT.with(|cell| cell.set(OPERATIONS_A_POLL - 1));
        return Poll::Ready(RestoreOnPending::new(OPERATIONS_A_POLL));
    }
    LEFT.with(|cell| cell.set(left - 1));
    context::with_worker(|worker| {
        if let Some(worker) = worker {
            Worker::note_yield(worker);
        }
    });
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Takes one operation from the budget of the poll under way; yields, as
/// [`yield_now`](crate::yield_now()) does, only if none is left.
///
/// For long computations that wait for nothing: called in each round of a loop it lets the others
/// have their turn, and costs next to nothing in most rounds.
///
/// # Cancel safety
///
/// Dropping it before it is ready has no effect.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let mut sum = 0_u64;
/// for n in 0..100_000 {
///     sum += n;
///     mainspring::task::consume_budget().await;
/// }
/// assert_eq!(sum, 4_999_950_000);
/// # }
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| poll_proceed(cx).map(|budget| budget.made_progress())).await;
}

/// One operation, taken by [`poll_proceed`]; given back when this is dropped, unless there was
/// progress.
#[derive(Debug)]
#[must_use = "dropping it at once gives the operation back"]
pub struct RestoreOnPending {
    /// What to put back; `UNLIMITED` if nothing.
    left: Cell<i32>,
    /// It belongs to the poll of one thread.
    _not_send: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    #[inline]
    fn new(left: i32) -> Self {
        Self {
            left: Cell::new(left),
            _not_send: PhantomData,
        }
    }

    /// The operation was done, and is not given back.
    #[inline]
    pub fn made_progress(&self) {
        self.left.set(UNLIMITED);
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        let left = self.left.get();
        if left != UNLIMITED {
            LEFT.with(|cell| cell.set(left));
        }
    }
}
