//! The monitor: a thread that sees to it that a poll that blocks or computes for long costs the
//! others milliseconds.
//!
//! A worker that is stuck in a poll may hold up five things: the task in its slot (which woke
//! nobody when it was put there), the tasks that have yielded and wait for its next turn, the tasks in
//! its queue (if everybody else went to sleep before they came, or never runs out of work), the timers
//! it has armed (nobody else was told of them), and the driver (if the others wait on their condition
//! variables). The monitor looks at the workers' turn counters, which cost each turn one relaxed store.
//! Where a counter has not moved for a period, it moves the slot's task to the injector (and what the
//! stuck one's kind wakes later does not go there: `worker/ahead.rs`), and those that have yielded,
//! tells the thread in the driver of the seat's timers, and wakes a sleeper if there is work to take or
//! nobody is in the driver. The sleeper counts beyond the limit of running workers, since the stuck one
//! is not running tasks. If nobody sleeps and all are stuck, a worker from the stand-by seats is added
//! ([`crate::standby`]); it goes home when nobody has been stuck for a while. If nobody sleeps and others
//! get on, the queue, too, is moved to the injector, where they look now and then whatever they have to
//! do. What kind of task it was that got stuck is remembered ([`crate::trust`]).
//!
//! # When it sleeps
//!
//! Between two looks, for the interval it was given while there is something to do now and then, else
//! for up to 24 times that. And for good, while nobody is awake and nothing has moved for a period:
//! an idle runtime makes no system calls.
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
//! A poll is found to be stuck after one period and one or two intervals; in a worker that was busy
//! before, after up to two periods. The current-thread flavour has no monitor: it has no other thread.
//! A worker that the system has stopped in favour of another program looks the same: on two cores beside two
//! programs that compute, the monitor looks 1,300 times a second and takes 3 % of a core.
//!
//! Checked by: loom-tests/tests/models/monitor.rs

#[cfg_attr(
    all(target_os = "linux", not(any(mainspring_loom, miri))),
    expect(unsafe_code, reason = "`sched_setattr` has no wrapper")
)]
#[cfg_attr(
    all(target_os = "linux", not(any(mainspring_loom, miri))),
    path = "monitor/slice_linux.rs"
)]
#[cfg_attr(
    not(all(target_os = "linux", not(any(mainspring_loom, miri)))),
    path = "monitor/slice_other.rs"
)]
mod slice;

use std::time::Duration;
use std::{iter, mem};

use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, mutant, thread};

/// After so many looks that found nothing to do, the time between them is doubled: a program that
/// blocks a worker now and then keeps the monitor attentive for that long.
const CALM_LOOKS: u32 = 32;

/// So many looks must find all workers stuck before one more is added. One is not enough: on a machine
/// with more to do than it has cores, the system may have stopped them all for some milliseconds.
const STUCK_LOOKS: u32 = 2;

/// So many tasks of a stuck worker's queue are given to others by one look, where all have work of their own.
const SHARED_AT_ONCE: usize = 256;

/// So many looks must find a worker stuck before another one is sent to the driver. A poll that writes all
/// that a socket takes, or reads all that it has, megabytes, is mostly over before that; and to have somebody
/// in the driver beside such tasks costs them half their speed ([`crate::rest`]).
const DRIVER_LOOKS: u32 = 3;

/// The longest time between two looks, in intervals: 12 ms, if the interval is 500 us. A look costs
/// two switches of context, 15 to 50 us; so many a second are a few thousandths of a core at most.
const PERIOD_MAX: u32 = 24;

/// Where the monitor waits.
#[derive(Debug)]
pub(crate) struct Monitor {
    /// The monitor sleeps for good, until the first worker wakes.
    asleep: AtomicBool,
    /// The time between two looks. None: nobody looks.
    interval: Option<Duration>,
    /// Held by whoever starts the thread, and true once it is started.
    started: Mutex<bool>,
    /// Whether the thread runs: a hint.
    watches: AtomicBool,
    /// Set under the lock by whoever wants the monitor to look, or to end.
    called: Mutex<Call>,
    /// Rung when `called` is set.
    bell: Condvar,
}

/// What the monitor is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Nothing,
    Look,
    /// Is kept until the monitor, whatever it was about to do, comes to its next wait.
    End,
}

