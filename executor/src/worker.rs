//! A worker: a thread with a seat, and the loop that it turns.
//!
//! # One turn
//!
//! 1. The duty: the root future of `block_on`, if it was woken; the end of the runtime.
//! 2. Every [`EVENT_INTERVAL`] turns, the driver and the injector, so that neither waits for the
//!    queue to run empty; and the others' queues, if there is little in the own one.
//! 3. A task from the slot, else from the worker's own queue.
//! 4. Nothing there: tasks that have yielded come back, after a turn of the driver.
//! 5. Nothing at all: the injector, else steal; nothing to steal: a look into the driver, where that
//!    pays; and then sleep, in the driver if nobody is in it.
//!
//! Worker threads and `block_on` turn the same loop; they differ in their [`Duty`].

mod ahead;
mod harvest;
mod leave;
mod lookout;
mod maintain;
mod search;
mod sleep;
mod thread;

pub(crate) use thread::work;

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use self::ahead::Ahead;
use self::harvest::Harvest;
use self::lookout::Lookout;
use self::maintain::Yielders;
use crate::context;
use crate::coop;
use crate::fork;
use crate::handle::Handle;
use crate::monitor;
use crate::park::Parker;
use crate::patience::{Patience, SPAN};
use crate::rest::Rest;
use crate::scheduler::Scheduler;
use crate::seat::{Core, CoreBox};
use crate::sync::atomic::Ordering;
use crate::sync::mutant;
use crate::task::Notified;
use crate::trust::ROOT_KIND;

/// Turns between two looks at the driver and the injector. A prime, so that it does not fall in
/// step with what the tasks do. At 100 ns a task it bounds the wait of an event at 6 us, and its
/// system call costs each task about 5 ns.
const EVENT_INTERVAL: u32 = 61;

/// Tasks taken from the slot in a row before the queue gets a turn: two tasks that wake each
/// other for ever must not starve the others. Not yet tuned.
const SLOT_STREAK_MAX: u32 = 16;

/// So many short tasks may go before `block_on`'s future once it is woken: less than 16 us.
const ROOT_WAITS_MAX: u32 = 16;

/// What a thread turns the worker's loop for.
pub(crate) trait Duty {
    /// Does what is to be done now. True ends the loop.
    fn proceed(&mut self, worker: &Worker) -> bool;

    /// Whether `proceed` has something to do: then the worker does not sleep.
    fn is_pending(&self) -> bool;
}

/// What kind of thread has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Post {
    /// A thread of the runtime's own.
    Thread,
    /// A thread in `block_on`, whose future cannot leave it.
    Guest,
}

/// A thread that has a seat.
pub(crate) struct Worker {
    /// The runtime.
    handle: Handle,
    /// The worker's number.
    seat: usize,
    /// What kind of thread this is.
    post: Post,
    /// What makes this thread the worker of its seat. None: it was given away, because this thread
    /// blocks; then the loop ends with the present poll.
    core: Cell<Option<CoreBox>>,
    /// Where this thread waits.
    parker: Arc<Parker>,
    /// The thread is in the driver, or at its timers: wakes go to the queue, and are made known once, afterwards.
    turning: Cell<bool>,
    /// The poll under way has called `yield_now`.
    yielded: Cell<bool>,
    /// This worker is counted as a searcher.
    searching: Cell<bool>,
    /// This worker has seen to it, since it last slept, that there is a monitor.
    watched: Cell<bool>,
    /// How long this thread looks around while another one waits in the driver.
    patience: Patience,
    /// Whether it looks into the driver before it sleeps there.
    lookout: Lookout,
    /// What the poll under way has given to others.
    ahead: Ahead,
    /// Whether it lets more come before it steals again.
    harvest: Harvest,
    /// Whether it sleeps in the driver.
    rest: Rest,
    /// How many tasks have gone before the root since it was woken.
    root_waits: Cell<u32>,
    /// Whether `block_on`'s future has yielded, and for how long.
    root_hold: Cell<RootHold>,
    /// The worker that this thread was before, for another runtime.
    outer: Cell<*const Self>,
}

