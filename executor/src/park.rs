//! How a thread waits: in the driver, if nobody else is in it, otherwise on a condition variable.
//!
//! # States of a [`Parker`]
//!
//! ```text
//!             park: on the condition variable
//!        ┌──────────────────────────────────────▶ WAITING ──┐
//!      EMPTY                                                │ unpark
//!        │ └────────────────────────────────────▶ DRIVING ──┤
//!        │         park: in the driver                      ▼
//!        └────────────── unpark ─────────────────────▶ NOTIFIED ── park returns ──▶ EMPTY
//! ```
//!
//! # Invariants
//!
//! * I1: an unpark is never lost: it leaves NOTIFIED, which ends the present park or the next.
//!   Both sides change the word by swaps only, so that they are totally ordered: either the
//!   unparker sees WAITING or DRIVING and rings the bell that belongs to it, or the parker sees
//!   NOTIFIED and does not wait.
//! * I2: the bell is not rung for a thread that does not wait.
//! * I3: one thread at a time is in the driver. The holder of its lock is awake, or parked in it;
//!   an awake worker tries the lock before it sleeps, so the driver is left alone only while
//!   somebody is awake.
//!
//! Spurious returns are allowed: every caller looks for its reason again.
//!
//! Checked by: loom-tests/tests/park.rs

use std::time::Duration;

use crate::driver::Driver;
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Condvar, Mutex, TryLock, TryLockGuard};

const EMPTY: u8 = 0;
const WAITING: u8 = 1;
const DRIVING: u8 = 2;
const NOTIFIED: u8 = 3;

/// The waiting place of one thread.
#[derive(Debug)]
pub(crate) struct Parker {
    /// The protocol word.
    state: AtomicU8,
    /// Protects nothing but the order of the waiter's last look and the unparker's bell.
    bell: Mutex<()>,
    /// The bell of WAITING.
    condvar: Condvar,
}

/// The driver, and the right to be in it.
pub(crate) struct DriverSeat {
    /// Locked by the thread that is in the driver. None: this executor has no driver.
    driver: Option<TryLock<Box<dyn Driver>>>,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            bell: Mutex::new(()),
            condvar: Condvar::new(),
        }
    }

    /// Waits on the condition variable for an unpark.
    pub(crate) fn park(&self) {
        let mut bell = self.bell.lock();
        // Ordering: AcqRel; Acquire pairs with the Release of `unpark`, whose reasons the caller
        // reads next.
        if self.state.swap(WAITING, Ordering::AcqRel) != NOTIFIED {
            // Ordering: Acquire; as above. A load suffices: only this thread leaves WAITING by
            // anything but an unpark.
            while self.state.load(Ordering::Acquire) != NOTIFIED {
                self.condvar.wait(&mut bell);
            }
        }
        // Ordering: AcqRel; as above.
        self.state.swap(EMPTY, Ordering::AcqRel);
    }

    /// Waits on the condition variable for an unpark, `limit` at most.
    pub(crate) fn park_for(&self, limit: Duration) {
        let mut bell = self.bell.lock();
        // Ordering: AcqRel; as in `park`.
        if self.state.swap(WAITING, Ordering::AcqRel) != NOTIFIED {
            self.condvar.wait_for(&mut bell, limit);
        }
        // Ordering: AcqRel; as in `park`.
        self.state.swap(EMPTY, Ordering::AcqRel);
    }

    /// Waits in the driver for an event, a timer or an unpark.
    pub(crate) fn park_in(&self, driver: &mut dyn Driver, quiet: impl Fn() -> bool) {
        // Ordering: AcqRel; as in `park`. The unparker that sees DRIVING calls
        // `Environment::unpark`, which ends a wait that has not begun, too.
        if self.state.swap(DRIVING, Ordering::AcqRel) != NOTIFIED {
            // Ordering: Acquire; as in `park`. It decides nothing but a paused clock's jump.
            driver.park(&|| self.state.load(Ordering::Acquire) != NOTIFIED && quiet());
        }
        // Ordering: AcqRel; as in `park`.
        self.state.swap(EMPTY, Ordering::AcqRel);
    }

    /// Ends the thread's wait, or its next one. True if the thread is in the driver: the caller
    /// must call [`crate::Environment::unpark`].
    #[must_use]
    pub(crate) fn unpark(&self) -> bool {
        // Ordering: AcqRel; Release publishes the reason to the parker's Acquire.
        match self.state.swap(NOTIFIED, Ordering::AcqRel) {
            WAITING => {
                // The waiter holds the lock from its swap to its wait: taking it once makes sure
                // that the bell is not rung in between.
                drop(self.bell.lock());
                self.condvar.notify_one();
                false
            }
            DRIVING => true,
            _ => false,
        }
    }

    /// Whether the thread is parked in the driver. A hint for whom to wake.
    pub(crate) fn is_driving(&self) -> bool {
        // Ordering: Relaxed; a stale answer only makes a less good choice.
        self.state.load(Ordering::Relaxed) == DRIVING
    }
}

impl DriverSeat {
    pub(crate) fn new(driver: Option<Box<dyn Driver>>) -> Self {
        Self {
            driver: driver.map(TryLock::new),
        }
    }

    /// Whether there is a driver at all.
    pub(crate) fn exists(&self) -> bool {
        self.driver.is_some()
    }

    /// The driver, if nobody is in it.
    pub(crate) fn try_enter(&self) -> Option<TryLockGuard<'_, Box<dyn Driver>>> {
        self.driver.as_ref()?.try_lock()
    }
}
