//! How a runtime ends.
//!
//! # States
//!
//! ```text
//!            shutdown(grace)                grace over, or all is quiet
//!   RUNNING ─────────────────▶ DRAINING ──────────────────────────────────▶ ABORTING ──▶ closed
//!      │                                                                       ▲
//!      └──── drop, shutdown_timeout, a panic that ends the runtime: close ─────┘
//! ```
//!
//! * RUNNING.
//! * DRAINING: the shutdown signal has been given. Everything works as before, spawning too, so that
//!   tasks can finish what they do ([`grace`]).
//! * ABORTING: nothing is spawned; whoever sleeps was woken; the runtime's own threads leave their
//!   loops after the poll they are in; the offload pool has dropped what was queued. All who come
//!   share the live tasks, and then what is in the queues: of each they drop the future.
//!   The last worker to leave (or the closing thread, if there is none) goes on until no task is
//!   left but those in a poll elsewhere, which end with it; and then ends the waits that are left
//!   in the environment: those of roots and of foreign threads.
//! * Closed: no task, no job, and no thread is left. No word says so: [`Ending::wait`] waits for it.
//!
//! # Invariants
//!
//! * I1: the state only grows: it is changed by `fetch_max`.
//! * I2: a task is either in the list when the list is closed, and then given to one of those who end
//!   what is in it; or it is refused, and cancelled by its spawner. Both happen under the shard's lock.
//! * I3: an aborted task has ended, or is in a queue, or on its way there, or in a poll. A wake that was caught
//!   between its mark and its push has its task on the way: the draining thread waits for it, which
//!   takes as long as a push.
//! * I4: no worker sleeps through the end. It reads the state after it has registered as a sleeper,
//!   under the sleepers' lock; the closer sets the state, and then looks at the sleepers, under that
//!   lock. Whoever has the lock second sees what the other did.
//! * I5: what a report says was counted when the list was closed, before the first abort.
//!
//! # Where nobody may wait
//!
//! In async code of any runtime a thread that waited would stop others, perhaps those it waits for.
//! There the end is begun only: the runtime's own threads do the rest, and where there are none,
//! a thread that is started for it ([`background`]).
//!
//! Checked by: loom-tests/tests/models/shutdown.rs

mod background;
mod grace;
mod report;
mod signal;

pub use background::Shutdown;
pub use report::ShutdownReport;
pub use signal::ShutdownSignal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::grace::Asker;
use self::signal::Signal;
use crate::context;
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Condvar, Mutex, mutant, thread, time};
use crate::task::{AbortHandle, TaskCounts};

const RUNNING: u8 = 0;
const DRAINING: u8 = 1;
const ABORTING: u8 = 2;

/// How often those who are still in a runtime that has ended look at what nobody turns any more.
pub(crate) const LOOK_AFTER_THE_END: Duration = Duration::from_millis(5);

/// The name of threads that wait for a runtime's end in another's place.
const THREAD_NAME: &str = "mainspring-shutdown";

/// How far the end has come.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The protocol word: RUNNING, DRAINING or ABORTING.
    state: AtomicU8,
    /// What was alive when it was cut off. The lock makes one closer the first; the locks of the
    /// task list and of the pool are taken within.
    cut: Mutex<Option<Cut>>,
    /// What tasks wait for that want to drain.
    signal: Arc<Signal>,
    /// Worker threads that have not left their loops yet, and all threads that have not ended.
    threads: Mutex<Threads>,
    /// Rung when the last thread has ended.
    ended: Condvar,
}

/// What was alive at the end of the grace.
#[derive(Debug, Clone, Copy, Default)]
struct Cut {
    /// The tasks.
    tasks: TaskCounts,
    /// Jobs that no thread had begun.
    queued_jobs: usize,
}

#[derive(Debug, Clone, Copy)]
struct Threads {
    /// Workers that have not left.
    working: usize,
    /// Threads of the runtime's own, those of the offload pool aside.
    alive: usize,
}

