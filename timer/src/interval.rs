//! `interval`, `interval_at` and what they return.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::instant::{FAR_FUTURE, Instant};
use crate::sleep::Sleep;

/// A tick that comes later than this has been missed, and the [`MissedTickBehavior`] applies.
const MISSED_AFTER: Duration = Duration::from_millis(5);

/// Ticks at a fixed period.
///
/// Made by [`interval`] and [`interval_at`]. Unlike a `sleep` in a loop it counts the time that is
/// spent between the calls of [`tick`](Self::tick).
#[derive(Debug)]
pub struct Interval {
    /// The next tick. Boxed, so that an interval may be moved.
    delay: Pin<Box<Sleep>>,
    /// The time between two ticks.
    period: Duration,
    /// What happens after a tick that came late.
    missed_tick_behavior: MissedTickBehavior,
}

/// What an [`Interval`] does when a tick was missed: when `tick` was called more than 5 ms late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissedTickBehavior {
    /// Tick as fast as possible until the interval has caught up: the ticks that were missed come
    /// at once, one after the other.
    ///
    /// ```text
    /// expected: |     1     |     2     |     3     |     4     |     5     |     6     |
    /// actual:   | work -----|          delay          | work | work | work -| work -----|
    /// ```
    #[default]
    Burst,
    /// Tick one period after the late tick, and go on from there.
    ///
    /// ```text
    /// expected: |     1     |     2     |     3     |     4     |     5     |     6     |
    /// actual:   | work -----|          delay          | work -----| work -----| work -----|
    /// ```
    Delay,
    /// Leave out the ticks that were missed: tick at the next multiple of the period from the
    /// start.
    ///
    /// ```text
    /// expected: |     1     |     2     |     3     |     4     |     5     |     6     |
    /// actual:   | work -----|          delay          | work ---| work -----| work -----|
    /// ```
    Skip,
}

/// Ticks every `period`, the first time at once.
///
/// # Panics
///
/// If `period` is zero, and outside a runtime.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// use mainspring::time::{Duration, interval};
///
/// let mut interval = interval(Duration::from_millis(10));
/// interval.tick().await; // at once
/// interval.tick().await; // 10 ms later
/// interval.tick().await; // 20 ms later
/// # }
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "`period` must be non-zero.");
    Interval::new(Sleep::after("interval", Duration::ZERO), period)
}

/// Ticks every `period`, the first time at `start`.
///
/// # Panics
///
/// If `period` is zero, and outside a runtime.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// use mainspring::time::{Duration, Instant, interval_at};
///
/// let start = Instant::now() + Duration::from_millis(50);
/// let mut interval = interval_at(start, Duration::from_millis(10));
/// interval.tick().await; // after 50 ms
/// interval.tick().await; // after 60 ms
/// # }
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "`period` must be non-zero.");
    Interval::new(Sleep::until("interval_at", start), period)
}

impl Interval {
    fn new(first: Sleep, period: Duration) -> Self {
        Self {
            delay: Box::pin(first),
            period: period.min(FAR_FUTURE),
            missed_tick_behavior: MissedTickBehavior::default(),
        }
    }

    /// Waits for the next tick and returns the time at which it was due.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is ready consumes no tick.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|context| self.poll_tick(context)).await
    }

    /// Polls for the next tick: ready with the time at which it was due, or pending, and the
    /// task is woken then. Only the waker of the latest call is woken.
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.delay.as_mut().poll(context));
        let due = self.delay.deadline();
        let now = Instant::now();
        let next = if now > due.saturating_add(MISSED_AFTER) {
            self.missed_tick_behavior.next_tick(due, now, self.period)
        } else {
            due.saturating_add(self.period)
        };
        self.delay.as_mut().reset(next);
        Poll::Ready(due)
    }

    /// Makes the next tick come one period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Makes the next tick come at once.
    pub fn reset_immediately(&mut self) {
        self.reset_at(Instant::now());
    }

    /// Makes the next tick come after a duration; those that follow come a period after it.
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(Instant::now().saturating_add(after));
    }

    /// Makes the next tick come at a given time; those that follow come a period after it. If
    /// the time has passed, the [`MissedTickBehavior`] applies.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.delay.as_mut().reset(deadline);
    }

    /// What happens after a tick that came late.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Says what is to happen after a tick that came late.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }
}

impl MissedTickBehavior {
    /// The tick after one that was due at `due` and came at `now`.
    fn next_tick(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due.saturating_add(period),
            Self::Delay => now.saturating_add(period),
            Self::Skip => {
                // Less than the period, which is less than 2^64 ns.
                let into_period = (now - due).as_nanos() % period.as_nanos();
                now.saturating_add(period - Duration::from_nanos(into_period as u64))
            }
        }
    }
}