impl Monitor {
    /// One whose thread is started by the first worker that has something to run; never, without an
    /// interval.
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        Self {
            asleep: AtomicBool::new(false),
            interval,
            started: Mutex::new(false),
            watches: AtomicBool::new(false),
            called: Mutex::new(Call::Nothing),
            bell: Condvar::new(),
        }
    }

    /// W2 and W3: a worker has woken up.
    pub(crate) fn worker_wakes(&self) {
        // Pairs with M2 in `sleep_unless`.
        if !mutant!("monitor: no fence after a worker has woken (W2)") {
            fence(Ordering::SeqCst);
        }
        // Ordering: Relaxed; ordered by the fence. The swap lets one caller ring.
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            self.call();
        }
    }

    /// Whether stuck workers are looked after.
    pub(crate) fn is_watching(&self) -> bool {
        // Ordering: Relaxed; a hint: whoever sees it late takes help that it may not need.
        self.watches.load(Ordering::Relaxed)
    }

    /// From now on they are.
    pub(crate) fn set_watching(&self) {
        // Ordering: Relaxed; as in `is_watching`.
        self.watches.store(true, Ordering::Relaxed);
    }

    /// Ends the monitor's wait, whichever it is.
    fn call(&self) {
        self.ring(Call::Look);
    }

    /// Ends the monitor, if there can be one.
    pub(crate) fn end(&self) {
        if self.interval.is_some() {
            self.ring(Call::End);
        }
    }

    fn ring(&self, call: Call) {
        let mut called = self.called.lock();
        let is_open = *called != Call::End || mutant!("monitor: a worker's call hides the end");
        if is_open && !mutant!("monitor: a call leaves no mark") {
            *called = call;
        }
        // Before the bell: the monitor, which may run at once in place of this thread, would wait for the
        // lock, and then for the end of this thread's slice, 1.4 ms.
        drop(called);
        if !mutant!("monitor: a call rings no bell") {
            self.bell.notify_one();
        }
    }

    /// Waits a period, or until it is called. False if it is to end.
    fn pause(&self, period: Duration) -> bool {
        let mut called = self.called.lock();
        if *called == Call::Nothing || mutant!("monitor: it pauses though it was called") {
            self.bell.wait_for(&mut called, period);
        }
        answer(&mut called)
    }

    /// M1 to M3: sleeps until it is called, unless `awake` sees somebody. False if it is to end.
    pub(crate) fn sleep_unless(&self, awake: impl Fn() -> bool) -> bool {
        // Ordering: Relaxed; M2 orders it before the look.
        self.asleep.store(true, Ordering::Relaxed);
        // M2. Pairs with W2 in `worker_wakes`.
        if !mutant!("monitor: no fence after the announcement (M2)") {
            fence(Ordering::SeqCst);
        }
        if awake() && !mutant!("monitor: no look after the announcement (M3)") {
            // Ordering: Relaxed; a caller that has swapped it already leaves a call, which ends
            // the next pause early.
            self.asleep.store(false, Ordering::Relaxed);
            return true;
        }
        let mut called = self.called.lock();
        if mutant!("monitor: it sleeps though it was called") {
            self.bell.wait(&mut called);
        }
        while *called == Call::Nothing {
            self.bell.wait(&mut called);
        }
        answer(&mut called)
    }
}

/// Takes a call. False if it was to the end.
fn answer(called: &mut Call) -> bool {
    let ends = mem::replace(called, Call::Nothing) == Call::End;
    !ends || mutant!("monitor: the end is taken for a call")
}

/// Starts the thread, if there is to be one and somebody has something to run for the first time. If the
/// system refuses it, whoever wakes next tries again.
pub(crate) fn start(handle: &Handle) {
    let scheduler = handle.scheduler();
    let monitor = &scheduler.monitor;
    if let Some(interval) = monitor.interval
        && !monitor.is_watching()
        && !scheduler.ending.has_begun()
    {
        start_thread(handle, interval);
    }
}

#[cold]
fn start_thread(handle: &Handle, interval: Duration) {
    let scheduler = handle.scheduler();
    let mut started = scheduler.monitor.started.lock();
    if *started {
        return;
    }
    scheduler.ending.thread_starts();
    let own = handle.clone();
    let name = "mainspring-monitor".to_owned();
    let thread = thread::Builder::new().name(name).spawn(move || {
        monitor_thread(&own, interval);
        own.scheduler().ending.thread_ends();
    });
    if thread.is_ok() {
        *started = true;
        scheduler.monitor.set_watching();
    } else {
        scheduler.ending.thread_ends();
    }
}

