//! How a worker sleeps: S2 to S5 of the protocol in `idle`.

use super::{Duty, Worker};
use crate::driver::Driver;
use crate::sync::{mutant, time};

impl Worker {
    /// Sleeps until there may be something to do.
    pub(super) fn sleep(&self, duty: &impl Duty) {
        let scheduler = self.scheduler();
        let is_due = || self.rest.is_due(&scheduler.idle, &scheduler.monitor);
        let rests_early = mutant!("rest: company is looked for too early (R1)") && is_due();
        scheduler
            .idle
            .sleep(self.seat, &self.parker, self.searching.replace(false));
        let work = scheduler.has_work() && !mutant!("worker: no scan after S3 (I1)");
        let is_pending = duty.is_pending() && !mutant!("worker: its duty is not looked at again");
        if work || is_pending {
            return self.stay_awake(work);
        }
        let begun = time::now();
        self.harvest.before_sleep();
        self.with_core(|core| core.pace.stop(begun));
        let rests = rests_early || is_due();
        let was_in_driver = !rests && self.wait_in_driver();
        if !was_in_driver {
            self.wait_outside(rests);
        }
        let now = time::now();
        let slept = now.saturating_duration_since(begun);
        if was_in_driver {
            self.rest.has_waited(begun, now, &scheduler.idle);
            self.lookout.after_sleep(slept);
        } else {
            self.patience.after_sleep(slept);
        }
        self.with_core(|core| core.pace.start(now));
        let unclaimed = scheduler.idle.wake_self(self.seat, false);
        let claimed = !unclaimed && !mutant!("worker: claimed in its sleep, it searches not");
        self.searching.set(claimed);
        if rests {
            self.rest.ends(claimed, &scheduler.driver);
        }
        if !mutant!("worker: who wakes does not call the monitor (W3)") {
            scheduler.monitor.worker_wakes();
        }
        self.watched.set(false);
        let help = self.with_core(|core| core.queue.len() > 1 && self.takes_help(core));
        if help.unwrap_or(false) && !mutant!("worker: what the driver has woken wakes nobody (I4)")
        {
            scheduler.notify();
        }
    }

    /// Takes back what was said of going to sleep.
    fn stay_awake(&self, searches: bool) {
        let scheduler = self.scheduler();
        let unclaimed = scheduler.idle.wake_self(self.seat, searches);
        let claimed = !unclaimed && !mutant!("worker: claimed with its duty, it searches not");
        self.searching.set(searches || claimed);
        if !mutant!("worker: who stays awake does not call the monitor (W3)") {
            // It may have looked while this worker counted as asleep.
            scheduler.monitor.worker_wakes();
        }
    }

    /// Waits in the driver. False if somebody is in it.
    fn wait_in_driver(&self) -> bool {
        let scheduler = self.scheduler();
        let Some(mut driver) = scheduler.driver.enter_to_wait() else {
            return false;
        };
        if mutant!("worker: nobody waits in the driver") {
            return false;
        }
        scheduler.driver.set_attended(true);
        self.in_driver(|| {
            let driver: &mut dyn Driver = &mut **driver;
            self.parker.park_in(driver, || scheduler.is_quiet());
        });
        scheduler.driver.set_attended(false);
        true
    }

    /// Waits for an unpark alone.
    fn wait_outside(&self, rests: bool) {
        if !mutant!("worker: timers are not published before it sleeps") {
            self.publish_timers();
        }
        if rests {
            self.rest.take(&self.parker, &self.scheduler().driver);
        } else {
            self.parker.park();
        }
    }
}
