//! How a worker looks for work that is not its own.

use super::{Duty, Worker, harvest};
use crate::patience::Look;
use crate::queue::{LocalQueue, Steal};
use crate::sync::{mutant, spin_loop, time};
use crate::task::Notified;

impl Worker {
    /// Looks for work at the injector and at the others, for a while.
    pub(super) fn search(&self, duty: &impl Duty) -> Option<Notified> {
        let scheduler = self.scheduler();
        if self.harvest.take_was_poor() {
            harvest::let_more_come(|| duty.is_pending());
        }
        if let Some(task) = self.steal_batch(|queue| scheduler.injector.steal_into(queue)) {
            self.share_the_rest();
            return Some(task);
        }
        if !self.searching.get() {
            if !scheduler.idle.begin_search() {
                return None;
            }
            self.searching.set(true);
        }
        let found = self.steal_from_anyone().or_else(|| self.search_on(duty));
        if found.is_some() {
            self.share_the_rest();
        }
        found
    }

    /// Looks around for what may come, as long as that has paid lately and nobody is kept waiting by it:
    /// whoever waits for a socket or a timer relies on a thread in the driver.
    fn search_on(&self, duty: &impl Duty) -> Option<Notified> {
        let scheduler = self.scheduler();
        if !self.patience.is_willing() || !scheduler.is_driver_attended() {
            return None;
        }
        // The thread in the driver must not learn of this seat's timers later than from a sleeper.
        self.publish_timers();
        let begun = time::now();
        self.with_core(|core| core.pace.stop(begun));
        let found = self.patience.look_around(begun, || {
            if duty.is_pending() || !scheduler.is_driver_attended() {
                return Look::Stop;
            }
            self.steal_from_anyone().map_or(Look::Again, Look::Found)
        });
        if found.is_some() {
            self.with_core(|core| core.pace.start(time::now()));
        }
        found
    }

    /// After a batch steal: what came with the task is for others, too (I2 and I4 in `idle`).
    fn share_the_rest(&self) {
        if mutant!("worker: a batch steal wakes nobody (I4)") {
            return;
        }
        let help = self.with_core(|core| {
            let tasks = core.queue.len();
            self.harvest.note(1 + tasks, &core.pace);
            tasks > 0 && self.takes_help(core)
        });
        if self.searching.get() {
            self.stop_searching();
        } else if help.unwrap_or(false) {
            self.scheduler().notify();
        }
    }

    /// Now and then, where this worker has so little work that it only just does not run out of it: a task
    /// that yields again and again, or wakes itself, may wait for one that lies behind a stuck worker.
    /// What is found is made known by the maintenance that follows (I4 in `idle`).
    pub(super) fn steal_beside_work(&self) {
        let has_little = self.with_core(|core| core.queue.len() < 2);
        if has_little != Some(true) || mutant!("worker: it steals nothing while tasks yield") {
            return;
        }
        if let Some(task) = self.steal_from_anyone() {
            self.with_core(|core| core.queue.push(task));
        }
    }

    /// One look at every other queue, beginning at a random one.
    fn steal_from_anyone(&self) -> Option<Notified> {
        let scheduler = self.scheduler();
        let seats = scheduler.seats_in_use();
        let first = self.with_core(|core| core.random_below(seats.len()))?;
        for victim in (first..seats.len())
            .chain(0..first)
            .filter(|victim| *victim != self.seat)
        {
            if seats[victim].has_work_for_others() {
                let stealer = &seats[victim].stealer;
                if let Some(task) = self.steal_batch(|queue| stealer.steal_into(queue)) {
                    return Some(task);
                }
            }
        }
        // No more than a hint: the last look before the sleep would find it, too.
        self.steal_batch(|queue| scheduler.injector.steal_into(queue))
    }

    /// Repeats a steal a few times while it is told to retry. What is left of a `Retry` keeps its
    /// queue from looking empty, so the worker will not sleep over it.
    pub(super) fn steal_batch(
        &self,
        steal: impl Fn(&LocalQueue<Notified>) -> Steal<Notified>,
    ) -> Option<Notified> {
        const RETRIES: usize = 4;
        self.with_core(|core| {
            for _ in 0..RETRIES {
                match steal(&core.queue) {
                    Steal::Success(task) => return Some(task),
                    Steal::Empty => return None,
                    Steal::Retry => spin_loop(),
                }
            }
            None
        })
        .flatten()
    }
}
