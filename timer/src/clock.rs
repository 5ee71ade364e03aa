//! Nanoseconds, and the clock of a runtime: the system's monotonic one until a test pauses it.
//!
//! Inside this crate a point in time is a `u64` of nanoseconds on a scale of the runtime's. Its
//! zero lies 146 years before the runtime's start, so that instants before that have a number too;
//! its end, 438 years after the start, stands in for everything later.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant as StdInstant};

use crate::handle::Handle;
use crate::instant::FAR_FUTURE;
use crate::sync::constant::AtomicBool as StaticAtomicBool;
use crate::sync::{AtomicBool, CLOCK_STARTS_FROZEN, Mutex, Ordering};
use crate::wheel::NEVER;

/// The number of a clock's origin, 2^62 ns: 146 years.
const ORIGIN_NANOS: u64 = 1 << 62;

/// The earliest number in use. Zero means "nobody" in the park protocol.
const EARLIEST: u64 = 1;

/// The latest number in use: one less than "no deadline".
const LATEST: u64 = NEVER - 1;

/// Whether any clock of this process has ever been paused. `Instant::now` looks for the clock of
/// the current runtime only then.
static ANY_WARPED: StaticAtomicBool = StaticAtomicBool::new(CLOCK_STARTS_FROZEN);

/// The clock of one runtime.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The instant whose number is [`ORIGIN_NANOS`].
    origin: StdInstant,
    /// Whether this clock has ever been paused: `warp` counts only then.
    warped: AtomicBool,
    /// Protects how this clock differs from the system's. A leaf: nothing is locked under it.
    warp: Mutex<Warp>,
}

/// How a clock differs from the system's.
#[derive(Debug)]
struct Warp {
    /// Whether the runtime allows pausing at all.
    may_pause: bool,
    /// Whether the user has paused the clock. Then it is frozen.
    is_paused: bool,
    /// The time at which the clock stands still, if it does.
    frozen: Option<u64>,
    /// Added to the system's time (wrapping) while the clock runs.
    shift: u64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let frozen = CLOCK_STARTS_FROZEN.then_some(ORIGIN_NANOS);
        Self {
            origin: StdInstant::now(),
            warped: AtomicBool::new(CLOCK_STARTS_FROZEN),
            warp: Mutex::new(Warp {
                may_pause: false,
                is_paused: false,
                frozen,
                shift: 0,
            }),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        if self.is_warped() {
            self.warped_now(&self.warp.lock())
        } else {
            self.system_now()
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_warped() && self.warp.lock().is_paused
    }

    /// Whether the clock moves only when it is told to: while it is paused, and always under loom.
    pub(crate) fn is_frozen(&self) -> bool {
        self.is_warped() && self.warp.lock().frozen.is_some()
    }

    pub(crate) fn allow_pausing(&self) {
        self.warp.lock().may_pause = true;
    }

    pub(crate) fn pause(&self) -> Result<(), &'static str> {
        let mut warp = self.warp.lock();
        if !warp.may_pause {
            return Err(
                "mainspring: this runtime's clock cannot be paused; `time::pause` needs a \
                        current-thread runtime (`Builder::new_current_thread`)",
            );
        }
        if warp.is_paused {
            return Err("mainspring: `time::pause` was called, but the clock is already paused");
        }
        warp.is_paused = true;
        warp.frozen = Some(self.warped_now(&warp));
        // Ordering: Relaxed, here and below; whoever is to see the pause for certain has learnt of
        // it through a lock or a channel, and the rest is behind the lock.
        self.warped.store(true, Ordering::Relaxed);
        ANY_WARPED.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn resume(&self) -> Result<(), &'static str> {
        let mut warp = self.warp.lock();
        if !warp.is_paused {
            return Err("mainspring: `time::resume` was called, but the clock is not paused");
        }
        warp.is_paused = false;
        if !CLOCK_STARTS_FROZEN {
            warp.shift = self.warped_now(&warp).wrapping_sub(self.system_now());
            warp.frozen = None;
        }
        Ok(())
    }

    pub(crate) fn advance(&self, by: Duration) -> Result<(), &'static str> {
        let mut warp = self.warp.lock();
        let Some(frozen) = warp.frozen.filter(|_| warp.is_paused) else {
            return Err(
                "mainspring: `time::advance` was called, but the clock is not paused; call \
                        `time::pause` first",
            );
        };
        match frozen.checked_add(nanos(by)).filter(|&then| then <= LATEST) {
            Some(then) => warp.frozen = Some(then),
            None => return Err("mainspring: `time::advance` was called with too long a duration"),
        }
        Ok(())
    }

    /// Moves a frozen clock to a time, unless it is past it. A running clock is left alone.
    pub(crate) fn advance_to(&self, then: u64) {
        let mut warp = self.warp.lock();
        warp.frozen = warp.frozen.map(|now| now.max(then));
    }

    /// The number of an instant, or the nearest number that there is.
    #[inline]
    pub(crate) fn number(&self, instant: StdInstant) -> u64 {
        match instant.checked_duration_since(self.origin) {
            Some(after) => after_by(ORIGIN_NANOS, after),
            None => {
                let before = nanos(self.origin.saturating_duration_since(instant));
                ORIGIN_NANOS.saturating_sub(before).max(EARLIEST)
            }
        }
    }

    /// The instant of a number.
    pub(crate) fn instant(&self, number: u64) -> StdInstant {
        let instant = match number.checked_sub(ORIGIN_NANOS) {
            Some(after) => self
                .origin
                .checked_add(Duration::from_nanos(after))
                .or_else(|| self.origin.checked_add(FAR_FUTURE)),
            None => self
                .origin
                .checked_sub(Duration::from_nanos(ORIGIN_NANOS - number)),
        };
        // Only a number near the ends of the scale can be out of the system's range: those that
        // stand for a real instant have come from one.
        instant.unwrap_or(self.origin)
    }

    /// Whether this clock has ever been paused.
    #[inline]
    pub(crate) fn is_warped(&self) -> bool {
        // Ordering: Relaxed; see `pause`.
        self.warped.load(Ordering::Relaxed)
    }

    fn warped_now(&self, warp: &Warp) -> u64 {
        warp.frozen
            .unwrap_or_else(|| self.system_now().wrapping_add(warp.shift))
    }

    #[inline]
    fn system_now(&self) -> u64 {
        let since = StdInstant::now().saturating_duration_since(self.origin);
        // Fewer steps than `number` takes, which looks out for the ends of the scale: a process that runs
        // for four centuries would reach one.
        ORIGIN_NANOS + since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
    }
}

