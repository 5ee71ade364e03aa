//! The list of live tasks, in shards, so that shutdown finds them all.
//!
//! A task is linked by its spawner into the spawner's own shard and unlinked by the thread that
//! completes it, which is mostly the same one. Spawning and completing share no line of memory
//! between workers. What other threads spawn is completed by workers: it goes by blocks into one
//! shard after the other, so that the spawner and the worker behind it are seldom at the same lock.
//! A shard's lock is held for a few loads and stores, and never while user code runs.
//!
//! # Invariants
//!
//! * Whoever closes the list and then looks finds every task that was ever linked and has not ended,
//!   since `closed` is read under the lock that links.
//! * Of a closed list, each task is given to one of those who [`end`](TaskList::end_each) them, or has
//!   ended before: they share one cursor a shard, which is moved under its lock, by a removal as well.
//!
//! Checked by: loom-tests/tests/models/task_list.rs

use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::abort::AbortHandle;
use super::header::Header;
use super::id::Id;
use super::meta::TaskMeta;
use super::raw::RawTask;
use super::turn::Turn;
use crate::sync::{BriefLock, mutant};

/// Shards for the tasks of threads without a seat. With one, spawning from one thread and from two
/// took 1.07 and 1.2 times as long. One is enough for a model.
const OUTSIDE_SHARDS: usize = if cfg!(mainspring_loom) { 1 } else { 8 };

/// So many tasks of such a thread in a row go into the same shard.
const BLOCK: u64 = 64;

/// After so many tasks it shows that whoever ends them gets on ([`Turn`]).
const ENDED_IN_A_ROW: usize = if cfg!(mainspring_loom) { 1 } else { 32 };

/// Every live task of a scheduler.
pub(crate) struct TaskList {
    /// One for each seat, then [`OUTSIDE_SHARDS`].
    shards: Box<[CachePadded<BriefLock<Shard>>]>,
    /// Who ends them, of all who want to.
    turn: Turn,
}

/// How many tasks a list has, and has had.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TaskCounts {
    /// Tasks that were ever linked.
    pub(crate) spawned: u64,
    /// Tasks that are linked now.
    pub(crate) alive: usize,
}

impl TaskCounts {
    /// Tasks that have ended.
    pub(crate) fn ended(self) -> usize {
        let ended = self.spawned - self.alive as u64;
        usize::try_from(ended).unwrap_or(usize::MAX)
    }
}

/// One shard, behind its lock.
struct Shard {
    /// The task spawned last.
    head: Option<NonNull<Header>>,
    /// How many are linked.
    len: usize,
    /// How many have ever been linked.
    spawned: u64,
    /// Set at shutdown: nothing is linked any more.
    closed: bool,
    /// Of a closed list, the first task that nobody has begun to end, in the order of the list.
    to_end: Option<NonNull<Header>>,
}

// SAFETY: the headers it points to are shared between threads by design, and their links are only
// touched under this shard's lock.
unsafe impl Send for Shard {}

impl TaskList {
    pub(crate) fn new(shards: usize) -> Self {
        let shard = |_| {
            CachePadded::new(BriefLock::new(Shard {
                head: None,
                len: 0,
                spawned: 0,
                closed: false,
                to_end: None,
            }))
        };
        Self {
            shards: (0..shards).map(shard).collect(),
            turn: Turn::new(),
        }
    }

    /// One with a shard for each seat, numbered alike, and those for threads without one.
    pub(crate) fn of_seats(seats: usize) -> Self {
        Self::new(seats + OUTSIDE_SHARDS)
    }

