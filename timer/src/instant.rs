//! A point in time that honours the paused clock of a runtime.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::{Duration, Instant as StdInstant};

use crate::clock::any_warped;
use crate::context;

/// Stands for a duration that is too long for the clock: about 30 years. Much longer ones are out
/// of range on some systems.
pub(crate) const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A point in time, on a clock that never goes back.
///
/// A [`std::time::Instant`] in all but one thing: inside a runtime whose clock is
/// [paused](crate::pause), [`now`](Self::now) is the time that this clock shows.
///
/// # Examples
///
/// ```
/// use mainspring_timer::{Duration, Instant};
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_secs(1);
/// assert_eq!(deadline.duration_since(start), Duration::from_secs(1));
/// assert_eq!(start.duration_since(deadline), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Eq, PartialEq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// The same point in time on the system's clock.
    std: StdInstant,
}

impl Instant {
    /// The time now.
    pub fn now() -> Self {
        if any_warped() {
            let shown = context::with(|current| {
                let clock = current.shared.clock();
                clock.instant(clock.now())
            });
            if let Some(shown) = shown {
                return Self::from_std(shown);
            }
        }
        Self::from_std(StdInstant::now())
    }

    /// The same point in time as one of the standard library's.
    pub fn from_std(std: StdInstant) -> Self {
        Self { std }
    }

    /// The same point in time, as the standard library's type.
    pub fn into_std(self) -> StdInstant {
        self.std
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// The time from `earlier` to `self`, or `None` if `earlier` is later.
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.std.checked_duration_since(earlier.std)
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// The time from `self` until now; zero if `self` is in the future.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// `self + duration`, or `None` if that is out of range.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.std.checked_add(duration).map(Self::from_std)
    }

    /// `self - duration`, or `None` if that is out of range.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.std.checked_sub(duration).map(Self::from_std)
    }

    /// `self + duration`, or `self` if that is out of range, which takes centuries.
    pub(crate) fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration.min(FAR_FUTURE)).unwrap_or(self)
    }
}

impl From<StdInstant> for Instant {
    fn from(std: StdInstant) -> Self {
        Self::from_std(std)
    }
}

impl From<Instant> for StdInstant {
    fn from(instant: Instant) -> Self {
        instant.into_std()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self::from_std(self.std + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.std += duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self::from_std(self.std - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.std -= duration;
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}