/// A `block_on` future that has yielded lets others go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RootHold {
    /// It has not.
    Free,
    /// Until the driver's next turn.
    UntilTurn,
    /// Until this many tasks have run, or none is left.
    Behind(usize),
}

impl Worker {
    /// A worker that holds `core`. The caller has counted it as awake.
    pub(crate) fn new(handle: Handle, core: CoreBox, parker: Arc<Parker>, post: Post) -> Self {
        handle.scheduler().seats[core.seat].set_taken(true);
        if !mutant!("worker: who takes a seat does not call the monitor (W3)") {
            handle.scheduler().monitor.worker_wakes();
        }
        let lookout = Lookout::new(handle.scheduler().busy_poll);
        Self {
            handle,
            seat: core.seat,
            post,
            core: Cell::new(Some(core)),
            parker,
            turning: Cell::new(false),
            yielded: Cell::new(false),
            searching: Cell::new(false),
            watched: Cell::new(false),
            patience: Patience::new(SPAN, 1),
            lookout,
            ahead: Ahead::new(),
            harvest: Harvest::new(),
            rest: Rest::new(),
            root_waits: Cell::new(0),
            root_hold: Cell::new(RootHold::Free),
            outer: Cell::new(ptr::null()),
        }
    }

    /// The worker that this thread was before, or null.
    pub(crate) fn outer(&self) -> *const Self {
        self.outer.get()
    }

