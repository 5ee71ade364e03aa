//! Lookout: a worker that is awake alone turns the driver for a while, where that pays, instead of
//! sleeping in it at once.
//!
//! Who talks to somebody outside, a client on another machine or a thread of this one, has nothing to do
//! until the answer comes, which is 5 to 50 us later. To sleep meanwhile costs more than that: the system
//! wakes this thread, and the core under it ([`crate::patience`]). Who looks out has the answer a
//! microsecond after it has come, and has kept out of the sleepers' lock for it.
//!
//! # Why nobody is kept waiting by it
//!
//! * L1: it looks at everything for which a sleeper is woken: the driver, the injector, the others' queues,
//!   its duty. It counts as a searcher meanwhile, and scans once more before it sleeps, as any other (S4 in
//!   `idle`).
//! * L2: the driver is given back before anything else runs.
//! * L3: being a searcher, it scans once more when it runs what it has brought, too: if that is more than one
//!   task, another worker is woken (I2 in `idle`).
//! * L4: while another worker is awake nobody looks out: that one needs the core, or brings the work
//!   itself; and who turns the driver at each moment takes from it event by event what it would have had in
//!   one.
//!
//! Measured on 2 cores, without / with it: a client that is a thread of `std`, there and back 90 / 35 us;
//! HTTP over 1, 4, 8 and 64 connections 10,000 / 25,000, 47,000 / 157,000, 138,000 / 157,000 and 152,000 /
//! 161,000 requests a second.
//!
//! Checked by: loom-tests/tests/models/driver.rs

use super::{Duty, Worker};
use crate::patience::{Look, SPAN};
use crate::sync::{mutant, time, variant};

impl Worker {
    /// Turns the driver again and again for a while. True if something has come, for which the worker
    /// looks in its next turn.
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
        if !driver.may_be_turned_for(SPAN) {
            return false;
        }
        let begun = time::now();
        self.harvest.before_sleep();
        self.with_core(|core| core.pace.stop(begun));
        let found = self.patience_in_driver.look_around(begun, || {
            self.in_driver(|| driver.turn());
            if self.has_come(duty) {
                Look::Found(())
            } else {
                Look::Again
            }
        });
        if mutant!("lookout: the driver is kept (L2)") {
            std::mem::forget(driver);
        } else {
            drop(driver);
        }
        self.with_core(|core| core.pace.start(time::now()));
        // L3 needs an open queue, if help is worth it.
        self.with_core(|core| core.queue.len() > 1 && self.takes_help(core));
        found.is_some()
    }

    /// Whether there is something to do now.
    fn has_come(&self, duty: &impl Duty) -> bool {
        if duty.is_pending() || self.with_core(|core| core.queue.len() > 0) != Some(false) {
            return true;
        }
        let Some(task) = self.steal_from_anyone() else {
            return false;
        };
        self.with_core(|core| core.queue.push(task));
        true
    }
}
