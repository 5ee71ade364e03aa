//! A task without its future's type: the pointer, the queue entry, and the functions that lead back
//! to the typed cell ([`super::cell`]).
//!
//! Only raw pointers are kept, never a `&mut` to the whole cell: a waker on another thread may look
//! at the header at any time.

use std::io;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::abort::AbortHandle;
use super::error::JoinError;
use super::header::Header;
use super::id::Id;
use super::meta::TaskMeta;
use super::state::State;
use crate::context;
use crate::handle::Handle;
use crate::sync::mutant;
use crate::trust::Kind;

/// Where a task's wakes go.
pub(crate) trait Schedule: 'static {
    /// A wake: puts the task in a queue.
    fn schedule(&self, task: Notified);

    /// The task was woken while it ran, and its poll has ended: puts it behind the others.
    fn reschedule(&self, task: Notified);

    /// The task has completed: takes it out of the list of live tasks.
    fn release(&self, task: RawTask);

    /// The name that the task was given.
    fn name(&self) -> Option<&Arc<str>> {
        None
    }

    /// The runtime that is told of the task's panic.
    fn runtime(&self) -> Option<Handle> {
        context::current()
    }
}

/// What the thread that runs a job is told while the job ends.
pub(crate) trait JobEnd {
    /// The closure is gone and what it gave is in its place. Next, whoever awaits it learns so.
    fn before_completion(&mut self);

    /// Nobody awaits it: next, its output is dropped, which is the user's code.
    fn before_output_drop(&mut self);
}

/// A pointer to a task. What makes it valid is the reference that comes with it, see the table
/// in [`super`]; a `RawTask` by itself counts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawTask(pub(super) NonNull<Header>);

// SAFETY: the header is shared between threads by design: its fields are atomic, constant, or
// governed by the table in `super`. Futures that are not Send are only spawned by LocalSet, whose
// scheduler runs and drops them on one thread.
unsafe impl Send for RawTask {}
// SAFETY: as above.
unsafe impl Sync for RawTask {}

/// A queue entry: the right, and the duty, to begin the next poll of a task.
///
/// It has no destructor: an entry that is let go without [`run`](Self::run) leaves its task
/// waiting for ever, so every queue is emptied before it is freed.
#[derive(Debug)]
#[must_use = "a queue entry that is not run leaves its task waiting for ever"]
pub(crate) struct Notified(pub(super) RawTask);

/// The functions of one future and scheduler type.
pub(crate) struct Vtable {
    /// Polls the task once.
    pub(super) poll: unsafe fn(NonNull<Header>),
    /// Puts the task in a queue.
    pub(super) schedule: unsafe fn(NonNull<Header>),
    /// Drops the future of a task that is not being polled.
    pub(super) claim_and_cancel: unsafe fn(NonNull<Header>, JoinError),
    /// Some for jobs of the offload pool, which are begun by this alone.
    pub(super) run_job: Option<unsafe fn(NonNull<Header>, &mut dyn JobEnd)>,
    /// Moves the output out.
    pub(super) take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the output.
    pub(super) drop_output: unsafe fn(NonNull<Header>),
    /// The task's name.
    pub(super) name: unsafe fn(NonNull<Header>) -> Option<Arc<str>>,
    /// Frees the cell.
    pub(super) free: unsafe fn(NonNull<Header>),
}

