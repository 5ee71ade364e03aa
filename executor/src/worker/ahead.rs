//! Ahead: what a task wakes that is known to compute on goes to another worker at once.
//!
//! A task that is woken in a poll waits in the slot until that poll is over: it is mostly over soon, and two
//! tasks that talk to one another are fastest so. If the poll goes on, the monitor moves the task from the slot
//! to where others find it, after one to two milliseconds. Who has done so once does it again: so the monitor
//! leaves the kind of the task in the seat, and what a task of that kind wakes there is open to the others at
//! once. It then waits for 40 us instead of 1,650, on two cores.
//!
//! The monitor may be wrong: the system may have stopped the thread for a while. So a poll that ends soon after
//! it has given something to others is the last one of its kind that does.
//!
//! All of it is a hint. To the sleep protocol it is a push to the queue with its `notify` ([`crate::idle`]).
//!
//! Checked by: loom-tests/tests/models/worker.rs

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::Worker;
use crate::sync::{time, variant};
use crate::trust::NO_KIND;

/// A poll that goes on for less than this after a wake is worth no other worker: to wake one takes 5 to 80 us.
const SOON: Duration = Duration::from_micros(200);

/// What a worker remembers of the poll under way.
#[derive(Debug)]
pub(super) struct Ahead {
    /// When it has first given a task to others.
    since: Cell<Option<Instant>>,
}

impl Ahead {
    pub(super) fn new() -> Self {
        Self {
            since: Cell::new(None),
        }
    }

    /// A poll is over.
    #[inline]
    pub(super) fn poll_ends(&self, worker: &Worker) {
        if let Some(since) = self.since.take() {
            worker.has_given_ahead(since);
        }
    }
}

impl Worker {
    /// Whether a task that is woken now is to be open to others at once. The caller notifies.
    #[inline]
    pub(super) fn gives_ahead(&self) -> bool {
        let seat = &self.scheduler().seats[self.seat];
        let computes = seat.is_computing() || variant!("worker: whoever wakes another computes on");
        computes && self.opens_ahead()
    }

    #[cold]
    fn opens_ahead(&self) -> bool {
        if self.ahead.since.get().is_none() {
            self.ahead.since.set(Some(time::now()));
        }
        self.scheduler().seats[self.seat].set_open(true);
        true
    }

    /// A poll is over that had given a task to others at that time.
    #[cold]
    fn has_given_ahead(&self, since: Instant) {
        if time::now().saturating_duration_since(since) < SOON {
            self.scheduler().seats[self.seat].set_computing(NO_KIND);
        }
    }
}
