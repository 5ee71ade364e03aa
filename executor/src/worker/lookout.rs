//! Lookout: a worker that is awake alone looks into the driver, where that pays, before it goes to sleep
//! there.
//!
//! Where both ends of a connection are tasks of this runtime, and where requests come faster than they are
//! answered, the next event is there already. To find it by a wait in the driver means to register as a
//! sleeper, to scan again, to announce the wait to the timers, and to take all of that back: 250 ns of an
//! echo's 5,830. A look is a turn without a wait. Whether it pays is learnt from what the last ones have found
//! ([`crate::patience`]).
//!
//! # Why nobody is kept waiting by it
//!
//! * L1: it leaves the searchers first: a turn calls wakers, which may be the user's code and block, and who
//!   pushes relies on a searcher to scan again soon.
//! * L2: the driver is given back before anything else runs.
//! * L3: what it brings beyond one task is made known, as after a wait in the driver (I4 in `idle`).
//!
//! Rejected: to look again and again for up to 50 us. A blocking client outside had its answer after 35 us
//! instead of 90, as nobody had to wake the worker's core, and HTTP over one connection and over four was
//! answered 2.5 and 3 times as often; but an event then costs tens of system calls, where one is promised.
//!
//! Checked by: loom-tests/tests/models/driver.rs

use super::{Duty, Worker};
use crate::sync::{mutant, time, variant};

impl Worker {
    /// Turns the driver once, if that has paid lately and there are sockets. True if it has brought
    /// something, for which the worker looks in its next turn.
    pub(super) fn look_out(&self, duty: &impl Duty) -> bool {
        let scheduler = self.scheduler();
        let is_willing =
            self.patience_in_driver.is_willing() || variant!("lookout: whoever is alone looks out");
        if !is_willing || !scheduler.idle.is_one_awake() || scheduler.is_driver_attended() {
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
        let tasks = self.with_core(|core| {
            core.pace.start(time::now());
            let tasks = core.queue.len();
            (tasks, tasks > 1 && self.takes_help(core))
        });
        // Without its core it has nothing to wait for.
        let (tasks, help) = tasks.unwrap_or((1, false));
        if help && !mutant!("lookout: what it brings wakes nobody (L3)") {
            scheduler.notify();
        }
        let has_found = duty.is_pending() || tasks > 0;
        self.patience_in_driver.looked(has_found);
        has_found
    }
}