impl RawTask {
    #[inline]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: whoever has a RawTask has a reference, or the queue entry, or the lock of a list
        // that the task is still in; each keeps the allocation alive. Nobody has a `&mut Header`.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(super) fn state(&self) -> &State {
        &self.header().state
    }

    pub(crate) fn id(&self) -> Id {
        self.header().id
    }

    /// What is known of the task. The caller holds a reference.
    pub(crate) fn meta(&self) -> TaskMeta {
        // SAFETY: the header's vtable was made for this cell, which the caller keeps alive.
        let name = unsafe { (self.header().vtable.name)(self.0) };
        TaskMeta::new(self.id(), name, self.spawned_at())
    }

    pub(crate) fn spawned_at(&self) -> &'static std::panic::Location<'static> {
        self.header().spawned_at
    }

    /// A wake. The caller holds a reference, which lasts until this returns.
    #[inline]
    pub(crate) fn wake(self) {
        if self.state().wake() {
            self.schedule();
        }
    }

    /// A wake that uses the caller's reference up. Not before the push is over: another thread may run
    /// the task to its end as soon as it is in a queue, and the rest of the push uses its scheduler.
    #[inline]
    pub(crate) fn wake_and_drop(self) {
        if mutant!("task: a wake gives its reference up before its push is over") {
            let pushes = self.state().wake();
            self.drop_ref();
            if pushes {
                self.schedule();
            }
            return;
        }
        self.wake();
        self.drop_ref();
    }

    /// Asks the task to end at its next turn; a job that has not begun ends here and now. The
    /// caller holds a reference.
    pub(crate) fn abort(self) {
        if self.is_job() {
            self.claim_and_cancel();
        } else if self.state().abort() {
            self.schedule();
        }
    }

    /// As [`abort`](Self::abort) of a task that is no job, but takes its next turn here and now, unless
    /// it is queued or in a poll. The caller holds a reference.
    pub(crate) fn abort_here(self) {
        if self.state().abort() {
            // The entry that would have been pushed.
            Notified(self).run();
        }
    }

    /// Whether this is a job of the offload pool.
    fn is_job(self) -> bool {
        self.header().vtable.run_job.is_some()
    }

    /// Drops the future of a task that is not being polled, on this thread, which must be the one
    /// that polls it; a job that has not begun may be cancelled on any thread. A queue entry may
    /// be left behind: [`Notified::is_stale`].
    pub(crate) fn claim_and_cancel(self) {
        self.claim_and_end(JoinError::cancelled(self.id()));
    }

    /// As [`claim_and_cancel`](Self::claim_and_cancel), with another reason.
    fn claim_and_end(self, why: JoinError) {
        // SAFETY: the header's vtable was made for this cell.
        unsafe { (self.header().vtable.claim_and_cancel)(self.0, why) }
    }

    /// Drops one reference; frees the task if it was the last.
    #[inline]
    pub(crate) fn drop_ref(self) {
        if self.state().ref_dec() {
            // SAFETY: the last reference is gone, so nobody else has this pointer; the vtable was
            // made for this cell.
            unsafe { (self.header().vtable.free)(self.0) }
        }
    }

    /// Moves the output out.
    ///
    /// # Safety
    ///
    /// 1. The task is COMPLETE, and the caller is its JoinHandle with JOIN_INTEREST standing.
    /// 2. `into` points to a `Poll<Result<T, JoinError>>` where T is the future's output.
    pub(super) unsafe fn take_output(self, into: *mut ()) {
        // SAFETY: the vtable was made for this cell; the rest is the caller's promise.
        unsafe { (self.header().vtable.take_output)(self.0, into) }
    }

    /// Drops the output where it lies. A panic that is lost with it, and one of its destructor, are
    /// reported.
    ///
    /// # Safety
    ///
    /// The task is COMPLETE, and the output belongs to the caller (see the table in `super`).
    pub(super) unsafe fn drop_output(self) {
        // SAFETY: the vtable was made for this cell; the rest is the caller's promise.
        unsafe { (self.header().vtable.drop_output)(self.0) }
    }

    fn schedule(self) {
        // SAFETY: the caller has just won the right to push; the vtable was made for this cell.
        unsafe { (self.header().vtable.schedule)(self.0) }
    }
}

impl Notified {
    /// Polls the task once, or cancels it.
    #[inline]
    pub(crate) fn run(self) {
        // SAFETY: the vtable was made for this cell, and the entry is the right to begin.
        unsafe { (self.0.header().vtable.poll)(self.0.0) }
    }

    /// Which kind of task it is: one for each type of future.
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        ptr::from_ref(self.0.header().vtable).addr()
    }

    /// Cancels the task instead of polling it.
    pub(crate) fn cancel(self) {
        // The entry keeps the task from completing meanwhile, and NOTIFIED stands: no push.
        self.0.abort();
        self.run();
    }

    /// Runs a job, unless it was aborted, and tells `end` how far its end has come.
    pub(crate) fn run_job(self, end: &mut dyn JobEnd) {
        let Some(run_job) = self.0.header().vtable.run_job else {
            unreachable!("only jobs are given to the offload pool")
        };
        // SAFETY: the vtable was made for this cell, and the entry is the right to begin.
        unsafe { run_job(self.0.0, end) }
    }

    /// Ends a job that has not begun with the system's refusal to start a thread.
    pub(crate) fn refuse(self, error: io::Error) {
        debug_assert!(self.0.is_job(), "only a job needs a thread of its own");
        self.0.claim_and_end(JoinError::refused(self.0.id(), error));
        self.run();
    }

    /// A handle on the task of this entry.
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.0)
    }

    /// Whether the task has been cancelled behind this entry's back, by LocalSet or by the abort
    /// of a job.
    pub(crate) fn is_stale(&self) -> bool {
        self.0.state().is_complete()
    }

    /// Lets a stale entry go: it carries the owner's reference.
    pub(crate) fn discard_stale(self) {
        debug_assert!(self.is_stale(), "a live entry must be run");
        self.0.drop_ref();
    }

    /// The bare pointer, for a slot that stores it in an atomic.
    pub(crate) fn into_ptr(self) -> *mut () {
        self.0.0.as_ptr().cast()
    }

    /// The entry back from [`into_ptr`](Self::into_ptr).
    ///
    /// # Safety
    ///
    /// `ptr` came from `into_ptr`, and this is the only entry made of it since.
    pub(crate) unsafe fn from_ptr(ptr: *mut ()) -> Option<Self> {
        NonNull::new(ptr.cast()).map(|header| Self(RawTask(header)))
    }
}
