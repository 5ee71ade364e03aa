//! Rest: a worker that is woken in the driver again and again, after a moment each time and by what
//! another worker does, stays out of it for a while.
//!
//! Two tasks that talk over a socket of this machine, each on a worker of its own: every message ends a
//! wait in the driver. To wake a thread that sleeps on another core costs the sender 30 us here, and what
//! it sends goes from cache to cache. Without anybody in the driver the sender's own worker finds the
//! event at its next turn, and runs the other task after the first: no wake, and the data is where it was.
//! 64 KiB at a time over one TCP connection: 1.2 GB/s with a thread in the driver, 2.1 without.
//!
//! # Why nobody waits for long
//!
//! * R1: a worker rests only while another one is awake. It looks after it has registered as a sleeper: of
//!   two that are about to rest because of one another, the later one sees that it is alone. Who is awake
//!   tries to take the driver before it sleeps (I3 in `park`), and turns it now and then before that.
//! * R2: a rest lasts for [`LENGTH`] at most. If nobody has come by in the driver by then, or if somebody
//!   wants this worker, the next wait is one in the driver; and the next rest that is for nothing in this
//!   way comes four times as late. So an event waits a millisecond, now and then, if the one who is awake
//!   has polls of 200 us, and turns the driver each 12 ms. If he gets stuck, the monitor sees to the driver.
//!   Without a monitor nobody rests.
//!
//! Rejected: to rest until one is wanted, once somebody has come by: in 5,000 ticks of 100 us beside a worker
//! with such polls 25 to 110 were late, by up to 12 ms; now as few as if nobody rested.
//!
//! Checked by: loom-tests/tests/models/driver.rs

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::idle::Idle;
use crate::monitor::Monitor;
use crate::park::{DriverSeat, Parker};
use crate::sync::{mutant, variant};

/// So many waits in a row that were of little use, while another worker is awake, are followed by a rest.
const FUTILE_WAITS: u32 = 4;

/// No more than so many are asked for, however often a rest was for nothing.
const FUTILE_WAITS_MAX: u32 = 1024;

/// A wait in the driver was of little use if it was shorter than this, about what a wake costs both sides,
const SHORT: Duration = Duration::from_micros(150);

/// and if what was done since the wait before took less than this part of it. A worker that has its share
/// of the work between its waits, as in a server with many connections, does not rest.
const WORK_SHARE: u32 = 4;

/// How long a rest is at most. As long as a poll may take before the monitor finds that it is long.
const LENGTH: Duration = Duration::from_millis(1);

/// What a worker has learnt about its waits in the driver.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Waits of little use in a row.
    futile_waits: Cell<u32>,
    /// How many there must be before the next rest.
    waits_before_rest: Cell<u32>,
    /// When the last wait in the driver has ended.
    woken: Cell<Option<Instant>>,
    /// How often somebody had been in the driver when the last rest began.
    visits: Cell<u32>,
}

impl Rest {
    pub(crate) fn new() -> Self {
        Self {
            futile_waits: Cell::new(0),
            waits_before_rest: Cell::new(FUTILE_WAITS),
            woken: Cell::new(None),
            visits: Cell::new(0),
        }
    }

    /// Whether a worker that has registered as a sleeper is to stay out of the driver (R1).
    pub(crate) fn is_due(&self, idle: &Idle, monitor: &Monitor) -> bool {
        let is_tired =
            self.futile_waits.get() >= self.waits_before_rest.get() && monitor.is_watching();
        (is_tired || variant!("rest: whoever has company rests"))
            && (idle.anybody_awake() || mutant!("rest: nobody is asked for company (R1)"))
    }

    /// Waits for an unpark, [`LENGTH`] at most. In a model without a limit, to show that none is needed.
    pub(crate) fn take(&self, parker: &Parker, driver: &DriverSeat) {
        self.visits.set(driver.visits());
        if cfg!(mainspring_loom) {
            parker.park();
        } else {
            parker.park_for(LENGTH);
        }
    }

    /// A rest is over (R2). If somebody has come by in the driver, the next one may follow at once.
    pub(crate) fn ends(&self, is_wanted: bool, driver: &DriverSeat) {
        let before = self.waits_before_rest.get();
        if is_wanted {
            self.futile_waits.set(0);
        } else if self.visits.get() == driver.visits() {
            self.futile_waits.set(0);
            self.waits_before_rest
                .set((4 * before).min(FUTILE_WAITS_MAX));
        } else {
            self.waits_before_rest.set((before / 4).max(FUTILE_WAITS));
        }
    }

