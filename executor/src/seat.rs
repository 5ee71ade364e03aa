//! A seat: what the other threads can see of one worker. A core: what only its thread touches.
//!
//! A scheduler has a fixed number of seats: one for each worker thread, some for the threads that
//! call `block_on`, and some on stand-by, for when all worker threads are stuck. The core is what makes
//! a thread the worker of a seat: it is a box that is handed from thread to thread, and whoever holds it
//! may push to the seat's queue. A seat on stand-by gets its core, and with it its queue, when it is
//! first wanted.

use std::sync::Arc;

use crate::pace::Pace;
use crate::queue::{LocalQueue, Steal, Stealer};
use crate::scheduler::Scheduler;
use crate::slot::Slot;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use crate::task::Notified;
use crate::trust::{Kind, NO_KIND};

/// The shared side of a worker.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The task that the worker runs next.
    pub(crate) slot: Slot,
    /// Where thieves take work.
    pub(crate) stealer: Stealer<Notified>,
    /// Where the monitor and the end take tasks that have yielded, if the worker is stuck. Its queue is made
    /// by the first yield.
    pub(crate) yielded: Stealer<Notified>,
    /// Counts the worker's turns; written by its thread only.
    pub(crate) turns: AtomicU32,
    /// The kind of what the worker polls, or polled last; written by its thread only.
    polling: AtomicUsize,
    /// The kind of task that was found to wake another one and compute on: `worker/ahead.rs`.
    computing: AtomicUsize,
    /// Whether others may take from the queue: [`crate::pace`].
    open: AtomicBool,
    /// Whether a thread has the seat: a hint for the monitor.
    taken: AtomicBool,
    /// The monitor has no use for the seat any more.
    dismissed: AtomicBool,
}

/// The exclusive side of a worker.
#[derive(Debug)]
pub(crate) struct Core {
    /// Which seat this is the core of.
    pub(crate) seat: usize,
    /// The worker's queue.
    pub(crate) queue: LocalQueue<Notified>,
    /// Tasks that have yielded: they wait for the next turn of the driver. A queue, too, as the next task
    /// may block for long.
    yielded: Option<LocalQueue<Notified>>,
    /// Whether there may be any.
    pub(crate) has_yielded: bool,
    /// Turns since the core was made.
    pub(crate) turn: u32,
    /// How many tasks in a row came from the slot.
    pub(crate) slot_streak: u32,
    /// How long its polls take.
    pub(crate) pace: Pace,
    /// State of the generator that picks whom to steal from first.
    pub(crate) random: u32,
    /// References to the scheduler that ended tasks gave back, for tasks to come: so a spawn and a
    /// completion on one worker share no counter with the others.
    pub(crate) spare: Vec<Arc<Scheduler>>,
}

/// A core as it is handed from thread to thread: one pointer.
pub(crate) type CoreBox = Box<Core>;

/// References kept for tasks to come. More is a burst's; they are dropped as they come.
const SPARE_MAX: usize = 2048;

impl Seat {
    /// A seat that has no core yet.
    pub(crate) fn new() -> Self {
        Self {
            slot: Slot::new(),
            stealer: Stealer::new(),
            yielded: Stealer::new(),
            turns: AtomicU32::new(0),
            polling: AtomicUsize::new(NO_KIND),
            computing: AtomicUsize::new(NO_KIND),
            open: AtomicBool::new(false),
            taken: AtomicBool::new(false),
            dismissed: AtomicBool::new(false),
        }
    }

    /// The core of this seat, which has the given number. To be called once.
    pub(crate) fn make_core(&self, number: usize) -> CoreBox {
        Box::new(Core {
            seat: number,
            queue: self.stealer.make_queue(),
            yielded: None,
            has_yielded: false,
            turn: 0,
            slot_streak: 0,
            pace: Pace::new(),
            // Any odd number will do; seats differ so that thieves do not follow one another.
            random: 0x9E37_79B9_u32.wrapping_mul(2 * number as u32 + 1) | 1,
            spare: Vec::new(),
        })
    }

    /// The worker begins a poll.
    #[inline]
    pub(crate) fn set_polling(&self, kind: Kind) {
        // Ordering: Relaxed; a hint.
        self.polling.store(kind, Ordering::Relaxed);
    }

