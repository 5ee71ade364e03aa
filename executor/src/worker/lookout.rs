//! Lookout: a worker that is awake alone looks into the driver, where that pays, before it goes to sleep
//! there.
//!
//! Where both ends of a connection are tasks of this runtime, and where requests come faster than they are
//! answered, the next event is there already. To find it by a wait in the driver means to register as a
//! sleeper, to scan again, to announce the wait to the timers, and to take all of that back: 250 ns of an
//! echo's 5,830. A look is a turn without a wait. Whether it pays is learnt from what the last ones have found
//! ([`crate::patience`]).
//!
//! There is one look, unless [`Config::busy_poll`](crate::Config::busy_poll) asks for more: then the worker
//! looks in each turn of its loop for so long, and sees by the way to all else that a turn sees to.
//!
//! # Why nobody is kept waiting by it
//!
//! * L1: it leaves the searchers first: a turn calls wakers, which may be the user's code and block, and who
//!   pushes relies on a searcher to scan again soon.
//! * L2: the driver is given back before anything else runs.
//! * L3: what it brings beyond one task is made known, as after a wait in the driver (I4 in `idle`).
//!
//! Rejected: to look for up to 50 us by default. A blocking client outside had its answer after 35 us
//! instead of 90, as nobody had to wake the worker's core, and HTTP over one connection and over four was
//! answered 2.5 and 3 times as often; but an event then costs tens of system calls, where one is promised.
//!
//! Checked by: loom-tests/tests/models/driver.rs

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::{Duty, Worker};
use crate::patience::{self, Patience};
use crate::sync::{mutant, time, variant};

/// So many looks that find something allow for one that does not: one wait a message is promised, and at
/// most 1.05 (`tests/syscalls`). Where looks were in vain, they would save nothing either.
const PRICE: u32 = 20;

/// What a worker remembers of its looks.
#[derive(Debug)]
pub(super) struct Lookout {
    /// Whether it looks at all, and for how long in turn after turn.
    patience: Patience,
    /// The looks of the turns just before this one.
    row: Cell<Option<Row>>,
}

/// Looks that have found nothing, turn after turn.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// When the first of them began.
    begun: Instant,
    /// The turn of the next.
    next: u32,
}

impl Lookout {
    pub(super) fn new(span: Duration) -> Self {
        Self {
            patience: Patience::new(span, if span.is_zero() { PRICE } else { 1 }),
            row: Cell::new(None),
        }
    }

    /// The worker has slept in the driver for so long.
    pub(super) fn after_sleep(&self, slept: Duration) {
        self.patience.after_sleep(slept);
    }

    fn is_willing(&self) -> bool {
        self.patience.is_willing() || variant!("lookout: whoever is alone looks out twice")
    }

    /// In this turn a look has been taken. Whether the worker goes on to the next turn, either for what
    /// has been found or for another look.
    fn looked(&self, turn: u32, begun: Instant, now: Instant, has_found: bool) -> bool {
        let before = self.row.take().filter(|row| row.next == turn);
        let begun = before.map_or(begun, |row| row.begun);
        let so_far = now.saturating_duration_since(begun);
        let is_over = self.patience.is_over(so_far)
            && (before.is_some() || !variant!("lookout: whoever is alone looks out twice"));
        if has_found || is_over {
            self.patience.looked(has_found);
            return has_found;
        }
        let next = turn.wrapping_add(1);
        self.row.set(Some(Row { begun, next }));
        patience::pause(so_far);
        true
    }
}

impl Worker {
    /// Turns the driver once, if that has paid lately and there are sockets. True if there is something to
    /// look for in the next turn.
    pub(super) fn look_out(&self, duty: &impl Duty) -> bool {
        let scheduler = self.scheduler();
        let is_alone = scheduler.idle.is_one_awake() && !scheduler.is_driver_attended();
        if !self.lookout.is_willing() || !is_alone {
            return false;
        }
        let Some(mut driver) = scheduler.driver.try_enter() else {
            return false;
        };
        if !driver.is_worth_a_look() {
            return false;
        }
        if !mutant!("lookout: a searcher looks out (L1)") {
            self.stop_searching();
        }
        self.harvest.before_sleep();
        let begun = time::now();
        self.with_core(|core| core.pace.stop(begun));
        self.in_driver(|| driver.turn());
        if mutant!("lookout: the driver is kept (L2)") {
            std::mem::forget(driver);
        } else {
            drop(driver);
        }
        let now = time::now();
        let after = self.with_core(|core| {
            core.pace.start(now);
            let tasks = core.queue.len();
            (core.turn, tasks, tasks > 1 && self.takes_help(core))
        });
        let Some((turn, tasks, help)) = after else {
            // Without its core it has nothing to wait for.
            return true;
        };
        if help && !mutant!("lookout: what it brings wakes nobody (L3)") {
            scheduler.notify();
        }
        let has_found = duty.is_pending() || tasks > 0;
        self.lookout.looked(turn, begun, now, has_found)
    }
}