impl Ending {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(RUNNING),
            cut: Mutex::new(None),
            signal: Arc::new(Signal::new()),
            threads: Mutex::new(Threads {
                working: 0,
                alive: 0,
            }),
            ended: Condvar::new(),
        }
    }

    /// Whether the tasks are being cut off. Read by every worker each turn.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        // Ordering: Relaxed; what follows from it synchronises by itself. A sleeper's read is
        // ordered by the lock of its registration (I4).
        self.state.load(Ordering::Relaxed) >= ABORTING
    }

    /// Whether the tasks are asked to finish, or are being cut off.
    pub(crate) fn is_announced(&self) -> bool {
        // Ordering: Relaxed; nothing is read on the strength of it.
        self.state.load(Ordering::Relaxed) >= DRAINING
    }

    /// A future of the announcement.
    pub(crate) fn signal(&self) -> ShutdownSignal {
        self.signal.wait()
    }

    /// RUNNING to DRAINING.
    fn begin_draining(&self) {
        if mutant!("shutdown: draining may follow the end") {
            self.state.store(DRAINING, Ordering::Relaxed);
        }
        // Ordering: Relaxed; the signal's lock publishes it to those who wait for the signal.
        self.state.fetch_max(DRAINING, Ordering::Relaxed);
        if !mutant!("shutdown: draining is not announced") {
            self.signal.give();
        }
    }

    /// To ABORTING, keeping what `cut` counts. False if it was so already.
    fn begin_aborting(&self, cut: impl FnOnce() -> Cut) -> bool {
        if mutant!("shutdown: the workers leave before the list is closed") {
            self.state.fetch_max(ABORTING, Ordering::Relaxed);
        }
        let mut kept = self.cut.lock();
        if kept.is_some() && !mutant!("shutdown: what is cut off is counted twice") {
            return false;
        }
        // Who sees the state, and then has this lock, finds a closed list and what was in it: nothing
        // comes after the last one has drained.
        *kept = Some(cut());
        // Ordering: Relaxed; the sleepers' lock publishes it to whoever is not among them (I4), and the
        // lobby's to whoever is not in it.
        self.state.fetch_max(ABORTING, Ordering::Relaxed);
        true
    }

    /// What was alive when it was cut off.
    fn cut(&self) -> Cut {
        self.cut.lock().unwrap_or_default()
    }

    /// So many workers are about to begin.
    pub(crate) fn workers_start(&self, count: usize) {
        self.threads.lock().working += count;
    }

    /// A thread is about to be started.
    pub(crate) fn thread_starts(&self) {
        self.threads.lock().alive += 1;
    }

    /// A worker thread has left its loop. True for the last one.
    pub(crate) fn worker_leaves(&self) -> bool {
        let mut threads = self.threads.lock();
        threads.working -= 1;
        threads.working == 0
    }

    /// A thread could not be started, or has done everything.
    pub(crate) fn thread_ends(&self) {
        let is_last = {
            let mut threads = self.threads.lock();
            threads.alive -= 1;
            threads.alive == 0
        };
        // After the lock, which whoever waits takes first of all. The bell is there as long as this
        // thread's reference to the scheduler.
        if is_last && !mutant!("shutdown: the last thread does not ring") {
            self.ended.notify_all();
        }
    }

    /// Waits until all worker threads have ended. False if `until` came first.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut threads = self.threads.lock();
        while threads.alive > 0 {
            match until {
                None => self.ended.wait(&mut threads),
                Some(until) => {
                    if self.ended.wait_until(&mut threads, until).timed_out() {
                        return threads.alive == 0;
                    }
                }
            }
        }
        true
    }
}

impl Scheduler {
    /// To DRAINING: tasks that wait for it learn that they are to finish.
    fn begin_draining(&self) {
        self.ending.begin_draining();
    }

    /// To ABORTING. May be called from anywhere; does nothing the second time.
    pub(crate) fn close(&self) {
        let first = self.ending.begin_aborting(|| Cut {
            tasks: if mutant!("shutdown: the list stays open") {
                self.tasks.counts()
            } else {
                self.tasks.close()
            },
            queued_jobs: self.pool.queued(),
        });
        if !first {
            return;
        }
        // I4: the state comes before this look at the sleepers, which is behind their lock.
        for parker in self.idle.all_sleepers() {
            if !mutant!("shutdown: sleepers are not woken") {
                self.unpark(&parker);
            }
        }
        if !mutant!("shutdown: the monitor is not called") {
            self.monitor.end();
        }
        if !mutant!("shutdown: threads on stand-by are not sent home") {
            self.standby.close();
        }
        self.lobby.close(self);
        // What these call is the user's: wakers, and destructors of closures.
        if !mutant!("shutdown: the pool stays open") {
            self.pool.close();
        }
        if !mutant!("shutdown: an end without grace is not announced") {
            self.ending.signal.give();
        }
    }

    /// Drops the futures of all tasks that nobody polls, then ends what waits are left. With
    /// `wait`, also of those that are on their way to a queue.
    pub(crate) fn drain(&self, wait: bool) {
        let wait = wait && !mutant!("shutdown: tasks on their way are not waited for");
        self.cut_off(|| wait && self.tasks.any_at_rest());
        if !mutant!("shutdown: waits in the environment go on") {
            self.environment.shutdown();
        }
    }

    /// Ends all tasks, those that wait and then those in the queues, which it looks through again and
    /// again while `more`. The list is closed.
    pub(crate) fn cut_off(&self, mut more: impl FnMut() -> bool) {
        if self.ending.cut().tasks.alive == 0 {
            // Then no queue holds anything either, and each look at all of them takes microseconds.
            return;
        }
        if !mutant!("shutdown: nothing is aborted") {
            self.tasks.end_each(AbortHandle::abort_here);
        }
        let mut pause = Backoff::new();
        loop {
            // Who comes later than another one may find what that one has not come to.
            while let Some(task) = self.take_any() {
                task.cancel();
            }
            if !more() {
                return;
            }
            pause.pause();
        }
    }

