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
//! Spurious returns are allowed: every caller looks for its reason again, so none is looked for here.
//!
//! Checked by: loom-tests/tests/models/park.rs, and the driver's hand-over by driver.rs there

use std::time::Duration;

use crate::driver::Driver;
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use crate::sync::{Condvar, Mutex, MutexGuard, TryLock, TryLockGuard, mutant, order, spin_loop};

const EMPTY: u8 = 0;
const WAITING: u8 = 1;
const DRIVING: u8 = 2;
const NOTIFIED: u8 = 3;

/// How often who is about to wait in the driver tries to enter it while another thread turns it: 2 to 4 us,
/// some turns without an event. In a model, where each try may be the last one, once.
const TRIES: u32 = if cfg!(mainspring_loom) { 1 } else { 100 };

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
    /// Whether somebody waits there: a hint.
    attended: AtomicBool,
    /// How often somebody has been in it: a hint.
    visits: AtomicU32,
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
        self.wait(|bell| self.condvar.wait(bell));
    }

    /// Waits on the condition variable for an unpark, `limit` at most.
    pub(crate) fn park_for(&self, limit: Duration) {
        self.wait(|bell| {
            // How it ended makes no difference.
            let _ = self.condvar.wait_for(bell, limit);
        });
    }

    fn wait(&self, until_rung: impl FnOnce(&mut MutexGuard<'_, ()>)) {
        let mut bell = self.bell.lock();
        if self.begin(WAITING) {
            if mutant!("park: the lock is let go before the wait") {
                drop(bell);
                bell = self.bell.lock();
            }
            until_rung(&mut bell);
        }
        self.end();
    }

    /// Waits in the driver for an event, a timer or an unpark. The unparker that sees DRIVING calls
    /// `Environment::unpark`, which ends a wait that has not begun, too.
    pub(crate) fn park_in(&self, driver: &mut dyn Driver, quiet: impl Fn() -> bool) {
        if self.begin(DRIVING) {
            // Ordering: Relaxed; it decides nothing but a paused clock's jump.
            let is_unwoken = || self.state.load(Ordering::Relaxed) != NOTIFIED;
            driver.park(&|| {
                if mutant!("park: a wake that comes while the pool is asked is missed") {
                    return is_unwoken() && quiet();
                }
                // In this order: a job wakes whom it has to before it is over, so who sees that no
                // job is under way sees the wake, too.
                quiet() && (is_unwoken() || mutant!("park: a jump does not ask for wakes"))
            });
        }
        self.end();
    }

    /// EMPTY to `state`, before a wait. False if an unpark has come: then there is none.
    fn begin(&self, state: u8) -> bool {
        if mutant!("park: a wait begins by a load and a store") {
            let before = self.state.load(Ordering::Relaxed);
            self.state.store(state, Ordering::Relaxed);
            return before != NOTIFIED;
        }
        // Ordering: Relaxed; what an unpark has published is acquired by `end`, to which this swap,
        // being one, passes it on.
        self.state.swap(state, Ordering::Relaxed) != NOTIFIED
            || mutant!("park: a token is not looked at")
    }

    /// To EMPTY, after a wait.
    fn end(&self) {
        if mutant!("park: a wait ends by a store") {
            return self.state.store(EMPTY, Ordering::Relaxed);
        }
        // Ordering: Acquire pairs with the Release of `unpark`, whose reasons the caller reads next.
        let acquire = order!("park: a wait ends without Acquire", Acquire);
        self.state.swap(EMPTY, acquire);
    }

    /// Ends the thread's wait, or its next one. True if the thread is in the driver: the caller
    /// must call [`crate::Environment::unpark`].
    #[must_use]
    pub(crate) fn unpark(&self) -> bool {
        // Ordering: Release publishes the reason to the Acquire of `end`.
        let release = order!("park: an unpark without Release", Release);
        let before = if mutant!("park: an unpark is a load and a store") {
            let before = self.state.load(Ordering::Relaxed);
            self.state.store(NOTIFIED, release);
            before
        } else {
            self.state.swap(NOTIFIED, release)
        };
        match before {
            WAITING => {
                // The waiter holds the lock from its swap to its wait: taking it once makes sure
                // that the bell is not rung in between.
                if !mutant!("park: the bell is rung without the lock") {
                    drop(self.bell.lock());
                }
                if !mutant!("park: the bell is not rung") {
                    self.condvar.notify_one();
                }
                false
            }
            DRIVING => !mutant!("park: the driver's bell is not rung"),
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
            attended: AtomicBool::new(false),
            visits: AtomicU32::new(0),
        }
    }

    /// Whether there is a driver at all.
    pub(crate) fn exists(&self) -> bool {
        self.driver.is_some()
    }

    /// Somebody begins to wait in the driver, or goes on.
    pub(crate) fn set_attended(&self, attended: bool) {
        // Ordering: Relaxed; a hint for those who look around before they sleep.
        self.attended.store(attended, Ordering::Relaxed);
    }

    /// Whether somebody waits in the driver.
    pub(crate) fn is_attended(&self) -> bool {
        // Ordering: Relaxed; a hint.
        self.attended.load(Ordering::Relaxed)
    }

    /// Who holds the driver counts a visit.
    pub(crate) fn count_visit(&self) {
        // Ordering: Relaxed; a hint, and nobody else writes it meanwhile.
        let visits = self.visits.load(Ordering::Relaxed);
        self.visits.store(visits.wrapping_add(1), Ordering::Relaxed);
    }

    /// How often somebody has been in the driver.
    pub(crate) fn visits(&self) -> u32 {
        // Ordering: Relaxed; a hint.
        self.visits.load(Ordering::Relaxed)
    }

    /// The driver, if nobody waits in it. Who only turns it is gone in a moment, so that is waited for:
    /// otherwise a worker that yields again and again, and so is in the driver most of the time, would
    /// keep all others from it, and make a system call for each yield.
    pub(crate) fn enter_to_wait(&self) -> Option<TryLockGuard<'_, Box<dyn Driver>>> {
        let driver = self.driver.as_ref()?;
        for _ in 0..TRIES {
            let free = driver.try_lock();
            if free.is_some() || self.is_attended() {
                return free;
            }
            spin_loop();
        }
        None
    }

    /// The driver, if nobody is in it.
    pub(crate) fn try_enter(&self) -> Option<TryLockGuard<'_, Box<dyn Driver>>> {
        self.driver.as_ref()?.try_lock()
    }
}
