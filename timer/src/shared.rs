//! What the threads of one runtime share: the seats, the clock, and the park protocol.

use std::sync::Arc as StdArc;
use std::time::Duration;

use crate::budget::Budget;
use crate::clock::{Clock, after_by};
use crate::origin::Origin;
use crate::park::Park;
use crate::seat::Seat;
use crate::sync::{Arc, AtomicU64, Ordering, mutant};
use crate::wheel::NEVER;

/// A wait for a timer ends so long after a turn that has woken somebody, at least: 100 us. What becomes
/// due sooner is woken together. Among many timers each wait costs a change of threads, some 15 us of
/// processor here, ten times what it costs to wake one. A lone sleep that is as long or longer never
/// waits for it; shorter ones in a loop end 100 us after one another.
const GAP: u64 = 100_000;

/// The same after a turn that has woken [`MANY`]: 300 us.
///
/// 100,000 timers in a second, each 10 us after the one before, processor a timer and how late in the
/// middle and at the 99th percentile: 15 us, 25 us and 0.2 ms without a gap; 5.2, 46 and 0.2 with one of
/// 50 us; 4.4, 75 and 0.4 with one of 100; 2.9, 230 and 0.75 with 400 after many. tokio: 3.3, 1,140, 2.6.
/// A gap that grows with how many the last turns have woken goes up and down, and is worse in both.
const GAP_AFTER_MANY: u64 = 300_000;

/// So many at once are not a lone sleep.
const MANY: usize = 4;

/// The timers of one runtime.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The clock and the park protocol.
    core: Arc<Core>,
    /// The workers' seats, in their order.
    seats: Box<[Arc<Seat>]>,
    /// The seat of all threads that are no workers.
    outside: Arc<Seat>,
    /// No wait for a timer ends before this time; see [`GAP`].
    rests_until: AtomicU64,
}

/// What every seat needs of its runtime. Apart from [`Shared`], since a timer keeps its seat alive
/// and must not keep itself alive through it.
#[derive(Debug)]
pub(crate) struct Core {
    /// The clock that deadlines are measured by.
    clock: Clock,
    /// Who waits in the driver until when.
    park: Park,
    /// What a task may do in one poll.
    budget: Budget,
    /// The process that this is for.
    origin: Origin,
}

impl Core {
    /// The process that this is for.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn park(&self) -> &Park {
        &self.park
    }

    pub(crate) fn budget(&self) -> Budget {
        self.budget
    }
}

impl Shared {
    pub(crate) fn new(
        seats: usize,
        unpark: StdArc<dyn Fn() + Send + Sync>,
        budget: Budget,
        origin: Origin,
    ) -> Self {
        let core = Arc::new(Core {
            clock: Clock::new(),
            park: Park::new(unpark),
            budget,
            origin,
        });
        let seat = || Arc::new(Seat::new(core.clone()));
        Self {
            seats: (0..seats).map(|_| seat()).collect(),
            outside: seat(),
            rests_until: AtomicU64::new(0),
            core,
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.core.clock
    }

    /// The seat with a number, or the one of outside threads.
    #[track_caller]
    pub(crate) fn seat(&self, number: Option<usize>) -> &Arc<Seat> {
        let Some(number) = number else {
            return &self.outside;
        };
        let seats = self.seats.len();
        assert!(
            number < seats,
            "mainspring: there is no timer seat {number}: the handle was made with {seats} seats"
        );
        &self.seats[number]
    }

    /// How long the thread that asks may wait, see
    /// [`Handle::prepare_park`](crate::Handle::prepare_park).
    pub(crate) fn prepare_park(&self, limit: Option<Duration>) -> Option<Duration> {
        let early =
            mutant!("timer: the deadlines are read before the announcement").then(|| self.next());
        self.core.park.announce();
        let next = early.unwrap_or_else(|| self.next());
        if next == NEVER && limit.is_none() {
            return None;
        }
        let now = self.core.clock.now();
        let until = limit.map_or(next, |limit| next.min(after_by(now, limit)));
        self.core.park.settle(until);
        if next > now && self.core.clock.is_paused() {
            // The clock stands still, so no wait brings the deadline nearer.
            return limit;
        }
        let wait = self.spaced(until, now).saturating_sub(now);
        let wait = Duration::from_nanos(wait);
        Some(limit.map_or(wait, |limit| wait.min(limit)))
    }

    /// When a wait for something due at `until` is to end. The park protocol is told of `until` itself:
    /// who arms a timer due between the two need not end the wait, as it is late by no more than
    /// [`GAP_AFTER_MANY`].
    fn spaced(&self, until: u64, now: u64) -> u64 {
        if until <= now || self.core.clock.is_warped() {
            return until;
        }
        // Ordering: Relaxed; whoever is in the driver reads and writes it there. Another value would
        // only end the wait at another time.
        until.max(self.rests_until.load(Ordering::Relaxed))
    }

    pub(crate) fn finish_park(&self) {
        self.core.park.end();
    }

    pub(crate) fn before_sleep(&self, seat: usize) {
        let next = self.seat(Some(seat)).next();
        if next != NEVER && !mutant!("timer: a seat that sleeps tells nobody") {
            self.core.park.wake_if_later(next);
        }
    }

    /// Wakes what is due in every seat.
    pub(crate) fn turn(&self) -> usize {
        if self.next() == NEVER {
            return 0;
        }
        let now = self.core.clock.now();
        let woken = self.all().map(|seat| seat.turn(now)).sum();
        if woken > 0 && !self.core.clock.is_warped() {
            let gap = if woken < MANY { GAP } else { GAP_AFTER_MANY };
            // A turn for a straggler does not shorten the rest after many. Ordering: Relaxed; see `spaced`.
            self.rests_until
                .fetch_max(now.saturating_add(gap), Ordering::Relaxed);
        }
        woken
    }

    /// Wakes what is due in one seat.
    pub(crate) fn turn_seat(&self, seat: usize) -> usize {
        let seat = self.seat(Some(seat));
        if seat.next() == NEVER {
            0
        } else {
            seat.turn(self.core.clock.now())
        }
    }

    /// No timer is due before this time.
    pub(crate) fn next(&self) -> u64 {
        self.all().map(|seat| seat.next()).min().unwrap_or(NEVER)
    }

    /// Whether there is a timer that may become due.
    #[inline]
    pub(crate) fn has_timers(&self) -> bool {
        self.all().any(|seat| seat.next() != NEVER)
    }

    /// Moves a frozen clock to the next deadline and wakes what is due then.
    pub(crate) fn advance_to_next(&self) -> bool {
        if !self.core.clock.is_frozen() {
            return false;
        }
        let next = self
            .all()
            .map(|seat| seat.exact_next())
            .min()
            .unwrap_or(NEVER);
        if next == NEVER {
            return false;
        }
        self.core.clock.advance_to(next);
        self.turn();
        true
    }

    pub(crate) fn close(&self) {
        self.all().for_each(|seat| seat.close());
    }

    fn all(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().chain([&self.outside]).map(|seat| &**seat)
    }
}