    /// The kind of what the worker polls, or polled last.
    pub(crate) fn polling(&self) -> Kind {
        // Ordering: Relaxed; a hint.
        self.polling.load(Ordering::Relaxed)
    }

    /// Tasks of this kind wake others and compute on.
    pub(crate) fn set_computing(&self, kind: Kind) {
        // Ordering: Relaxed; a hint.
        self.computing.store(kind, Ordering::Relaxed);
    }

    /// Whether the task that is polled is of such a kind.
    #[inline]
    pub(crate) fn is_computing(&self) -> bool {
        // Ordering: Relaxed; a hint.
        let kind = self.computing.load(Ordering::Relaxed);
        kind != NO_KIND && kind == self.polling()
    }

    /// Takes a task that has yielded from a worker that does not get on.
    pub(crate) fn steal_yielded(&self) -> Option<Notified> {
        steal_one(&self.yielded)
    }

    /// Takes a task that waits in its queue, open or not, from a worker that does not get on.
    pub(crate) fn steal_queued(&self) -> Option<Notified> {
        steal_one(&self.stealer)
    }

    /// Whether there is something in the queue that others may take.
    pub(crate) fn has_work_for_others(&self) -> bool {
        !self.stealer.is_empty() && self.is_open()
    }

    /// Whether others may take from the queue.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        // Ordering: Relaxed; a hint: in a closed queue a task waits for its own worker, which is awake. In
        // a model every queue is open.
        cfg!(mainspring_loom) || self.open.load(Ordering::Relaxed)
    }

    /// Opens the queue to others, or closes it. Who opens it notifies.
    pub(crate) fn set_open(&self, open: bool) {
        // Ordering: Relaxed; as above. What is in the queue is published by the queue.
        self.open.store(open, Ordering::Relaxed);
    }

    /// The monitor has no use for the seat any more, or again.
    pub(crate) fn set_dismissed(&self, dismissed: bool) {
        // Ordering: Relaxed; the sleepers' lock publishes it to whoever is not among them.
        self.dismissed.store(dismissed, Ordering::Relaxed);
    }

    /// Whether the thread that has the seat is to leave it.
    pub(crate) fn is_dismissed(&self) -> bool {
        // Ordering: Relaxed; nothing is read on the strength of it. A sleeper's read is ordered by
        // the lock of its registration.
        self.dismissed.load(Ordering::Relaxed)
    }

    /// A thread takes the seat, or leaves it.
    pub(crate) fn set_taken(&self, taken: bool) {
        // Ordering: Relaxed; a hint.
        self.taken.store(taken, Ordering::Relaxed);
    }

    /// Whether a thread has the seat.
    pub(crate) fn is_taken(&self) -> bool {
        // Ordering: Relaxed; a hint.
        self.taken.load(Ordering::Relaxed)
    }
}

fn steal_one(queue: &Stealer<Notified>) -> Option<Notified> {
    loop {
        match queue.steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => {}
        }
    }
}

impl Core {
    /// Puts a task that has yielded aside.
    pub(crate) fn defer(&mut self, seat: &Seat, task: Notified) {
        self.has_yielded = true;
        self.yielded
            .get_or_insert_with(|| seat.yielded.make_queue())
            .push(task);
    }

    /// Takes a task that has yielded, the first one first.
    pub(crate) fn take_yielded(&mut self) -> Option<Notified> {
        let task = self.yielded.as_ref().and_then(LocalQueue::pop);
        self.has_yielded = task.is_some();
        task
    }

    /// Puts the tasks that have yielded behind the others.
    pub(crate) fn requeue_yielded(&mut self) {
        while let Some(task) = self.take_yielded() {
            self.queue.push(task);
        }
    }

    /// A number below `bound`, by xorshift: good enough to spread thieves.
    pub(crate) fn random_below(&mut self, bound: usize) -> usize {
        let mut x = self.random;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random = x;
        ((u64::from(x) * bound as u64) >> 32) as usize
    }

    /// Keeps a reference for a task to come; gives it back if there are enough.
    pub(crate) fn keep(&mut self, scheduler: Arc<Scheduler>) -> Option<Arc<Scheduler>> {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(scheduler);
            None
        } else {
            Some(scheduler)
        }
    }
}
