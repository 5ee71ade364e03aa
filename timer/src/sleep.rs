//! `sleep`, `sleep_until` and their future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::budget::Budget;
use crate::clock::after_by;
use crate::entry::Entry;
use crate::instant::Instant;

pin_project! {
    /// Future of [`sleep`] and [`sleep_until`].
    ///
    /// It is registered with the runtime's timers when it is first polled before its deadline, and
    /// takes no memory beside itself. It is not `Unpin`: to poll it more than once, or to reset
    /// it, pin it with `pin!` or [`Box::pin`].
    ///
    /// Only the waker of the latest poll is woken. After the runtime has shut down it is ready at the
    /// next poll when it is due, but nothing wakes it for that, except inside that runtime's
    /// `block_on`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the timer; nothing else is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[mainspring::main]
    /// # async fn main() {
    /// # let (_sender, mut channel) = mainspring::sync::mpsc::channel::<u32>(1);
    /// # fn handle(_: Option<u32>) {}
    /// use mainspring::time::{self, Duration, Instant};
    ///
    /// let sleep = time::sleep(Duration::from_millis(50));
    /// mainspring::pin!(sleep);
    /// loop {
    ///     mainspring::select! {
    ///         () = &mut sleep => break,
    ///         message = channel.recv() => {
    ///             handle(message);
    ///             sleep.as_mut().reset(Instant::now() + Duration::from_millis(50));
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Sleep {
        // The timer.
        #[pin]
        entry: Entry,
    }
}

/// Waits until `duration` has passed. Never shorter; longer by what the system takes to wake a
/// thread, some tens of microseconds on Linux, and by up to 300 more where others have just fired:
/// timers that are close together share one wake-up.
///
/// A duration that is too long for the clock, such as [`Duration::MAX`], becomes some centuries.
/// The time counts from this call, not from the first poll.
///
/// # Cancel safety
///
/// Dropping the future cancels the timer; nothing else is lost.
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
/// use mainspring::time::{Duration, sleep};
///
/// sleep(Duration::from_millis(100)).await;
/// println!("100 ms have passed");
/// # }
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::after("sleep", duration)
}

/// Waits until `deadline`. Never shorter; longer by as much as [`sleep`].
///
/// # Cancel safety
///
/// Dropping the future cancels the timer; nothing else is lost.
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
/// use mainspring::time::{Duration, Instant, sleep_until};
///
/// sleep_until(Instant::now() + Duration::from_millis(100)).await;
/// println!("100 ms have passed");
/// # }
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::until("sleep_until", deadline)
}

impl Sleep {
    #[track_caller]
    pub(crate) fn until(function: &str, deadline: Instant) -> Self {
        Self {
            entry: Entry::new(function, |clock, _now| clock.number(deadline.into_std())),
        }
    }

    #[track_caller]
    pub(crate) fn after(function: &str, duration: Duration) -> Self {
        Self {
            entry: Entry::new(function, |_clock, now| after_by(now, duration)),
        }
    }

    /// What the executor allows the task that polls.
    pub(crate) fn budget(&self) -> Budget {
        self.entry.budget()
    }

    /// Polls as the future does, but takes nothing from the budget.
    pub(crate) fn poll_due(self: Pin<&mut Self>, waker: &Waker) -> Poll<()> {
        self.project().entry.poll(waker)
    }

    /// When the timer is due. A time more than 400 years away is given as about that.
    pub fn deadline(&self) -> Instant {
        Instant::from_std(self.entry.deadline())
    }

    /// Whether the deadline has passed.
    pub fn is_elapsed(&self) -> bool {
        self.entry.is_elapsed()
    }

    /// Changes the deadline, before or after the future has completed.
    ///
    /// A task that waits for the old deadline is woken at the new one instead. A later deadline
    /// costs one store; if the timer fires at this very moment, the task is woken once for nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[mainspring::main]
    /// # async fn main() {
    /// use mainspring::time::{Duration, Instant, sleep};
    ///
    /// let sleep = sleep(Duration::from_millis(10));
    /// mainspring::pin!(sleep);
    /// sleep.as_mut().reset(Instant::now() + Duration::from_millis(20));
    /// sleep.await;
    /// # }
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().entry.reset(deadline.into_std());
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let budget = self.entry.budget();
        ready!(self.poll_due(context.waker()));
        budget.poll_proceed(context)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