    pub(crate) fn set_outer(&self, outer: *const Self) {
        self.outer.set(outer);
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn seat(&self) -> usize {
        self.seat
    }

    #[inline]
    pub(crate) fn is_of(&self, scheduler: &Scheduler) -> bool {
        ptr::eq(&**self.handle.scheduler(), scheduler)
    }

    fn scheduler(&self) -> &Arc<Scheduler> {
        self.handle.scheduler()
    }

    /// Turns the loop until the duty ends it, or the core is gone.
    pub(crate) fn run(&self, duty: &mut impl Duty) {
        while let Some(maintenance_due) = self.begin_turn() {
            if duty.proceed(self) {
                return;
            }
            if maintenance_due {
                self.steal_beside_work();
                self.maintain(Yielders::Wait);
            }
            if let Some(task) = self.next_task() {
                self.execute(task);
            } else if self.has_yielded() {
                // At once: most of those that yield have nobody beside them.
                let next = self.maintain(Yielders::GoFirst);
                if let Some(task) = next.or_else(|| self.next_task()) {
                    self.execute(task);
                }
            } else if let Some(task) = self.search(duty) {
                self.execute(task);
            } else if !self.look_out(duty) {
                self.sleep(duty);
            }
        }
    }

    /// Puts a woken or spawned task where this worker runs it next. Gives it back if this thread
    /// has no core now.
    #[inline]
    pub(crate) fn push(&self, task: Notified) -> Option<Notified> {
        let Some(core) = self.core.take() else {
            return Some(task);
        };
        let mut notify = false;
        if self.turning.get() {
            core.queue.push(task);
        } else if self.gives_ahead() {
            core.queue.push(task);
            notify = !mutant!("worker: what is given ahead wakes nobody");
        } else if let Some(displaced) = self.scheduler().seats[self.seat].slot.replace(task) {
            core.queue.push(displaced);
            notify = self.takes_help(&core);
        }
        self.core.set(Some(core));
        if notify && !mutant!("worker: a push that displaces a task wakes nobody") {
            self.scheduler().notify();
        }
        None
    }

    /// Puts a task that was woken during its own poll behind the others. Gives it back if this
    /// thread has no core now.
    pub(crate) fn push_behind(&self, task: Notified) -> Option<Notified> {
        let Some(mut core) = self.core.take() else {
            return Some(task);
        };
        if self.yielded.get() {
            core.defer(&self.scheduler().seats[self.seat], task);
        } else {
            core.queue.push(task);
        }
        // This worker runs a lone task itself, at once; others may help with more. No more than a hint:
        // what lies there already was made known when it came.
        let notify = core.queue.len() > 1 && self.takes_help(&core);
        self.core.set(Some(core));
        if notify {
            self.scheduler().notify();
        }
        None
    }

    /// After a push to the queue: whether others may help with it. Then the caller notifies.
    #[inline]
    pub(super) fn takes_help(&self, core: &Core) -> bool {
        if self.scheduler().workers == 0 {
            // There is nobody else.
            return false;
        }
        let seat = &self.scheduler().seats[self.seat];
        if seat.is_open() {
            return true;
        }
        let opens =
            !self.scheduler().monitor.is_watching() || core.pace.is_worth_help(core.queue.len());
        if opens {
            seat.set_open(true);
        }
        opens
    }

    /// Now and then: whether others may help with what is in the queue. Then the caller notifies.
    fn still_takes_help(&self, core: &mut Core, tasks: usize) -> bool {
        let is_open = self.scheduler().seats[self.seat].is_open();
        let open = core.pace.is_still_worth_help(tasks, is_open)
            || !self.scheduler().monitor.is_watching();
        self.scheduler().seats[self.seat].set_open(open);
        open && tasks > 1 && self.scheduler().workers > 0
    }

    /// Whether the poll under way has yielded.
    pub(crate) fn has_noted_yield(&self) -> bool {
        self.yielded.get()
    }

    /// Notes that the poll under way has yielded.
    pub(crate) fn note_yield(&self) {
        self.yielded.set(true);
    }

    /// A reference to the scheduler for a new task, and the shard of this worker's tasks.
    pub(crate) fn reference_for_spawn(&self) -> Option<(Arc<Scheduler>, usize)> {
        let mut core = self.core.take()?;
        core.pace.count_spawn();
        let reference = core.spare.pop();
        self.core.set(Some(core));
        Some((
            reference.unwrap_or_else(|| Arc::clone(self.scheduler())),
            self.seat,
        ))
    }

    /// Keeps the reference of a task that is gone; gives it back if it is one too many.
    pub(crate) fn keep_reference(&self, reference: Arc<Scheduler>) -> Option<Arc<Scheduler>> {
        let Some(mut core) = self.core.take() else {
            return Some(reference);
        };
        let surplus = core.keep(reference);
        self.core.set(Some(core));
        surplus
    }

    /// Leaves the searchers. If this was the last one and there is more work, wakes the next (I2
    /// in `idle`).
    pub(crate) fn stop_searching(&self) {
        if self.searching.replace(false) && self.scheduler().idle.end_search() {
            let scheduler = self.scheduler();
            if scheduler.has_work() && !mutant!("worker: the last searcher wakes nobody (I2)") {
                scheduler.notify();
            }
        }
    }

    /// Calls `poll` on `block_on`'s future as a task is polled, and notes whether it yielded.
    pub(crate) fn poll_root<R>(&self, poll: impl FnOnce() -> R) -> R {
        self.be_watched();
        if !mutant!("worker: a searcher that polls its root stays one") {
            self.stop_searching();
        }
        self.scheduler().seats[self.seat].set_polling(ROOT_KIND);
        self.yielded.set(false);
        let result = poll();
        self.stop_in_child();
        self.ahead.poll_ends(self);
        if self.yielded.replace(false) {
            self.root_hold.set(RootHold::UntilTurn);
        }
        result
    }

    /// Before a poll: from now on there is something for a monitor to watch.
    #[inline]
    fn be_watched(&self) {
        if !self.watched.replace(true) {
            monitor::start(&self.handle);
        }
    }

    /// Whether `block_on`'s future, which is woken, lets a few short tasks go first. Each of them may be
    /// one that it waits for: then one poll does for all.
    pub(crate) fn lets_root_wait(&self) -> bool {
        let wait = self.root_waits.get();
        let short = |core: &mut Core| core.pace.is_short() && core.queue.len() > 0;
        let waits = wait < ROOT_WAITS_MAX && self.with_core(short).unwrap_or(false);
        self.root_waits.set(if waits { wait + 1 } else { 0 });
        waits
    }

    /// Whether this thread is the one that waits with `parker`, and so does not wait now.
    pub(crate) fn waits_with(&self, parker: &Arc<Parker>) -> bool {
        Arc::ptr_eq(&self.parker, parker)
    }

    /// Whether `block_on`'s future must wait for the others, having yielded.
    pub(crate) fn holds_root(&self) -> bool {
        self.root_hold.get() != RootHold::Free
    }

    /// Counts a turn. True if the driver and the injector are due; None if the core is gone.
    fn begin_turn(&self) -> Option<bool> {
        self.with_core(|core| {
            core.turn = core.turn.wrapping_add(1);
            // Ordering: Relaxed; the monitor compares two readings far apart.
            self.scheduler().seats[self.seat]
                .turns
                .store(core.turn, Ordering::Relaxed);
            core.turn % EVENT_INTERVAL == 0 && !mutant!("worker: no maintenance while it is busy")
        })
    }

    /// The next task without searching: slot, own queue.
    fn next_task(&self) -> Option<Notified> {
        let scheduler = self.scheduler();
        let local = self.with_core(|core| {
            if core.slot_streak < SLOT_STREAK_MAX || mutant!("worker: its slot goes first for ever")
            {
                core.slot_streak += 1;
                if let Some(task) = scheduler.seats[self.seat].slot.take() {
                    return Some(task);
                }
            } else if let Some(task) = scheduler.seats[self.seat].slot.take() {
                core.queue.push(task);
            }
            core.slot_streak = 0;
            core.queue.pop()
        });
        let local = local.flatten();
        if local.is_none() && self.root_hold.get() != RootHold::UntilTurn {
            // Nobody is left to go before the root.
            self.root_hold.set(RootHold::Free);
        }
        local
    }

    /// Runs one task, or passes it on.
    fn execute(&self, task: Notified) {
        let kind = task.kind();
        self.with_core(|core| core.pace.count_poll());
        if self.post == Post::Guest && !self.may_run(kind) {
            return self.pass_on(task);
        }
        self.be_watched();
        self.scheduler().seats[self.seat].set_polling(kind);
        if !mutant!("worker: a searcher that runs a task stays one (I2)") {
            self.stop_searching();
        }
        self.yielded.set(false);
        if let RootHold::Behind(tasks) = self.root_hold.get() {
            let rest = tasks.checked_sub(1).filter(|rest| *rest > 0);
            self.root_hold
                .set(rest.map_or(RootHold::Free, RootHold::Behind));
        }
        let _limit = coop::limit();
        task.run();
        self.stop_in_child();
        self.ahead.poll_ends(self);
    }

    /// After a poll: it may have forked, and this may be the child. There the other tasks are not
    /// to run, since they run in the parent.
    #[inline]
    fn stop_in_child(&self) {
        if !context::is_worker(self) {
            self.stop_now();
        }
    }

    #[cold]
    fn stop_now(&self) {
        match self.post {
            Post::Thread => fork::stop_if_stale(self.scheduler().generation),
            Post::Guest => self.scheduler().generation.expect_current("block_on"),
        }
    }

    /// Tells the thread in the driver of the timers that were armed in this seat.
    pub(super) fn publish_timers(&self) {
        if self.scheduler().has_timers(self.seat) {
            self.scheduler().environment.before_sleep(self.seat);
        }
    }

    fn with_core<R>(&self, f: impl FnOnce(&mut Core) -> R) -> Option<R> {
        let mut core = self.core.take()?;
        let result = f(&mut core);
        self.core.set(Some(core));
        Some(result)
    }
}