/// Pauses the clock of the current runtime.
///
/// [`Instant::now`](crate::Instant::now) stands still until [`resume`] is called; timers fire only
/// when the clock is moved, by [`advance`] or by the runtime itself: when it has nothing to do, it
/// moves the clock to the next timer. `std::time::Instant` is not affected.
///
/// # Panics
///
/// Outside a runtime, in a runtime that does not allow it (only the current-thread flavour does),
/// and if the clock is paused already.
///
/// # Examples
///
/// ```
/// use mainspring::time::{self, Duration, Instant};
///
/// #[mainspring::main(flavor = "current_thread")]
/// async fn main() {
///     time::pause();
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(3600)).await; // takes no time at all
///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
/// }
/// ```
#[track_caller]
pub fn pause() {
    let paused = Handle::current_for("pause").shared().clock().pause();
    or_panic(paused);
}

/// Lets the paused clock of the current runtime run again, from the time that it shows.
///
/// # Panics
///
/// Outside a runtime, and if the clock is not paused.
#[track_caller]
pub fn resume() {
    let resumed = Handle::current_for("resume").shared().clock().resume();
    or_panic(resumed);
}

/// Moves the paused clock of the current runtime forward, wakes the timers that are due then, and
/// yields once.
///
/// The clock moves in one jump: all timers up to the new time are due at once. To go from timer to
/// timer, [`sleep`](crate::sleep()) instead and leave it to the idle runtime to move the clock. The
/// tasks that were woken need not have run when this returns.
///
/// # Cancel safety
///
/// The clock moves at the first poll. Dropping the future after that loses only the yield.
///
/// # Panics
///
/// Outside a runtime, if the clock is not paused, and if the time would be more than four centuries
/// away.
pub async fn advance(duration: Duration) {
    let handle = Handle::current_for("advance");
    or_panic(handle.shared().clock().advance(duration));
    handle.turn();
    drop(handle);
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Whether `Instant::now` must ask for the clock of the current runtime.
#[inline]
pub(crate) fn any_warped() -> bool {
    // Ordering: Relaxed; see `Clock::pause`.
    ANY_WARPED.load(Ordering::Relaxed)
}

/// A time `duration` after another, or the latest that there is.
#[inline]
pub(crate) fn after_by(time: u64, duration: Duration) -> u64 {
    time.saturating_add(nanos(duration)).min(LATEST)
}

/// The nanoseconds of a duration, or the most that fit.
#[inline]
fn nanos(duration: Duration) -> u64 {
    duration
        .as_secs()
        .checked_mul(1_000_000_000)
        .and_then(|nanos| nanos.checked_add(u64::from(duration.subsec_nanos())))
        .unwrap_or(u64::MAX)
}

#[track_caller]
fn or_panic(result: Result<(), &'static str>) {
    if let Err(message) = result {
        panic!("{message}");
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_instants_convert_both_ways() {
        let clock = Clock::new();
        let now = StdInstant::now();
        for offset in [0, 1, 999_999_999, 1_000_000_000, 86_400_000_000_000] {
            let offset = Duration::from_nanos(offset);
            for instant in [now + offset, now.checked_sub(offset).unwrap_or(now)] {
                assert_eq!(clock.instant(clock.number(instant)), instant);
            }
        }
        assert_eq!(
            clock.number(now + Duration::from_nanos(7)) - clock.number(now),
            7
        );
    }

    #[test]
    fn what_is_out_of_range_becomes_the_nearest_number() {
        assert_eq!(after_by(5, Duration::MAX), LATEST);
        assert_eq!(after_by(LATEST, Duration::from_nanos(1)), LATEST);
        assert!(Clock::new().instant(LATEST) >= StdInstant::now());
    }

    #[test]
    fn a_clock_that_was_paused_goes_on_from_where_it_stood() {
        let clock = Clock::new();
        assert!(clock.pause().is_err());
        clock.allow_pausing();
        assert!(clock.resume().is_err() && clock.advance(Duration::ZERO).is_err());
        clock.pause().unwrap();
        assert!(clock.pause().is_err());
        let start = clock.now();
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(10)).unwrap();
        assert!(clock.advance(Duration::MAX).is_err());
        clock.advance_to(start);
        assert_eq!(clock.now(), start + 10_000_000_000);
        clock.resume().unwrap();
        let resumed = clock.now();
        assert!(resumed >= start + 10_000_000_000 && resumed < start + 3_600_000_000_000);
    }
}
