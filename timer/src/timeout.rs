//! `timeout`, `timeout_at` and their future.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::budget::Budget;
use crate::error::Elapsed;
use crate::instant::Instant;
use crate::sleep::Sleep;

pin_project! {
    /// Future of [`timeout`] and [`timeout_at`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the inner future and cancels the timer. [`into_inner`](Self::into_inner)
    /// gives the inner future back.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Timeout<T> {
        // The future that is waited for.
        #[pin]
        inner: T,
        // The deadline; none if it is out of the clock's range.
        #[pin]
        delay: Option<Sleep>,
    }
}

/// Waits for a future, but not longer than `duration`.
///
/// The future is polled first: if it is ready at once, the result is its output whatever the
/// duration, and no timer is registered. The future is dropped with the returned one, not when the
/// time is over. A duration that is too long for the clock, such as [`Duration::MAX`], is no limit.
///
/// # Errors
///
/// [`Elapsed`] if the time is over before the future is ready.
///
/// # Cancel safety
///
/// Dropping the returned future drops the inner one and cancels the timer.
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
/// # let (_sender, receiver) = mainspring::sync::oneshot::channel::<()>();
/// use mainspring::time::{Duration, timeout};
///
/// if timeout(Duration::from_millis(10), receiver).await.is_err() {
///     println!("nothing came within 10 ms");
/// }
/// # }
/// ```
#[track_caller]
pub fn timeout<F>(duration: Duration, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    /// 292 years. Anything shorter is within the clock's range.
    const NO_LIMIT: Duration = Duration::from_nanos(i64::MAX as u64);
    let delay = if duration < NO_LIMIT {
        Some(Sleep::after("timeout", duration))
    } else {
        None
    };
    Timeout {
        inner: future.into_future(),
        delay,
    }
}

/// Waits for a future, but not longer than until `deadline`.
///
/// The future is polled first: if it is ready at once, the result is its output, even if the
/// deadline has passed, and no timer is registered.
///
/// # Errors
///
/// [`Elapsed`] if the deadline passes before the future is ready.
///
/// # Cancel safety
///
/// Dropping the returned future drops the inner one and cancels the timer.
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
/// # let (_sender, receiver) = mainspring::sync::oneshot::channel::<()>();
/// use mainspring::time::{Duration, Instant, timeout_at};
///
/// let deadline = Instant::now() + Duration::from_millis(10);
/// if timeout_at(deadline, receiver).await.is_err() {
///     println!("nothing came within 10 ms");
/// }
/// # }
/// ```
#[track_caller]
pub fn timeout_at<F>(deadline: Instant, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    let delay = Some(Sleep::until("timeout_at", deadline));
    Timeout {
        inner: future.into_future(),
        delay,
    }
}

impl<T> Timeout<T> {
    /// The future that is waited for.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The future that is waited for.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Gives up the timeout and returns the future that was waited for.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(delay) = this.delay.as_pin_mut() else {
            return this.inner.poll(context).map(Ok);
        };
        let budget = delay.budget();
        let had_budget = budget.has_remaining();
        if let Poll::Ready(output) = this.inner.poll(context) {
            return Poll::Ready(Ok(output));
        }
        ready!(poll_delay(delay, budget, had_budget, context));
        Poll::Ready(Err(Elapsed::new()))
    }
}

/// Polls the delay of a timeout whose inner future is pending. If that is because it has used the
/// budget up, the end of the time is told all the same: otherwise a future that is always ready
/// would never be stopped.
fn poll_delay(
    delay: Pin<&mut Sleep>,
    budget: Budget,
    had_budget: bool,
    context: &mut Context<'_>,
) -> Poll<()> {
    ready!(delay.poll_due(context.waker()));
    if had_budget && !budget.has_remaining() {
        return Poll::Ready(());
    }
    budget.poll_proceed(context)
}