/// What the monitor thread does, from its start to its end.
fn monitor_thread(handle: &Handle, interval: Duration) {
    slice::ask_for_short_slices();
    let scheduler = handle.scheduler();
    let mut watch = Watch::new(scheduler);
    let mut calm = 0;
    loop {
        let period = interval.saturating_mul(watch.next_look(calm));
        if !scheduler.monitor.pause(period) {
            return;
        }
        let moved = watch.look(scheduler);
        if !moved && !scheduler.idle.anybody_awake() {
            if watch.dismiss(scheduler) {
                continue;
            }
            let awake = || scheduler.idle.anybody_awake();
            if !scheduler.monitor.sleep_unless(awake) {
                return;
            }
            watch.look(scheduler);
        } else if watch.rescue(handle) {
            calm = 0;
        } else {
            calm = calm.saturating_add(1);
            if calm % CALM_LOOKS == 0 && !watch.is_anybody_stuck() {
                watch.dismiss(scheduler);
            }
        }
    }
}

/// The time between two looks where nobody seems stuck, in intervals, after so many that found nothing to
/// do.
fn period(calm: u32) -> u32 {
    let doublings = (calm / CALM_LOOKS).min(PERIOD_MAX.ilog2() + 1);
    PERIOD_MAX.min(1 << doublings)
}

/// What was seen at the last look, and the look before.
pub(crate) struct Watch {
    /// The turn counters.
    turns: Vec<u32>,
    /// For how many looks each seat's counter has stood still while its worker was awake.
    stuck: Vec<u32>,
    /// How far each counter has moved since the look before.
    moved: Vec<u32>,
    /// How many intervals there were between the two.
    intervals: u32,
    /// Whether the next look is to come soon: a worker may be in a long poll, or is for the first time.
    is_suspicious: bool,
    /// Looks to let pass before another thread is asked of a system that has refused one.
    refused: u32,
}

impl Watch {
    pub(crate) fn new(scheduler: &Scheduler) -> Self {
        let seats = scheduler.seats.len();
        Self {
            turns: vec![0; seats],
            stuck: vec![0; seats],
            moved: vec![0; seats],
            intervals: 1,
            is_suspicious: false,
            refused: 0,
        }
    }

    /// Reads all counters. True if any has moved.
    pub(crate) fn look(&mut self, scheduler: &Scheduler) -> bool {
        let mut has_moved = false;
        for (number, seat) in scheduler.seats_in_use().iter().enumerate() {
            // Ordering: Relaxed; two readings a millisecond apart are compared.
            let turns = seat.turns.load(Ordering::Relaxed);
            let moved = turns.wrapping_sub(self.turns[number]);
            if moved == 0 {
                self.stuck[number] = self.stuck[number].saturating_add(1);
            } else {
                self.stuck[number] = 0;
                has_moved = true;
            }
            self.moved[number] = moved;
            self.turns[number] = turns;
        }
        has_moved
    }

    /// How many intervals there are until the next look, if so many have found nothing to do.
    fn next_look(&mut self, calm: u32) -> u32 {
        self.intervals = if self.is_suspicious { 1 } else { period(calm) };
        self.intervals
    }

    /// Whether a worker that is awake may be in a long poll since a short time: those that it has ended
    /// since the look before would have taken an interval each.
    fn has_few_turns(&self, number: usize) -> bool {
        self.moved[number] <= self.intervals
    }

    fn is_anybody_stuck(&self) -> bool {
        self.stuck.iter().any(|looks| *looks > 0)
    }

