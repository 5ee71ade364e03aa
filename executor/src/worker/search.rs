//! How a worker looks for work that is not its own.

use super::{Duty, Worker};
use crate::queue::{LocalQueue, Steal};
use crate::sync::{mutant, spin_loop};
use crate::task::Notified;

/// Scans of all queues before a worker sleeps, while others are awake and so may push, with
/// [`SPINS_A_ROUND`] pauses between them. Not yet tuned. In a model one shows as much as eight.
const SEARCH_ROUNDS: usize = if cfg!(mainspring_loom) { 1 } else { 8 };

/// Processor pauses between two scans.
const SPINS_A_ROUND: usize = 32;

impl Worker {
    /// Looks for work at the injector and at the others, for a while.
    pub(super) fn search(&self, duty: &impl Duty) -> Option<Notified> {
        let scheduler = self.scheduler();
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
        let rounds = if scheduler.idle.others_awake() {
            SEARCH_ROUNDS
        } else {
            1
        };
        for round in 1..=rounds {
            if let Some(task) = self.steal_from_anyone() {
                self.share_the_rest();
                return Some(task);
            }
            if round == rounds || duty.is_pending() {
                break;
            }
            (0..SPINS_A_ROUND).for_each(|_| spin_loop());
        }
        None
    }

    /// After a batch steal: what came with the task is for others, too (I2 and I4 in `idle`).
    fn share_the_rest(&self) {
        if mutant!("worker: a batch steal wakes nobody (I4)") {
            return;
        }
        if self.searching.get() {
            self.stop_searching();
        } else if self.with_core(|core| core.queue.len() > 0).unwrap_or(false) {
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
            let stealer = &seats[victim].stealer;
            if !stealer.is_empty() {
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
