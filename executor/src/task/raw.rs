//! The task cell's layout, and the functions that know its future's type.
//!
//! A cell is allocated once, with the future moved straight into place, and freed by whoever
//! drops the last reference. Between, everybody holds a [`RawTask`]: a pointer to the header,
//! whose vtable leads back to the typed cell. Only raw pointers are kept, never a `&mut` to the
//! whole cell: a waker on another thread may look at the header at any time.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use super::error::JoinError;
use super::header::{Header, Links, TaskOrigin};
use super::id::Id;
use super::join::JoinHandle;
use super::meta::TaskMeta;
use super::state::{Begin, Claim, Completed, EndPending, State};
use super::waker::borrow_waker;
use crate::context;
use crate::sync::{UnsafeCell, catch_unwind};

/// Where a task's wakes go.
pub(crate) trait Schedule: 'static {
    /// A wake: puts the task in a queue.
    fn schedule(&self, task: Notified);

    /// The task was woken while it ran, and its poll has ended: puts it behind the others.
    fn reschedule(&self, task: Notified);

    /// The task has completed: takes it out of the list of live tasks.
    fn release(&self, task: RawTask);
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
pub(crate) struct Notified(RawTask);

/// The functions of one future and scheduler type.
pub(crate) struct Vtable {
    poll: unsafe fn(NonNull<Header>),
    schedule: unsafe fn(NonNull<Header>),
    claim_and_cancel: unsafe fn(NonNull<Header>),
    take_output: unsafe fn(NonNull<Header>, *mut ()),
    drop_output: unsafe fn(NonNull<Header>),
    free: unsafe fn(NonNull<Header>),
}

/// The whole allocation. The header comes first, so that a pointer to it is one to the cell.
#[repr(C)]
struct TaskCell<F: Future, S> {
    header: Header,
    /// Where wakes go. Read by whoever holds a reference.
    scheduler: S,
    /// The future, then its output.
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future> {
    Running(F),
    Finished(Result<F::Output, JoinError>),
    Consumed,
}

/// Allocates a task. The three parts of its first life: the raw pointer for the list of live
/// tasks (it carries the owner's reference), the queue entry, and the handle.
pub(crate) fn new_task<F, S>(
    future: F,
    scheduler: S,
    origin: TaskOrigin,
) -> (RawTask, Notified, JoinHandle<F::Output>)
where
    F: Future + 'static,
    S: Schedule,
{
    let cell = Box::new(TaskCell {
        header: Header {
            state: State::new(),
            vtable: Vtable::of::<F, S>(),
            links: UnsafeCell::new(Links::UNLINKED),
            id: origin.id,
            spawned_at: origin.spawned_at,
            shard: origin.shard,
            join_waker: UnsafeCell::new(None),
        },
        scheduler,
        stage: UnsafeCell::new(Stage::Running(future)),
    });
    let task = RawTask(NonNull::from(Box::leak(cell)).cast());
    (task, Notified(task), JoinHandle::new(task))
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
        TaskMeta::new(self.id(), None, self.spawned_at())
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

    /// Asks the task to end at its next turn. The caller holds a reference.
    pub(crate) fn abort(self) {
        if self.state().abort() {
            self.schedule();
        }
    }

    /// Drops the future of a task that is not being polled, on this thread, which must be the one
    /// that polls it. A queue entry may be left behind: [`Notified::is_stale`].
    pub(crate) fn claim_and_cancel(self) {
        // SAFETY: the header's vtable was made for this cell.
        unsafe { (self.header().vtable.claim_and_cancel)(self.0) }
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

    /// Drops the output where it lies. A panic of its destructor goes to the panic hook only.
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

    /// Cancels the task instead of polling it.
    pub(crate) fn cancel(self) {
        // The entry keeps the task from completing meanwhile, and NOTIFIED stands: no push.
        self.0.abort();
        self.run();
    }

    /// Whether LocalSet has already cancelled the task behind this entry's back.
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

impl Vtable {
    fn of<F: Future + 'static, S: Schedule>() -> &'static Self {
        const {
            &Self {
                poll: poll::<F, S>,
                schedule: schedule::<F, S>,
                claim_and_cancel: claim_and_cancel::<F, S>,
                take_output: take_output::<F, S>,
                drop_output: drop_output::<F, S>,
                free: free::<F, S>,
            }
        }
    }
}

/// The typed view of a task: what the vtable's functions work with.
struct Typed<F: Future, S>(NonNull<TaskCell<F, S>>);

impl<F: Future + 'static, S: Schedule> Typed<F, S> {
    fn raw(&self) -> RawTask {
        RawTask(self.0.cast())
    }

    fn cell(&self) -> &TaskCell<F, S> {
        // SAFETY: made only by the vtable's functions, whose callers keep the cell alive; nobody
        // makes a `&mut` to the whole cell.
        unsafe { self.0.as_ref() }
    }

    fn state(&self) -> &State {
        &self.cell().header.state
    }

    /// Polls the future once; if it is ready, or panics, puts the result in its place.
    /// The caller has set RUNNING, so the stage is its own.
    fn poll_future(&self) -> Poll<()> {
        let header = self.0.cast::<Header>();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.cell().stage.with_mut(|stage| {
                // SAFETY: RUNNING makes this thread the only one to touch the stage.
                let stage = unsafe { &mut *stage };
                let Stage::Running(future) = stage else {
                    unreachable!("a task is polled only before it completes")
                };
                // SAFETY: the future lies in the heap cell, is never moved out of it, and is
                // dropped in place.
                let future = unsafe { Pin::new_unchecked(future) };
                // SAFETY: the owner's reference outlives this poll, and so the borrowed waker.
                let waker = unsafe { borrow_waker(header) };
                future.poll(&mut Context::from_waker(&waker))
            })
        }));
        match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => self.finish(Ok(output)),
            Err(payload) => self.finish(Err(JoinError::panicked(self.cell().header.id, payload))),
        }
        Poll::Ready(())
    }

    /// Drops the future and puts the result in its place. If the future's destructor panics, the
    /// panic is the result.
    fn finish(&self, result: Result<F::Output, JoinError>) {
        let result = match self.replace_stage(Stage::Consumed) {
            Ok(()) => result,
            Err(payload) => {
                // The output is lost to the panic; a second panic in its destructor adds nothing.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(result)));
                Err(JoinError::panicked(self.cell().header.id, payload))
            }
        };
        // Replaces `Consumed`, which has no destructor to panic.
        let _ = self.replace_stage(Stage::Finished(result));
    }

    /// Drops what the stage holds, in place, and writes `next`. Gives the destructor's panic.
    fn replace_stage(&self, next: Stage<F>) -> Result<(), Box<dyn Any + Send>> {
        self.cell().stage.with_mut(|stage| {
            // SAFETY: the caller owns the stage, which always holds a valid value.
            let drop_stage = || unsafe { ptr::drop_in_place(stage) };
            let dropped = catch_unwind(AssertUnwindSafe(drop_stage));
            // SAFETY: the old value is gone, even if its destructor panicked half-way.
            unsafe { ptr::write(stage, next) };
            dropped
        })
    }

    /// Makes the result visible, wakes the joiner, and gives the owner's reference up.
    fn complete(&self) {
        match self.state().complete() {
            Completed::Keep => {}
            // A panic in the output's destructor has been reported by the panic hook.
            Completed::DropOutput => drop(self.replace_stage(Stage::Consumed)),
            Completed::WakeJoiner => self.wake_joiner(),
        }
        self.cell().scheduler.release(self.raw());
    }

    fn wake_joiner(&self) {
        self.cell().header.join_waker.with(|waker| {
            // SAFETY: JOIN_WAKER stood when COMPLETE was set, so the JoinHandle only reads the
            // slot from now on, as we do.
            let waker = unsafe { &*waker };
            if let Some(waker) = waker {
                // A foreign waker that panics must not take this worker with it.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake_by_ref()));
            }
        });
    }

    /// Drops the future and completes the task as cancelled.
    fn cancel(&self) {
        self.finish(Err(JoinError::cancelled(self.cell().header.id)));
        self.complete();
    }
}