    /// Ends the runtime without grace. Waits until its threads and jobs have ended, `limit` at most;
    /// inside async code it does not wait at all.
    pub(crate) fn shutdown(self: &Arc<Self>, limit: Option<Duration>) {
        if self.generation.is_stale() {
            // Its threads are the parent's, and so is its driver: nothing of it is touched again.
            return std::mem::forget(Arc::clone(self));
        }
        self.close();
        if context::is_in_async_code() || context::is_in_foreign_poll() {
            if self.workers == 0 && !mutant!("shutdown: async code leaves the tasks behind") {
                self.drain_in_background();
            }
            return;
        }
        // A limit beyond the clock's range is no limit.
        let until = limit.and_then(|limit| time::now().checked_add(limit));
        if self.workers == 0 {
            let wait = !mutant!("shutdown: the closing thread ends before the tasks");
            self.inside(|| self.cut_off(|| wait && self.tasks.any_at_rest() && is_before(until)));
            self.drain_in_background();
        } else if until.is_none() && !mutant!("shutdown: the closing thread does not help") {
            // A worker that is stuck in a poll may be waiting for what these tasks hold.
            self.inside(|| self.cut_off(|| false));
        }
        if !self.wait_for_threads(until) {
            if limit != Some(Duration::ZERO) && !mutant!("shutdown: after the limit nobody drains")
            {
                // As above; but destructors are not bounded in time.
                self.drain_in_background();
            }
        } else if !context::is_in_pool_of(self) || mutant!("shutdown: a job waits for itself") {
            // A job that ends its own runtime cannot be waited for by itself.
            self.wait_for_jobs(until);
        }
    }

    /// Waits for the runtime's own threads. False if `until` came first.
    fn wait_for_threads(&self, until: Option<Instant>) -> bool {
        mutant!("shutdown: threads are not waited for")
            || self.wait_and_turn(until, |next| self.ending.wait(next))
    }

    /// Waits for the jobs that run. False if `until` came first.
    fn wait_for_jobs(&self, until: Option<Instant>) -> bool {
        mutant!("shutdown: jobs are not waited for")
            || self.wait_and_turn(until, |next| self.pool.wait(next))
    }

    /// Waits by `wait`, and meanwhile turns the timers, which nobody else does any more: a poll or a
    /// job may wait for one by an executor of its own.
    fn wait_and_turn(
        &self,
        until: Option<Instant>,
        wait: impl Fn(Option<Instant>) -> bool,
    ) -> bool {
        loop {
            // A time beyond the clock's range is no limit.
            let look = time::now().checked_add(LOOK_AFTER_THE_END);
            if wait(look.into_iter().chain(until).min()) {
                return true;
            }
            if !is_before(until) {
                return false;
            }
            if !mutant!("shutdown: nothing is turned while jobs are waited for") {
                self.environment.turn_after_the_end();
            }
        }
    }

    /// Ends the runtime with a grace and waits for that. In a task of its own, its other tasks go on
    /// meanwhile, unless this is the current-thread flavour, where nobody could run them.
    #[track_caller]
    pub(crate) fn shutdown_here(self: &Arc<Self>, grace: Duration) -> ShutdownReport {
        self.generation.expect_current("Runtime::shutdown");
        // This thread is about to block.
        context::give_cores_away();
        self.shutdown_with_grace(grace, Asker::here(self))
    }

    /// Calls `body` with the surroundings that a task's destructor may use.
    fn inside(self: &Arc<Self>, mut body: impl FnMut()) {
        let handle = Handle::new(Arc::clone(self));
        self.environment.enter(None, &mut || {
            let _entered = context::enter(handle.clone());
            body();
        });
    }
}

/// Whether `until` is still to come. None never comes.
fn is_before(until: Option<Instant>) -> bool {
    until.is_none_or(|until| time::now() < until)
}

/// Waits of growing length for something that mostly takes about as long as a push, but at times as
/// long as a poll.
struct Backoff(u32);

impl Backoff {
    /// Before the first wait that gives the core away for long.
    const YIELDS: u32 = 64;

    /// The first sleep; each is twice as long as the last one.
    const FIRST_SLEEP: Duration = Duration::from_micros(50);

    /// How often the sleep is doubled: up to 3.2 ms.
    const DOUBLINGS: u32 = 6;

    fn new() -> Self {
        Self(0)
    }

    fn pause(&mut self) {
        self.0 = self.0.saturating_add(1);
        match self.0.checked_sub(Self::YIELDS) {
            None => thread::yield_now(),
            Some(sleeps) => thread::sleep(Self::FIRST_SLEEP * (1 << sleeps.min(Self::DOUBLINGS))),
        }
    }
}
