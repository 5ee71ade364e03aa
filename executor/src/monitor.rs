//! The monitor: a thread that sees to it that a poll that blocks or computes for long costs the
//! others milliseconds.
//!
//! A worker that is stuck in a poll may hold up four things: the task in its slot (which woke
//! nobody when it was put there), the tasks in its queue (if everybody else went to sleep before
//! they came), the timers it has armed (nobody else was told of them), and the driver (if the
//! others wait on their condition variables). The monitor looks at the workers' turn counters,
//! which cost each turn one relaxed store. Where a counter has not moved for a period, it moves the
//! slot's task to the injector, tells the thread in the driver of the seat's timers, and wakes a
//! sleeper if there is work to take or nobody is in the driver. The sleeper counts beyond the limit
//! of running workers, since the stuck one is not running tasks.
//!
//! # When it sleeps
//!
//! Between two looks, for [`PERIOD_MIN`] after it had to act, else for longer and longer, up to
//! [`PERIOD_MAX`]. And for good, while nobody is awake and nothing has moved for a period: an
//! idle runtime makes no system calls.
//!
//! ```text
//!   the monitor goes to sleep               a worker wakes up
//!   M1  asleep = true                       W1  RMW: one awake more, by itself or its claimer
//!   M2  fence(SeqCst)                       W2  fence(SeqCst)
//!   M3  read: is anybody awake?             W3  read asleep: call the monitor
//! ```
//!
//! Either M3 sees the worker, or W3 sees the flag: M2 and W2 are totally ordered.
//!
//! # Limits
//!
//! If every worker thread is stuck there is nobody to wake. The current-thread flavour has no
//! monitor: it has no other thread.
//!
//! Checked by: loom-tests/tests/monitor.rs

use std::time::Duration;

use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex};

/// The shortest time between two looks, and so about what a stuck worker costs the others.
const PERIOD_MIN: Duration = Duration::from_millis(1);

/// The longest time between two looks while somebody is awake: a look costs two switches of
/// context, about 10 us, so a look each 8 ms is about a tenth of a percent of one core.
const PERIOD_MAX: Duration = Duration::from_millis(8);

/// Where the monitor waits.
#[derive(Debug)]
pub(crate) struct Monitor {
    /// The monitor sleeps for good, until the first worker wakes.
    asleep: AtomicBool,
    /// Set under the lock by whoever wants the monitor to look, or to end.
    called: Mutex<bool>,
    /// Rung when `called` is set.
    bell: Condvar,
}

impl Monitor {
    pub(crate) fn new() -> Self {
        Self {
            asleep: AtomicBool::new(false),
            called: Mutex::new(false),
            bell: Condvar::new(),
        }
    }

    /// W2 and W3: a worker has woken up.
    pub(crate) fn worker_wakes(&self) {
        // Pairs with M2 in `sleep_unless`.
        fence(Ordering::SeqCst);
        // Ordering: Relaxed; ordered by the fence. The swap lets one caller ring.
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            self.call();
        }
    }

    /// Ends the monitor's wait, whichever it is.
    pub(crate) fn call(&self) {
        *self.called.lock() = true;
        self.bell.notify_one();
    }

    /// Waits a period, or until it is called.
    fn pause(&self, period: Duration) {
        let mut called = self.called.lock();
        if !*called {
            self.bell.wait_for(&mut called, period);
        }
        *called = false;
    }

    /// M1 to M3: sleeps until it is called, unless `awake` sees somebody.
    pub(crate) fn sleep_unless(&self, awake: impl Fn() -> bool) {
        // Ordering: Relaxed; M2 orders it before the look.
        self.asleep.store(true, Ordering::Relaxed);
        // M2. Pairs with W2 in `worker_wakes`.
        fence(Ordering::SeqCst);
        if awake() {
            // Ordering: Relaxed; a caller that has swapped it already leaves a call, which ends
            // the next pause early.
            self.asleep.store(false, Ordering::Relaxed);
            return;
        }
        let mut called = self.called.lock();
        while !*called {
            self.bell.wait(&mut called);
        }
        *called = false;
    }
}

/// What the monitor thread does, from its start to its end.
pub(crate) fn monitor_thread(handle: &Handle) {
    let scheduler = handle.scheduler();
    let mut watch = Watch::new(scheduler);
    let mut period = PERIOD_MIN;
    while !scheduler.ending.has_begun() {
        scheduler.monitor.pause(period);
        let moved = watch.look(scheduler);
        if !moved && !scheduler.idle.anybody_awake() {
            let ending = || scheduler.ending.has_begun() || scheduler.idle.anybody_awake();
            scheduler.monitor.sleep_unless(ending);
            watch.look(scheduler);
            period = PERIOD_MIN;
        } else if watch.rescue(scheduler) {
            period = PERIOD_MIN;
        } else {
            period = (period * 2).min(PERIOD_MAX);
        }
    }
}

/// The turn counters as they were at the last look.
struct Watch {
    turns: Vec<u32>,
    /// Whether each seat's counter stood still since the look before.
    stuck: Vec<bool>,
}

impl Watch {
    fn new(scheduler: &Scheduler) -> Self {
        let seats = scheduler.seats.len();
        Self {
            turns: vec![0; seats],
            stuck: vec![false; seats],
        }
    }

    /// Reads all counters. True if any has moved.
    fn look(&mut self, scheduler: &Scheduler) -> bool {
        let mut moved = false;
        for (number, seat) in scheduler.seats.iter().enumerate() {
            // Ordering: Relaxed; two readings a millisecond apart are compared.
            let turns = seat.turns.load(Ordering::Relaxed);
            self.stuck[number] = turns == self.turns[number];
            moved |= !self.stuck[number];
            self.turns[number] = turns;
        }
        moved
    }

    /// Helps the tasks behind stuck workers. True if there was something to do.
    fn rescue(&self, scheduler: &Scheduler) -> bool {
        let (asleep, driven) = scheduler.idle.sleeping_seats();
        let mut anybody_stuck = false;
        for (number, seat) in scheduler.seats.iter().enumerate() {
            if !self.stuck[number] || !seat.is_taken() || asleep.contains(&number) {
                continue;
            }
            anybody_stuck = true;
            if let Some(task) = seat.slot.take() {
                scheduler.injector.push(task);
            }
            // Whoever waits in the driver learns of the timers that this seat has armed.
            scheduler.environment.before_sleep(number);
        }
        let driver_is_alone = scheduler.driver.exists() && !driven;
        if !anybody_stuck || !(driver_is_alone || scheduler.has_work()) {
            return false;
        }
        let Some(parker) = scheduler.idle.claim_for_rescue() else {
            return false;
        };
        scheduler.unpark(&parker);
        true
    }
}