/// Polls the task once. The caller holds its queue entry.
unsafe fn poll<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    let typed = Typed::<F, S>(task.cast());
    let _current = context::enter_task(typed.cell().header.id);
    match typed.state().begin() {
        Begin::Cancel => typed.cancel(),
        Begin::Poll if typed.poll_future().is_ready() => typed.complete(),
        Begin::Poll => match typed.state().end_pending() {
            // From here the task may be another thread's, or gone.
            EndPending::Idle => return,
            EndPending::Requeue => {
                return typed.cell().scheduler.reschedule(Notified(typed.raw()));
            }
            EndPending::Cancelled => {
                let begun = typed.state().begin();
                debug_assert_eq!(begun, Begin::Cancel, "CANCELLED is never cleared");
                typed.cancel();
            }
        },
    }
    typed.raw().drop_ref();
}

unsafe fn schedule<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    let typed = Typed::<F, S>(task.cast());
    typed.cell().scheduler.schedule(Notified(typed.raw()));
}

unsafe fn claim_and_cancel<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    let typed = Typed::<F, S>(task.cast());
    let claim = typed.state().claim();
    if claim == Claim::Refused {
        return;
    }
    let _current = context::enter_task(typed.cell().header.id);
    typed.cancel();
    if claim == Claim::Idle {
        // No entry is left to carry the owner's reference.
        typed.raw().drop_ref();
    }
}

unsafe fn take_output<F: Future + 'static, S: Schedule>(task: NonNull<Header>, into: *mut ()) {
    let typed = Typed::<F, S>(task.cast());
    let stage = typed.cell().stage.with_mut(|stage| {
        // SAFETY: the caller owns the output, so nobody else touches the stage.
        unsafe { ptr::replace(stage, Stage::Consumed) }
    });
    let Stage::Finished(result) = stage else {
        unreachable!("the output is taken once")
    };
    let into = into.cast::<Poll<Result<F::Output, JoinError>>>();
    // SAFETY: the caller promises the pointee's type; assignment drops its old value, `Pending`.
    unsafe { *into = Poll::Ready(result) };
}

unsafe fn drop_output<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    // The panic hook has reported what a destructor may have thrown.
    drop(Typed::<F, S>(task.cast()).replace_stage(Stage::Consumed));
}

unsafe fn free<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    // SAFETY: the pointer came from `Box::leak` in `new_task`, and the last reference is gone.
    drop(unsafe { Box::from_raw(task.cast::<TaskCell<F, S>>().as_ptr()) });
}
