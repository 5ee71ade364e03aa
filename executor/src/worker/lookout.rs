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
//! * L1: it counts as a searcher meanwhile, and scans once more before it sleeps, as any other (S4 in `idle`).
//! * L2: the driver is given back before anything else runs.
//! * L3: being a searcher, it scans once more when it runs what it has brought, too: if that is more than one
//!   task, another worker is woken (I2 in `idle`).
//!
//! Rejected: to look again and again for up to 50 us. A blocking client outside had its answer after 35 us
//! instead of 90, as nobody had to wake the worker's core, and HTTP over one connection and over four was
//! answered 2.5 and 3 times as often; but an event then costs tens of system calls, where one is promised.
//!
//! Checked by: loom-tests/tests/models/driver.rs

use super::{Duty, Worker};
use crate::sync::{mutant, time, variant};

impl Worker {
    /// Turns the driver once, if that has paid lately and there are sockets. True if it has brought something, for which the
    /// worker looks in its next turn.
    pub(super) fn look_out(&self, duty: &impl Duty) -> bool {
        let scheduler = self.scheduler();
        let is_willing =
            self.patience_in_driver.is_willing() || variant!("lookout: whoever is alone looks out");
        let is_alone = self.searching.get() && scheduler.idle.is_one_awake();
        if !is_willing || !is_alone || scheduler.is_driver_attended() {
            return false;
        }
        let Some(mut driver) = scheduler.driver.try_enter() else {
            return false;
        };
        if !driver.is_worth_a_look() {
            return false;
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
        let has_tasks = self.with_core(|core| {
            core.pace.start(time::now());
            // L3 needs an open queue, if help is worth it.
            let tasks = core.queue.len();
            if tasks > 1 {
                self.takes_help(core);
            }
            tasks > 0
        });
        // Without its core it has nothing to wait for.
        let has_found = duty.is_pending() || has_tasks != Some(false);
        self.patience_in_driver.looked(has_found);
        has_found
    }
}