    /// Helps the tasks behind stuck workers. True if there was something to do.
    pub(crate) fn rescue(&mut self, handle: &Handle) -> bool {
        let scheduler = handle.scheduler();
        let (asleep, driven) = scheduler.idle.sleeping_seats();
        // How long he is stuck who is so for the shortest time; nobody: all are asleep.
        let mut least_stuck = u32::MAX;
        let mut helped = false;
        self.is_suspicious = false;
        for (number, seat) in scheduler.seats_in_use().iter().enumerate() {
            if !seat.is_taken() || asleep.contains(&number) {
                self.stuck[number] = 0;
                continue;
            }
            least_stuck = least_stuck.min(self.stuck[number]);
            self.is_suspicious |= self.has_few_turns(number) && self.stuck[number] <= 1;
            if self.stuck[number] == 0 {
                continue;
            }
            scheduler.trust.distrust(seat.polling());
            // Whatever it thought of its backlog, it does not work at it.
            seat.set_open(true);
            if !mutant!("monitor: what is in a slot stays there")
                && let Some(task) = seat.slot.take()
            {
                scheduler.injector.push(task);
                seat.set_computing(seat.polling());
                helped = true;
            }
            while !mutant!("monitor: what has yielded stays with a stuck worker")
                && let Some(task) = seat.steal_yielded()
            {
                scheduler.injector.push(task);
                helped = true;
            }
            if scheduler.has_timers(number) && !mutant!("monitor: a stuck worker's timers wait") {
                // Whoever waits in the driver learns of the timers that this seat has armed.
                scheduler.environment.before_sleep(number);
            }
        }
        let is_late = self.stuck.iter().any(|looks| *looks >= DRIVER_LOOKS);
        let driver_is_alone = scheduler.driver.exists() && !driven && is_late;
        let driver_is_alone = driver_is_alone && !mutant!("monitor: the driver is left alone");
        if !self.is_anybody_stuck() || !(driver_is_alone || scheduler.has_work()) {
            return helped;
        }
        if !mutant!("monitor: what it has moved wakes nobody")
            && let Some(parker) = scheduler.idle.claim_for_rescue()
        {
            scheduler.unpark(&parker);
            return true;
        }
        if least_stuck >= STUCK_LOOKS && scheduler.idle.all_run() {
            return self.reinforce(handle) || helped;
        }
        self.share_backlogs(scheduler) || helped
    }

    /// Nobody sleeps, and the others get on: they look at another queue only when they have too little in
    /// their own, which may be never. At the injector they look all the same. (Who falls asleep just now
    /// is woken by the next look. No model: `tests/runtime/stalls.rs`.)
    fn share_backlogs(&self, scheduler: &Scheduler) -> bool {
        let mut shared = false;
        for (number, seat) in scheduler.seats_in_use().iter().enumerate() {
            if self.stuck[number] < STUCK_LOOKS {
                continue;
            }
            for task in iter::from_fn(|| seat.steal_queued()).take(SHARED_AT_ONCE) {
                scheduler.injector.push(task);
                shared = true;
            }
        }
        shared
    }

    /// Everybody is stuck: one worker more. False if there is none to be had.
    fn reinforce(&mut self, handle: &Handle) -> bool {
        if self.refused > 0 {
            self.refused -= 1;
            return false;
        }
        let reinforced = handle.scheduler().reinforce(handle);
        if !reinforced {
            self.refused = CALM_LOOKS;
        }
        reinforced
    }

    /// Sends one of the workers home that were added while others were stuck. False if there is none.
    pub(crate) fn dismiss(&self, scheduler: &Scheduler) -> bool {
        let mut seats = scheduler.seats_in_use().iter().enumerate();
        let extra = seats.find(|(number, seat)| {
            !scheduler.has_timers(*number) && seat.is_taken() && !seat.is_dismissed()
        });
        let Some((number, seat)) = extra else {
            return false;
        };
        // As at the end of the runtime (I4 of `shutdown`): the flag comes before this look at the
        // sleepers, which is behind their lock.
        let is_late = mutant!("monitor: a dismissal comes after the look at the sleepers");
        if !is_late {
            seat.set_dismissed(true);
        }
        if let Some(parker) = scheduler.idle.sleeper(number) {
            if !mutant!("monitor: who is dismissed is not woken") {
                scheduler.unpark(&parker);
            }
        }
        if is_late {
            seat.set_dismissed(true);
        }
        true
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_period_grows_in_steps_to_its_limit() {
        assert_eq!(period(0), 1);
        assert_eq!(period(CALM_LOOKS - 1), 1);
        assert_eq!(period(CALM_LOOKS), 2);
        assert_eq!(period(3 * CALM_LOOKS), 8);
        assert_eq!(period(u32::MAX), PERIOD_MAX);
    }
}