    /// A wait in the driver, from `begun` to `now`, is over.
    pub(crate) fn has_waited(&self, begun: Instant, now: Instant, idle: &Idle) {
        let waited = now.saturating_duration_since(begun);
        let woken = self.woken.replace(Some(now));
        let worked = woken.map_or(waited, |woken| begun.saturating_duration_since(woken));
        if waited < SHORT && WORK_SHARE * worked < waited && idle.anybody_awake() {
            self.futile_waits.set(self.futile_waits.get() + 1);
        } else {
            self.futile_waits.set(0);
        }
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    /// One other worker, awake.
    fn company() -> Idle {
        let idle = Idle::new(2);
        idle.join();
        idle
    }

    fn watching() -> Monitor {
        let monitor = Monitor::new(None);
        monitor.set_watching();
        monitor
    }

    /// Waits one after another, each as long and with as much work between as it says.
    fn wait(rest: &Rest, idle: &Idle, waits: u32, waited: Duration, worked: Duration) {
        let mut begun = Instant::now();
        for _ in 0..waits {
            rest.has_waited(begun, begun + waited, idle);
            begun += waited + worked;
        }
    }

    const WAIT: Duration = Duration::from_micros(50);
    const LITTLE: Duration = Duration::from_micros(5);

    #[test]
    fn who_is_woken_for_little_again_and_again_rests() {
        let (rest, idle) = (Rest::new(), company());
        // The first one has no work before it.
        wait(&rest, &idle, FUTILE_WAITS, WAIT, LITTLE);
        assert!(!rest.is_due(&idle, &watching()));
        wait(&rest, &idle, FUTILE_WAITS + 1, WAIT, LITTLE);
        assert!(rest.is_due(&idle, &watching()));
        assert!(
            !rest.is_due(&idle, &Monitor::new(None)),
            "nobody would see to the driver"
        );
    }

    #[test]
    fn who_has_a_share_of_the_work_or_waits_for_long_does_not() {
        let (rest, idle) = (Rest::new(), company());
        wait(&rest, &idle, 100, WAIT, WAIT / 2);
        assert!(!rest.is_due(&idle, &watching()));
        wait(&rest, &idle, 100, SHORT, LITTLE);
        assert!(!rest.is_due(&idle, &watching()));
    }

    #[test]
    fn who_is_alone_does_not() {
        let rest = Rest::new();
        wait(&rest, &company(), 100, WAIT, LITTLE);
        assert!(!rest.is_due(&Idle::new(2), &watching()));
    }

    #[test]
    fn a_rest_for_nothing_makes_the_next_one_later_and_a_good_one_sooner() {
        let (rest, idle, driver) = (Rest::new(), company(), DriverSeat::new(None));
        let waits_until_rest = || {
            let is_due_after = |waits: &u32| {
                rest.futile_waits.set(0);
                rest.woken.set(None);
                wait(&rest, &idle, *waits, WAIT, LITTLE);
                rest.is_due(&idle, &watching())
            };
            (1..).find(is_due_after).expect("it rests at last")
        };
        let first = waits_until_rest();
        let mut before = first;
        for _ in 0..3 {
            rest.visits.set(driver.visits());
            rest.ends(false, &driver);
            let waits = waits_until_rest();
            assert!(waits > 3 * before, "{waits}, {before}");
            before = waits;
        }
        for _ in 0..3 {
            rest.visits.set(driver.visits());
            driver.count_visit();
            rest.ends(false, &driver);
        }
        assert_eq!(waits_until_rest(), first);
    }

    #[test]
    fn a_rest_ends_when_the_worker_is_wanted_and_when_nobody_comes_by() {
        let (idle, parker, driver) = (company(), Parker::new(), DriverSeat::new(None));
        for (is_wanted, comes_by, goes_on) in [
            (true, true, false),
            (false, false, false),
            (false, true, true),
        ] {
            let rest = Rest::new();
            wait(&rest, &idle, 100, WAIT, LITTLE);
            rest.take(&parker, &driver);
            if comes_by {
                driver.count_visit();
            }
            rest.ends(is_wanted, &driver);
            assert_eq!(rest.is_due(&idle, &watching()), goes_on);
        }
    }
}
