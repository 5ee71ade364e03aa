//! Tasks that let others have their turn: the budget of a poll.
//!
//! A task gives its thread up where it waits. One whose awaits are always ready at once, such as a
//! loop that reads from a peer that floods it, would never do so. So each poll of a task begins
//! with a budget of operations: at present 128. A socket that gives or takes something, a timer
//! that is due, a [`JoinHandle`](super::JoinHandle) or [`JoinSet`](super::JoinSet) with a result
//! takes one of them. When none is left, they wake their task and are pending, although they could
//! go on: the task goes behind all others that are ready on its worker and one turn of the driver,
//! as by [`yield_now`](super::yield_now). Nothing is lost by that. To wait costs nothing.
//!
//! What takes part by itself is all of [`net`](crate::net), [`time`](crate::time), and this module.
//! The channels and other types of [`sync`](crate::sync), and the streams in memory of
//! [`io`](crate::io), do not: they are tokio's, and their budget is counted by tokio's own runtime
//! only. A loop round a channel that is never empty should call [`consume_budget`] in each round,
//! or wrap its future in [`cooperative`].
//!
//! # Who has a budget
//!
//! Each poll of a task, of the future of `block_on`, and of each task of a
//! [`LocalSet`](super::LocalSet), whatever the poll of the set has used. The budget is that of the
//! poll, not of the future: [`select!`](crate::select) and [`join!`](crate::join) share it among
//! their branches. Outside of these, as on the threads of another runtime and in
//! [`spawn_blocking`](super::spawn_blocking), nothing is limited.
//!
//! A `block_on` of another library inside a task is within that task's poll, and polls on when it
//! is refused. It is not kept waiting for ever: after 1,024 refusals in one poll the budget is
//! renewed.
//!
//! # Examples
//!
//! Two ways for a task to be fair though it waits for nothing that takes part:
//!
//! ```
//! use mainspring::sync::mpsc;
//! use mainspring::task::coop::{consume_budget, cooperative};
//!
//! async fn sum(mut numbers: mpsc::UnboundedReceiver<u64>) -> u64 {
//!     let mut sum = 0;
//!     while let Some(n) = cooperative(numbers.recv()).await {
//!         sum += n;
//!     }
//!     sum
//! }
//!
//! async fn count(items: impl Iterator) -> usize {
//!     let mut count = 0;
//!     for _ in items {
//!         count += 1;
//!         consume_budget().await;
//!     }
//!     count
//! }
//! # #[mainspring::main]
//! # async fn main() {
//! # let (sender, receiver) = mpsc::unbounded_channel();
//! # (0..1000).for_each(|n| sender.send(n).unwrap());
//! # drop(sender);
//! # assert_eq!(sum(receiver).await, 499_500);
//! # assert_eq!(count(0..1000).await, 1000);
//! # }
//! ```

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mainspring_executor::coop::without_limit;
use pin_project_lite::pin_project;

#[doc(inline)]
pub use mainspring_executor::coop::{
    RestoreOnPending, consume_budget, has_budget_remaining, poll_proceed,
};

pin_project! {
    /// Future of [`cooperative`].
    ///
    /// # Cancel safety
    ///
    /// That of the inner future.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Coop<F> {
        // The future that takes part.
        #[pin]
        inner: F,
    }
}

pin_project! {
    /// Future of [`unconstrained`].
    ///
    /// # Cancel safety
    ///
    /// That of the inner future.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Unconstrained<F> {
        // The future that is exempt.
        #[pin]
        inner: F,
    }
}

/// Makes a future take part in the budget: it is polled only while there is some left, and takes
/// one operation when it is ready.
///
/// For leaf futures of other libraries, which do not count by themselves.
///
/// # Cancel safety
///
/// That of the inner future.
///
/// # Examples
///
/// See the [module](self).
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { inner: future }
}

/// Exempts a future from the budget: what it awaits is never refused.
///
/// A future that is always ready then keeps its thread, and all that waits there, until it ends.
///
/// # Cancel safety
///
/// That of the inner future.
///
/// # Examples
///
/// ```
/// use mainspring::task::{consume_budget, unconstrained};
///
/// # #[mainspring::main]
/// # async fn main() {
/// // In one poll, and so without any other task in between.
/// unconstrained(async {
///     for _ in 0..1000 {
///         consume_budget().await;
///     }
/// })
/// .await;
/// # }
/// ```
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { inner: future }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let budget = ready!(poll_proceed(cx));
        let output = ready!(self.project().inner.poll(cx));
        budget.made_progress();
        Poll::Ready(output)
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        without_limit(|| self.project().inner.poll(cx))
    }
}
