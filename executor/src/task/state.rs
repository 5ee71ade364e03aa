//! The state word of a task, and every transition of it.
//!
//! # Bits
//!
//! | bit | set | cleared | meaning while set |
//! |---|---|---|---|
//! | NOTIFIED | by a wake, an abort, or at spawn | by [`State::begin`] | the task is in a queue, or on its way there, or (with RUNNING) will be put there when the poll ends |
//! | RUNNING | by [`State::begin`] | when the poll ends | one thread polls the task and owns its future |
//! | COMPLETE | once, by [`State::complete`] | never | the future is gone; the output, if any, is in its place |
//! | CANCELLED | by [`State::abort`] | never | the next begin drops the future instead of polling it |
//! | JOIN_INTEREST | at spawn | by the JoinHandle's drop | somebody may still want the output |
//! | JOIN_WAKER | by the JoinHandle, after it wrote the waker | by the JoinHandle | the joiner's waker is to be woken at completion |
//!
//! The rest of the word counts references.
//!
//! # Transitions
//!
//! ```text
//!            wake, abort: push              begin                  complete
//!   (idle) ───────────────────▶ NOTIFIED ─────────▶ RUNNING ─────────────────▶ COMPLETE
//!      ▲                            ▲                │  │ wake, abort: no push
//!      │         end_pending        │  end_pending   │  ▼
//!      └────────────────────────────┼────────────────┘ RUNNING | NOTIFIED
//!                                   └────────────────────┘
//! ```
//!
//! A *job* of the offload pool is polled once, and may be cancelled by any thread while it is
//! queued. Its NOTIFIED is never cleared, so nothing pushes it a second time. Whoever sets RUNNING
//! first has the closure: the pool's thread by [`State::begin_once`], or an abort by
//! [`State::claim`], which leaves a stale entry in the queue.
//!
//! # Invariants
//!
//! * I1: at most one queue entry: only the operation that finds none of NOTIFIED, RUNNING and
//!   COMPLETE and sets NOTIFIED pushes.
//! * I2: at most one thread polls: an entry is consumed by `begin`, which turns NOTIFIED into
//!   RUNNING, and while RUNNING nobody pushes.
//! * I3: no wake is lost: a wake during a poll leaves NOTIFIED, which `end_pending` finds.
//! * I4: the writes before a wake are seen by the poll it causes: every wake is a Release RMW of
//!   this word, even one of an already notified task, and every begin an Acquire RMW.
//!
//! Every transition is one read-modify-write, never a load followed by a compare-exchange: it is
//! cheaper, it cannot fail, and loom (which remembers one last access an object) explores it fully.
//! Where the bits before are known, it is an addition: for anything else whose result is looked at,
//! processors without such an instruction loop round a compare-exchange.
//!
//! Checked by: loom-tests/tests/models/task_state.rs

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{mutant, order};

const NOTIFIED: usize = 1 << 0;
const RUNNING: usize = 1 << 1;
const COMPLETE: usize = 1 << 2;
const CANCELLED: usize = 1 << 3;
const JOIN_INTEREST: usize = 1 << 4;
const JOIN_WAKER: usize = 1 << 5;
const REF_ONE: usize = 1 << 6;

/// A task is born in a queue (or on its way there), owned by the runtime and by its JoinHandle.
const INITIAL: usize = NOTIFIED | JOIN_INTEREST | (2 * REF_ONE);

/// More references than this can only be a leak in a loop; the count must not reach the flags.
const REFS_MAX: usize = usize::MAX / 2;

/// The state word. See the module for its bits.
#[derive(Debug)]
pub(crate) struct State(AtomicUsize);

/// What the caller of [`State::begin`] must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Begin {
    /// Poll the future.
    Poll,
    /// Drop the future and complete the task as cancelled.
    Cancel,
}

/// What the caller of [`State::end_pending`] must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum EndPending {
    /// Nothing; the task may already belong to somebody else.
    Idle,
    /// Push the task again: it was woken during the poll. The caller holds its queue entry.
    Requeue,
    /// Begin again at once: it was aborted during the poll. The caller holds its queue entry.
    Cancelled,
}

/// What the caller of [`State::complete`] must do with the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Completed {
    /// Drop it: the JoinHandle is gone.
    DropOutput,
    /// Leave it: the JoinHandle will look for it.
    Keep,
    /// Leave it and wake the joiner.
    WakeJoiner,
}

