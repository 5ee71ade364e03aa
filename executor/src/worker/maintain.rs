//! Maintenance: what a worker sees to now and then while it is busy, and each time that tasks have yielded.

use super::{RootHold, Worker};
use crate::sync::mutant;
use crate::task::Notified;
use crate::trust::NO_KIND;
use crate::unwind::contain;

/// Whether those that have yielded may go on at once, if nobody is ready before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yielders {
    /// Somebody may be: in the slot.
    Wait,
    /// The first one is the next task, without a way through the queue.
    GoFirst,
}

impl Worker {
    /// Whether somebody waits for the driver's next turn.
    pub(super) fn has_yielded(&self) -> bool {
        self.root_hold.get() == RootHold::UntilTurn
            || self.with_core(|core| core.has_yielded).unwrap_or(false)
    }

    /// A turn of the driver; then the tasks that had yielded, and a share of the injector. Gives the task to
    /// run next, if it is one of those that had yielded and they [go first](Yielders).
    pub(super) fn maintain(&self, yielders: Yielders) -> Option<Notified> {
        let scheduler = self.scheduler();
        if scheduler.environment.wants_turn() {
            // A waker in the driver may be foreign code that blocks: as long as it is counted as a
            // searcher, no push would wake anybody.
            self.stop_searching();
            self.turn_driver();
        }
        let injected = if mutant!("worker: the injector waits while a worker is busy") {
            None
        } else {
            self.steal_batch(|queue| scheduler.injector.steal_into(queue))
        };
        let waiting = self.with_core(|core| {
            if let Some(task) = injected {
                core.queue.push(task);
            }
            let mut next = None;
            if core.has_yielded {
                if yielders == Yielders::GoFirst && core.queue.len() == 0 {
                    next = core.take_yielded();
                }
                core.requeue_yielded();
            }
            let waiting = core.queue.len() + usize::from(next.is_some());
            (next, waiting, self.still_takes_help(core, waiting))
        });
        let (next, waiting, help) = waiting.unwrap_or_default();
        if self.root_hold.get() == RootHold::UntilTurn {
            self.root_hold.set(RootHold::Behind(waiting + 1));
        }
        if help && !mutant!("worker: what maintenance brings wakes nobody (I4)") {
            scheduler.notify();
        }
        next
    }

    /// Turns the driver, or if another thread is in it the own timers.
    fn turn_driver(&self) {
        let scheduler = self.scheduler();
        match scheduler.driver.try_enter() {
            Some(_) if mutant!("worker: the driver is not turned while tasks yield") => {}
            Some(mut driver) => self.in_driver(|| driver.turn()),
            None if mutant!("worker: its timers wait while tasks yield") => {}
            None if mutant!("worker: what its timers wake goes to its slot") => {
                scheduler.environment.tick(self.seat);
            }
            None if scheduler.has_timers(self.seat) => {
                self.wakes_quietly(|| scheduler.environment.tick(self.seat));
            }
            None => {}
        }
    }

    /// Calls into the driver.
    pub(super) fn in_driver(&self, call: impl FnOnce()) {
        self.scheduler().driver.count_visit();
        self.wakes_quietly(call);
    }

    /// What `call` wakes goes to this worker's queue, and the caller makes it known. In the slot, where nobody
    /// else can take it, a task that waits for timers would stay with a worker whose other tasks compute.
    fn wakes_quietly(&self, call: impl FnOnce()) {
        self.turning.set(true);
        self.scheduler().seats[self.seat].set_polling(NO_KIND);
        // A foreign waker that panics has been reported by the panic hook; the worker lives on.
        contain(call);
        self.turning.set(false);
    }
}