    /// The shard for a task that a thread without a seat spawns, in a list [`of_seats`](Self::of_seats).
    #[cfg_attr(
        mainspring_loom,
        expect(clippy::modulo_one, reason = "it is one there")
    )]
    pub(crate) fn outside_shard(&self, task: Id) -> usize {
        let block = (task.as_u64() / BLOCK) as usize;
        self.shards.len() - 1 - block % OUTSIDE_SHARDS
    }

    /// Links a new task. False if the list is closed.
    #[must_use]
    pub(crate) fn insert(&self, task: RawTask) -> bool {
        let mut shard = self.shards[task.header().shard as usize].lock();
        if shard.closed && !mutant!("task list: what is closed takes new tasks") {
            return false;
        }
        let next = shard.head.replace(task.0);
        shard.len += 1;
        shard.spawned += 1;
        task.header().links.with_mut(|links| {
            // SAFETY: links are touched only under the shard's lock, which is held.
            unsafe { (*links).next = next };
        });
        if let Some(next) = next {
            set_prev(next, Some(task.0));
        }
        true
    }

    /// Unlinks a task; one that [`insert`](Self::insert) refused is not linked and stays so.
    pub(crate) fn remove(&self, task: RawTask) {
        let mut shard = self.shards[task.header().shard as usize].lock();
        let (prev, next) = task.header().links.with(|links| {
            // SAFETY: links are touched only under the shard's lock, which is held.
            let links = unsafe { &*links };
            (links.prev, links.next)
        });
        match prev {
            Some(prev) => set_next(prev, next),
            None if shard.head == Some(task.0) => shard.head = next,
            None => return,
        }
        if let Some(next) = next {
            set_prev(next, prev);
        }
        if shard.to_end == Some(task.0) {
            let stops = mutant!("task list: a task that ends by itself ends the search");
            shard.to_end = next.filter(|_| !stops);
        }
        shard.len -= 1;
    }

    /// Links nothing from now on. What is linked in each shard at that moment is all that ever will be.
    pub(crate) fn close(&self) -> TaskCounts {
        self.count(|shard| {
            if !shard.closed {
                shard.closed = true;
                shard.to_end = shard.head;
            }
        })
    }

    /// Calls `end` on the tasks of a closed list, each once, however many threads do this. Returns when
    /// no task is left that nobody has begun to end.
    pub(crate) fn end_each(&self, end: impl Fn(&AbortHandle)) {
        let mut part = self.turn.part();
        for shard in &self.shards {
            while shard.lock().to_end.is_some() {
                part.go_on();
                for _ in 0..ENDED_IN_A_ROW {
                    let Some(task) = shard.lock().take_to_end() else {
                        break;
                    };
                    // The destructor of a future is the user's code: no lock is held, and no other task
                    // waits for it.
                    end(&task);
                }
            }
        }
    }

    /// How many tasks are alive.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len).sum()
    }

    /// How many tasks are alive, and how many there ever were. Each shard is counted at a moment of
    /// its own.
    pub(crate) fn counts(&self) -> TaskCounts {
        self.count(|_| {})
    }

    fn count(&self, visit: impl Fn(&mut Shard)) -> TaskCounts {
        let mut counts = TaskCounts::default();
        for shard in &self.shards {
            let mut shard = shard.lock();
            visit(&mut shard);
            counts.spawned += shard.spawned;
            counts.alive += shard.len;
        }
        counts
    }

    /// What is known of the tasks alive at this moment.
    pub(crate) fn metas(&self) -> Vec<TaskMeta> {
        self.snapshot().iter().map(AbortHandle::meta).collect()
    }

    /// Whether no task but this one is alive.
    pub(crate) fn holds_only(&self, task: Id) -> bool {
        self.snapshot().iter().all(|alive| alive.id() == task)
    }

    /// The tasks alive at this moment, each with a reference of its own.
    pub(crate) fn snapshot(&self) -> Vec<AbortHandle> {
        let mut tasks = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let mut cursor = shard.head;
            while let Some(header) = cursor {
                let task = RawTask(header);
                tasks.push(AbortHandle::new(task));
                // SAFETY: links are touched only under the shard's lock, which is held.
                cursor = task.header().links.with(|links| unsafe { (*links).next });
            }
        }
        tasks
    }

    /// Whether some task is neither being polled nor over: it waits, or is on its way to a queue.
    pub(crate) fn any_at_rest(&self) -> bool {
        self.shards.iter().any(|shard| {
            let shard = shard.lock();
            let mut cursor = shard.head;
            while let Some(header) = cursor {
                let task = RawTask(header);
                if !task.state().is_running_or_complete() {
                    return true;
                }
                // SAFETY: links are touched only under the shard's lock, which is held.
                cursor = task.header().links.with(|links| unsafe { (*links).next });
            }
            false
        })
    }
}

impl Shard {
    /// Takes the next task to end, with a reference of its own.
    fn take_to_end(&mut self) -> Option<AbortHandle> {
        let header = self.to_end?;
        let task = RawTask(header);
        // SAFETY: links are touched only under the shard's lock, which the caller holds.
        self.to_end = task.header().links.with(|links| unsafe { (*links).next });
        Some(AbortHandle::new(task))
    }
}

/// Sets the previous link of a linked task whose shard is locked.
fn set_prev(task: NonNull<Header>, prev: Option<NonNull<Header>>) {
    RawTask(task).header().links.with_mut(|links| {
        // SAFETY: links are touched only under the shard's lock, which the caller holds.
        unsafe { (*links).prev = prev };
    });
}

/// Sets the next link of a linked task whose shard is locked.
fn set_next(task: NonNull<Header>, next: Option<NonNull<Header>>) {
    RawTask(task).header().links.with_mut(|links| {
        // SAFETY: links are touched only under the shard's lock, which the caller holds.
        unsafe { (*links).next = next };
    });
}
