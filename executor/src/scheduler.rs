//! The scheduler: what all threads of one runtime share, and how a task gets into a queue.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::block_on::Lobby;
use crate::context;
use crate::driver::Environment;
use crate::fork::Generation;
use crate::handle::Handle;
use crate::idle::Idle;
use crate::monitor::Monitor;
use crate::offload::Pool;
use crate::park::{DriverSeat, Parker};
use crate::queue::{Injector, Steal};
use crate::seat::{Core, CoreBox, Seat};
use crate::shutdown::Ending;
use crate::standby::Standby;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::mutant;
use crate::task::{
    JoinHandle, Notified, RawTask, Schedule, TaskList, TaskOrigin, new_task, next_id,
};
use crate::task_panic::PanicPolicy;
use crate::trust::Trust;

/// What all threads of one runtime share.
pub(crate) struct Scheduler {
    /// The process in which it was made.
    pub(crate) generation: Generation,
    /// The shared side of every worker: the worker threads' first, then those of `block_on`, then
    /// those on stand-by.
    pub(crate) seats: Box<[CachePadded<Seat>]>,
    /// Tasks that were woken or spawned by threads that are not workers.
    pub(crate) injector: CachePadded<Injector<Notified>>,
    /// Who is awake, who sleeps.
    pub(crate) idle: CachePadded<Idle>,
    /// The driver, and who is in it.
    pub(crate) driver: DriverSeat,
    /// What surrounds the threads.
    pub(crate) environment: Box<dyn Environment>,
    /// Every live task.
    pub(crate) tasks: TaskList,
    /// The seats of `block_on`, and who waits for one.
    pub(crate) lobby: Lobby,
    /// The threads for blocking and computing jobs.
    pub(crate) pool: Pool,
    /// The threads and cores that wait until they are needed.
    pub(crate) standby: Standby,
    /// Which tasks threads in `block_on` may run.
    pub(crate) trust: Trust,
    /// What is done about the panics of tasks.
    pub(crate) panics: PanicPolicy,
    /// The thread that looks after stuck workers.
    pub(crate) monitor: Monitor,
    /// How far the runtime's end has come.
    pub(crate) ending: Ending,
    /// For how long a worker that is awake alone turns the driver before it sleeps there.
    pub(crate) busy_poll: Duration,
    /// How many worker threads there are.
    pub(crate) workers: usize,
    /// How many seats have timers of their own: all but those on stand-by.
    pub(crate) timed_seats: usize,
    /// How many seats have ever been taken, counted from the first: those beyond are passed over.
    pub(crate) shown_seats: AtomicUsize,
}