impl State {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(INITIAL))
    }

    /// Notes a wake. True if the caller must push the task.
    #[inline]
    pub(crate) fn wake(&self) -> bool {
        // Ordering: Release pairs with the Acquire in `begin` (I4). The caller that pushes reads
        // nothing that a poll has written.
        if mutant!("task: a second wake publishes nothing (I4)")
            && self.0.load(Ordering::Relaxed) & NOTIFIED != 0
        {
            return false;
        }
        let before = self.0.fetch_or(NOTIFIED, order!("task: wake", Release));
        before & (NOTIFIED | RUNNING | COMPLETE) == 0
    }

    /// Asks for cancellation. True if the caller must push the task.
    pub(crate) fn abort(&self) -> bool {
        // Ordering: Release pairs with the Acquire in `begin`: the destructors that run because of
        // the abort see what its caller wrote before.
        let before = self
            .0
            .fetch_or(CANCELLED | NOTIFIED, order!("task: abort", Release));
        before & (NOTIFIED | RUNNING | COMPLETE) == 0
    }

    /// Turns a queue entry into the right to poll.
    #[inline]
    pub(crate) fn begin(&self) -> Begin {
        // Ordering: Acquire pairs with the Release of every wake (I4) and with the Release of the
        // last `end_pending`, whose thread wrote the future. An RMW between them breaks neither
        // chain.
        let before = self
            .0
            .fetch_add(RUNNING - NOTIFIED, order!("task: begin", Acquire));
        debug_assert_eq!(
            before & (NOTIFIED | RUNNING | COMPLETE),
            NOTIFIED,
            "not a queue entry"
        );
        if before & CANCELLED == 0 {
            Begin::Poll
        } else {
            Begin::Cancel
        }
    }

    /// Turns a job's queue entry into the right to run it. False if [`claim`](Self::claim) came
    /// first: then the entry is stale, and all that is left of it is the owner's reference.
    #[must_use]
    pub(crate) fn begin_once(&self) -> bool {
        // Ordering: Relaxed. That one side wins needs the RMW only: the closure was published with
        // the entry, by the lock of the queue that it came from; and the holder of a stale entry
        // does nothing but `ref_dec`, which orders the freeing of the cell by itself.
        let before = if mutant!("task: a job begins by a look and a store") {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(before | RUNNING, Ordering::Relaxed);
            before
        } else {
            self.0.fetch_or(RUNNING, Ordering::Relaxed)
        };
        debug_assert_ne!(before & NOTIFIED, 0, "a job's entry was used twice");
        before & (RUNNING | COMPLETE) == 0
    }

    /// Ends a poll that returned pending. After `Idle` the task may be gone.
    #[inline]
    pub(crate) fn end_pending(&self) -> EndPending {
        // Ordering: Release pairs with the Acquire in the next `begin`: it publishes the future as
        // this poll left it. What a waker wrote meanwhile is for that `begin` as well.
        let before = self
            .0
            .fetch_sub(RUNNING, order!("task: end of a poll", Release));
        debug_assert_eq!(before & (RUNNING | COMPLETE), RUNNING, "not in a poll");
        let notified =
            before & NOTIFIED != 0 && !mutant!("task: a wake during a poll is lost (I3)");
        match (notified, before & CANCELLED != 0) {
            (false, _) => EndPending::Idle,
            (true, false) => EndPending::Requeue,
            (true, true) => EndPending::Cancelled,
        }
    }

    /// Ends the last poll; the output (or the error) stands in the future's place.
    pub(crate) fn complete(&self) -> Completed {
        // Ordering: Release pairs with the Acquire of `is_complete` and of the join transitions:
        // it publishes the output. Acquire pairs with the Release of `set_join_waker`: the joiner's
        // waker is read next.
        let before = self
            .0
            .fetch_add(COMPLETE - RUNNING, order!("task: complete", AcqRel));
        debug_assert_eq!(before & (RUNNING | COMPLETE), RUNNING, "not in a poll");
        if before & JOIN_INTEREST == 0 {
            Completed::DropOutput
        } else if before & JOIN_WAKER == 0 {
            Completed::Keep
        } else {
            Completed::WakeJoiner
        }
    }

    /// Whether the output is there to be read.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `complete`: the output is read next.
        self.0.load(order!("task: is it complete", Acquire)) & COMPLETE != 0
    }

    /// Whether somebody polls the task, or it is over. A hint for shutdown's progress.
    pub(crate) fn is_running_or_complete(&self) -> bool {
        // Ordering: Relaxed; the answer may be stale, and its reader looks again.
        self.0.load(Ordering::Relaxed) & (RUNNING | COMPLETE) != 0
    }

    /// Whether the JoinHandle is still held. Once false, it stays so.
    pub(crate) fn has_join_interest(&self) -> bool {
        // Ordering: Relaxed; nothing is read on the strength of it, and `complete` decides.
        self.0.load(Ordering::Relaxed) & JOIN_INTEREST != 0
    }

    /// Whether somebody has asked for cancellation.
    pub(crate) fn is_cancelled(&self) -> bool {
        // Ordering: Relaxed; a hint to a running job, which looks again.
        self.0.load(Ordering::Relaxed) & CANCELLED != 0
    }

    /// Hands the written joiner's waker over. False if the task has completed: then the slot stays
    /// the JoinHandle's and the output is ready.
    #[must_use]
    pub(crate) fn set_join_waker(&self) -> bool {
        // Ordering: Release publishes the waker to `complete`; Acquire, because on failure the
        // output is read next.
        let before = self
            .0
            .fetch_add(JOIN_WAKER, order!("task: set the joiner's waker", AcqRel));
        debug_assert_eq!(before & JOIN_WAKER, 0, "the waker was already handed over");
        before & COMPLETE == 0
    }

    /// Takes the slot of the joiner's waker back. False if the task has completed: the completing
    /// thread may be using the slot, and the output is ready.
    #[must_use]
    pub(crate) fn unset_join_waker(&self) -> bool {
        // Ordering: Acquire, because on failure the output is read next. On success this thread
        // goes on with the slot, and `set_join_waker` publishes that.
        let before = self.0.fetch_sub(
            JOIN_WAKER,
            order!("task: take the joiner's waker back", Acquire),
        );
        before & COMPLETE == 0
    }

    /// The JoinHandle goes. False if the task has completed: the output, unless it was taken, is
    /// the caller's to drop. True gives the caller the waker's slot as well.
    #[must_use]
    pub(crate) fn drop_join_interest(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `complete`: the output is dropped next. This
        // thread's use of the slot comes before the freeing by `ref_dec`.
        let before = self.0.fetch_and(
            !(JOIN_INTEREST | JOIN_WAKER),
            order!("task: the handle goes", Acquire),
        );
        debug_assert_ne!(before & JOIN_INTEREST, 0, "the JoinHandle was already gone");
        before & COMPLETE == 0
    }

    /// One reference more. The caller holds one, or the task cannot complete meanwhile.
    pub(crate) fn ref_inc(&self) {
        // Ordering: Relaxed; the new reference is made from one that is already held.
        let before = self.0.fetch_add(REF_ONE, Ordering::Relaxed);
        if before > REFS_MAX {
            // Wakers are being leaked in a loop; going on would free a task in use.
            std::process::abort();
        }
    }

    /// One reference less. True if it was the last: the caller must free the task.
    #[must_use]
    pub(crate) fn ref_dec(&self) -> bool {
        // Ordering: Acquire, as below. Nobody makes a reference without one, so the only one stays so.
        if self.0.load(order!("task: the only reference", Acquire)) < 2 * REF_ONE {
            return true;
        }
        // Ordering: Release so that this holder's uses come before the freeing; Acquire so that
        // the one who frees comes after all the others' uses.
        let before = self
            .0
            .fetch_sub(REF_ONE, order!("task: drop a reference", AcqRel));
        debug_assert!(before >= REF_ONE, "a reference was dropped twice");
        before & !(REF_ONE - 1) == REF_ONE
    }

    /// Takes the right to drop the future of a task that is not being polled, whether or not it is
    /// in a queue. For LocalSet's drop, on the thread that begins polls; and for the abort of a
    /// job, on any thread, since [`begin_once`](Self::begin_once) expects it.
    pub(crate) fn claim(&self) -> Claim {
        // Ordering: Relaxed. That one side wins needs the RMW only. This thread has polled the
        // future itself (LocalSet), or nobody has (a job).
        let claimed = RUNNING | NOTIFIED | CANCELLED;
        let before = if mutant!("task: a job is claimed by a look and a store") {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(before | claimed, Ordering::Relaxed);
            before
        } else {
            self.0.fetch_or(claimed, Ordering::Relaxed)
        };
        if before & (RUNNING | COMPLETE) != 0 {
            Claim::Refused
        } else if before & NOTIFIED != 0 {
            Claim::Queued
        } else {
            Claim::Idle
        }
    }
}

/// What [`State::claim`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Claim {
    /// The task is being polled, or is over.
    Refused,
    /// Claimed. A queue entry exists or is on its way: the owner's reference is now that entry's.
    Queued,
    /// Claimed, and no entry can come any more.
    Idle,
}