impl Scheduler {
    /// Spawns a task from any thread.
    #[inline]
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        future: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(future, spawned_at, |own| own)
    }

    /// As [`spawn`](Self::spawn); `wrap` adds to what the task has of its scheduler.
    pub(crate) fn spawn_with<F, S: Schedule>(
        self: &Arc<Self>,
        future: F,
        spawned_at: &'static Location<'static>,
        wrap: impl FnOnce(TaskScheduler) -> S,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let id = next_id();
        let (reference, shard) = context::with_worker(|worker| match worker {
            Some(worker) if worker.is_of(self) => worker.reference_for_spawn(),
            _ => None,
        })
        .unwrap_or_else(|| (Arc::clone(self), self.tasks.outside_shard(id)));
        let origin = TaskOrigin {
            id,
            spawned_at,
            shard: shard as u32,
        };
        let own = wrap(TaskScheduler(Some(reference)));
        let (task, entry, handle) = new_task(future, own, origin);
        if self.tasks.insert(task) {
            self.schedule(entry);
        } else if !mutant!("shutdown: a task that is refused is not cancelled (I2)") {
            // The runtime has ended: the task is cancelled before its first poll.
            entry.cancel();
        }
        handle
    }

    /// Puts a woken task in a queue.
    #[inline]
    pub(crate) fn schedule(&self, task: Notified) {
        let refused = context::with_worker(|worker| match worker {
            Some(worker) if worker.is_of(self) => worker.push(task),
            _ => Some(task),
        });
        if let Some(task) = refused {
            self.inject(task);
        }
    }

    /// Puts a task where every worker can take it, and wakes one if need be.
    #[cold]
    pub(crate) fn inject(&self, task: Notified) {
        if self.generation.is_stale() {
            // Nobody is there to run it. Its task is left behind with all the others, and an entry
            // has no destructor.
            return;
        }
        self.injector.push(task);
        if !mutant!("scheduler: an outside push wakes nobody") {
            self.notify();
        }
    }

    /// After a push: wakes a worker if none looks for work (see [`crate::idle`]).
    #[inline]
    pub(crate) fn notify(&self) {
        if let Some(parker) = self.idle.notify() {
            self.unpark(&parker);
        }
    }

    /// Ends a thread's wait, wherever it waits.
    pub(crate) fn unpark(&self, parker: &Parker) {
        if self.generation.is_stale() {
            // The thread is the parent's, and so is the driver's bell.
            return;
        }
        if parker.unpark() {
            self.environment.unpark();
        }
    }

    /// The seats that may have work.
    pub(crate) fn seats_in_use(&self) -> &[CachePadded<Seat>] {
        // Ordering: Relaxed; the number was raised before its seat's worker could push, and a
        // sleeper's load is ordered after that push by the fences of the sleep protocol.
        &self.seats[..self.shown_seats.load(Ordering::Relaxed)]
    }

    /// A stand-by seat is about to be taken.
    pub(crate) fn show_seat(&self, seat: usize) {
        // Ordering: Relaxed; the core is handed over behind a lock, which publishes this.
        self.shown_seats.fetch_max(seat + 1, Ordering::Relaxed);
    }

    /// Whether timers can be armed in this seat; those of a stand-by seat are outside timers.
    pub(crate) fn has_timers(&self, seat: usize) -> bool {
        seat < self.timed_seats
    }

    /// Lets an emptied core of one of the runtime's own threads go.
    pub(crate) fn vacate(&self, mut core: CoreBox) {
        // They would keep the scheduler alive for ever.
        core.spare.clear();
        if !self.has_timers(core.seat) {
            let seat = &self.seats[core.seat];
            let is_late = mutant!("standby: a seat is vacant before its dismissal is over");
            if !is_late {
                seat.set_dismissed(false);
            }
            self.standby.return_vacant(core);
            if is_late {
                seat.set_dismissed(false);
            }
        }
    }

    /// Whether there is work that anybody may take: S4 of the sleep protocol.
    pub(crate) fn has_work(&self) -> bool {
        let mut seats = self.seats_in_use().iter();
        let in_queues = !mutant!("scheduler: queues are not looked at before a sleep (I1)");
        !self.injector.is_empty() || (in_queues && seats.any(|seat| seat.has_work_for_others()))
    }

    /// Whether somebody waits in the driver, or nobody would be woken by it.
    pub(crate) fn is_driver_attended(&self) -> bool {
        self.driver.is_attended() || !self.environment.wants_turn()
    }

    /// Whether nothing can happen but by the driver or from outside: every worker sleeps, and no job
    /// of the pool is under way. A clock that stands still moves to the next timer then.
    pub(crate) fn is_quiet(&self) -> bool {
        // In this order: a job wakes whom it has to before it is over. (No model has been found that needs
        // the order: the driver asks twice before it moves the clock, so it would take a job that comes,
        // runs and ends within the second look.)
        let no_job = self.pool.is_idle() || mutant!("clock: moves while a job runs");
        let nobody_awake =
            !self.idle.anybody_awake() || mutant!("clock: moves while a worker is awake");
        no_job && nobody_awake
    }

    /// Moves all that a leaving core holds to the injector. The caller notifies (I4 of the sleep
    /// protocol): for a moment the tasks were in nobody's queue.
    pub(crate) fn empty_core(&self, core: &mut Core) {
        let slot = self.seats[core.seat].slot.take();
        let queued = std::iter::from_fn(|| core.queue.pop());
        for task in slot.into_iter().chain(queued) {
            self.injector.push(task);
        }
        if mutant!("worker: what has yielded is left in its core") {
            return;
        }
        while let Some(task) = core.take_yielded() {
            self.injector.push(task);
        }
    }

    /// Takes any task from any queue: for the thread that ends the runtime.
    pub(crate) fn take_any(&self) -> Option<Notified> {
        loop {
            // First the injector, where the end puts what it has aborted: a try at each seat's queue
            // costs ten times as much as this.
            let mut again = match self.injector.steal() {
                Steal::Success(task) => return Some(task),
                Steal::Retry => !mutant!("shutdown: a steal that was disturbed is not repeated"),
                Steal::Empty => false,
            };
            for seat in &self.seats {
                if !mutant!("shutdown: what is in a slot is left there")
                    && let Some(task) = seat.slot.take()
                {
                    return Some(task);
                }
                let queue = (!mutant!("shutdown: what is in a queue is left there"))
                    .then_some(&seat.stealer);
                let yielded =
                    (!mutant!("shutdown: what has yielded is left there")).then_some(&seat.yielded);
                for queue in queue.into_iter().chain(yielded) {
                    match queue.steal() {
                        Steal::Success(task) => return Some(task),
                        Steal::Retry => {
                            again |=
                                !mutant!("shutdown: a theft that was disturbed is not repeated");
                        }
                        Steal::Empty => {}
                    }
                }
            }
            if !again {
                return None;
            }
        }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("workers", &self.workers)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// The reference that every task holds to its scheduler: a waker may outlive the runtime.
/// It is `Some` until it is dropped.
#[derive(Debug)]
pub(crate) struct TaskScheduler(Option<Arc<Scheduler>>);

impl TaskScheduler {
    #[inline]
    fn get(&self) -> &Arc<Scheduler> {
        let Some(scheduler) = &self.0 else {
            unreachable!("taken by drop only")
        };
        scheduler
    }
}

impl Schedule for TaskScheduler {
    #[inline]
    fn schedule(&self, task: Notified) {
        self.get().schedule(task);
    }

    fn reschedule(&self, task: Notified) {
        let scheduler = self.get();
        let refused = context::with_worker(|worker| match worker {
            Some(worker) if worker.is_of(scheduler) => worker.push_behind(task),
            _ => Some(task),
        });
        if let Some(task) = refused {
            scheduler.inject(task);
        }
    }

    fn release(&self, task: RawTask) {
        self.get().tasks.remove(task);
    }

    fn runtime(&self) -> Option<Handle> {
        Some(Handle::new(Arc::clone(self.get())))
    }
}

impl Drop for TaskScheduler {
    fn drop(&mut self) {
        let Some(scheduler) = self.0.take() else {
            return;
        };
        let surplus = context::with_worker(|worker| match worker {
            Some(worker) if worker.is_of(&scheduler) => worker.keep_reference(scheduler),
            _ => Some(scheduler),
        });
        drop(surplus);
    }
}
