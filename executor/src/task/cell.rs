//! The task cell's layout, and the functions that know its future's type.
//!
//! A cell is allocated once, with the future moved straight into place, and freed by whoever
//! drops the last reference. Between, everybody holds a [`RawTask`]: a pointer to the header,
//! whose vtable leads back to the functions here. Nobody makes a `&mut` to the whole cell.
//!
//! A panic of the future, of its destructor, or of its output's destructor ends here: it becomes the
//! result, and [`task_panic`] is told of it.

use std::alloc::Layout;
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::error::JoinError;
use super::header::{Header, Links, TaskOrigin};
use super::join::JoinHandle;
use super::memory;
use super::raw::{JobEnd, Notified, RawTask, Schedule, Vtable};
use super::state::{Begin, Claim, Completed, EndPending, State};
use super::waker::borrow_waker;
use crate::context;
use crate::sync::{UnsafeCell, catch_unwind};
use crate::task_panic::{self, Occasion};
use crate::unwind::{Payload, contain, drop_payload};

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
    allocate(future, scheduler, origin, Vtable::of::<F, S>())
}

/// Allocates a job of the offload pool: a task whose future is ready at its first poll.
pub(crate) fn new_job<F, S>(
    future: F,
    scheduler: S,
    origin: TaskOrigin,
) -> (Notified, JoinHandle<F::Output>)
where
    F: Future + 'static,
    S: Schedule,
{
    let (_, entry, handle) = allocate(future, scheduler, origin, Vtable::of_job::<F, S>());
    (entry, handle)
}

fn allocate<F, S>(
    future: F,
    scheduler: S,
    origin: TaskOrigin,
    vtable: &'static Vtable,
) -> (RawTask, Notified, JoinHandle<F::Output>)
where
    F: Future + 'static,
    S: Schedule,
{
    let memory = memory::allocate(Layout::new::<TaskCell<F, S>>()).cast();
    let cell = TaskCell {
        header: Header {
            state: State::new(),
            vtable,
            links: UnsafeCell::new(Links::UNLINKED),
            id: origin.id,
            spawned_at: origin.spawned_at,
            shard: origin.shard,
            join_waker: UnsafeCell::new(None),
        },
        scheduler,
        stage: UnsafeCell::new(Stage::Running(future)),
    };
    // SAFETY: the memory is fresh and of this layout.
    unsafe { memory.write(cell) };
    let task = RawTask(memory.cast());
    (task, Notified(task), JoinHandle::new(task))
}

impl Vtable {
    fn of<F: Future + 'static, S: Schedule>() -> &'static Self {
        const {
            &Self {
                poll: poll::<F, S>,
                schedule: schedule::<F, S>,
                claim_and_cancel: claim_and_cancel::<F, S>,
                run_job: None,
                take_output: take_output::<F, S>,
                drop_output: drop_output::<F, S>,
                name: name::<F, S>,
                free: free::<F, S>,
            }
        }
    }

    fn of_job<F: Future + 'static, S: Schedule>() -> &'static Self {
        const {
            &Self {
                poll: run_job_alone::<F, S>,
                schedule: schedule::<F, S>,
                claim_and_cancel: claim_and_cancel::<F, S>,
                run_job: Some(run_job::<F, S>),
                take_output: take_output::<F, S>,
                drop_output: drop_output::<F, S>,
                name: name::<F, S>,
                free: free::<F, S>,
            }
        }
    }
}

/// What has been told of a task's panic when its result is put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// There is none, or it was told of as one that somebody awaits.
    Nothing,
    /// That there was one, which nobody awaits.
    NobodyAwaits,
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
    fn poll_future(&self) -> Poll<Told> {
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
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(self.finish(Ok(output))),
            Err(payload) => {
                // The first panic is the one to tell of.
                if let Err(second) = self.drop_stage() {
                    drop_payload(second);
                }
                Poll::Ready(self.fail(payload))
            }
        }
    }

    /// Drops the future and puts the result in its place. If the future's destructor panics, the
    /// panic is the result.
    fn finish(&self, result: Result<F::Output, JoinError>) -> Told {
        match self.drop_stage() {
            Ok(()) => {
                self.put_result(result);
                Told::Nothing
            }
            Err(payload) => {
                // The output is lost to the panic; a second panic in its destructor adds nothing.
                contain(|| drop(result));
                self.fail(payload)
            }
        }
    }

    /// The task ends in a panic, and its future is gone. Tells of the panic, and makes it the
    /// result.
    #[cold]
    fn fail(&self, payload: Payload) -> Told {
        let (occasion, told) = if self.state().has_join_interest() {
            (Occasion::Awaited, Told::Nothing)
        } else {
            (Occasion::Detached, Told::NobodyAwaits)
        };
        self.report(&*payload, occasion);
        self.put_result(Err(JoinError::panicked(self.cell().header.id, payload)));
        told
    }

    /// Puts the result where the future was. The caller owns the stage, which is consumed.
    fn put_result(&self, result: Result<F::Output, JoinError>) {
        self.cell().stage.with_mut(|stage| {
            // SAFETY: the caller owns the stage; `Consumed` has nothing to drop.
            unsafe { ptr::write(stage, Stage::Finished(result)) };
        });
    }

    /// Drops a result that nobody will read. The caller owns it.
    fn discard_result(&self, told: Told) {
        if let Some(payload) = self.take_panic() {
            if told == Told::Nothing {
                self.report(&*payload, Occasion::Unread);
            }
            drop_payload(payload);
        } else if let Err(payload) = self.drop_stage() {
            self.report(&*payload, Occasion::Detached);
            drop_payload(payload);
        }
    }

    /// Takes the panic out of a result that is one. The caller owns the result.
    fn take_panic(&self) -> Option<Payload> {
        self.cell().stage.with_mut(|stage| {
            // SAFETY: the caller owns the stage, which always holds a valid value.
            let error = match unsafe { &*stage } {
                Stage::Finished(Err(error)) if error.is_panic() => ptr::from_ref(error),
                _ => return None,
            };
            // SAFETY: the error is moved out; the stage is overwritten next, without a drop.
            let error = unsafe { ptr::read(error) };
            // SAFETY: as above.
            unsafe { ptr::write(stage, Stage::Consumed) };
            error.try_into_panic().ok()
        })
    }

    #[cold]
    fn report(&self, payload: &(dyn Any + Send), occasion: Occasion) {
        let runtime = self.cell().scheduler.runtime();
        task_panic::report(runtime.as_ref(), &self.raw().meta(), payload, occasion);
    }

    /// Drops what the stage holds, in place. Gives the destructor's panic.
    ///
    /// Here, as everywhere, the stage is written where it lies: one that is passed on by value is a
    /// temporary as large as the future on the worker's stack.
    fn drop_stage(&self) -> Result<(), Payload> {
        self.cell().stage.with_mut(|stage| {
            // SAFETY: the caller owns the stage, which always holds a valid value.
            let drop_stage = || unsafe { ptr::drop_in_place(stage) };
            let dropped = catch_unwind(AssertUnwindSafe(drop_stage));
            // SAFETY: the old value is gone, even if its destructor panicked half-way.
            unsafe { ptr::write(stage, Stage::Consumed) };
            dropped
        })
    }

    /// Makes the result visible, wakes the joiner, and gives the owner's reference up.
    fn complete(&self, told: Told) {
        self.complete_after(told, || {});
    }

    /// As [`complete`](Self::complete); calls `before_drop` if the output is to be dropped here.
    fn complete_after(&self, told: Told, before_drop: impl FnOnce()) {
        match self.state().complete() {
            Completed::Keep => {}
            Completed::DropOutput => {
                before_drop();
                self.discard_result(told);
            }
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
                contain(|| waker.wake_by_ref());
            }
        });
    }

    /// Drops the future and completes the task as cancelled.
    fn cancel(&self) {
        self.end(JoinError::cancelled(self.cell().header.id));
    }

    /// Drops the future and completes the task with an error.
    fn end(&self, why: JoinError) {
        let told = self.finish(Err(why));
        self.complete(told);
    }
}

/// Polls the task once. The caller holds its queue entry.
unsafe fn poll<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    let typed = Typed::<F, S>(task.cast());
    let _current = context::enter_task(typed.cell().header.id);
    match typed.state().begin() {
        Begin::Cancel => typed.cancel(),
        Begin::Poll => match typed.poll_future() {
            Poll::Ready(told) => typed.complete(told),
            Poll::Pending => match typed.state().end_pending() {
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
        },
    }
    typed.raw().drop_ref();
}

/// Polls a job for the first and last time, unless it was cancelled. The caller holds its entry.
unsafe fn run_job<F: Future + 'static, S: Schedule>(task: NonNull<Header>, end: &mut dyn JobEnd) {
    let typed = Typed::<F, S>(task.cast());
    if typed.state().begin_once() {
        let _current = context::enter_task(typed.cell().header.id);
        let Poll::Ready(told) = typed.poll_future() else {
            unreachable!("a job is over after one poll")
        };
        end.before_completion();
        typed.complete_after(told, || end.before_output_drop());
    }
    // The owner's reference: the entry's, if the job was cancelled.
    typed.raw().drop_ref();
}

/// As [`run_job`], for an entry of which nobody wants to know more.
unsafe fn run_job_alone<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    struct Nobody;
    impl JobEnd for Nobody {
        fn before_completion(&mut self) {}

        fn before_output_drop(&mut self) {}
    }
    // SAFETY: the caller's promise is the same.
    unsafe { run_job::<F, S>(task, &mut Nobody) }
}

unsafe fn schedule<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    let typed = Typed::<F, S>(task.cast());
    typed.cell().scheduler.schedule(Notified(typed.raw()));
}

unsafe fn claim_and_cancel<F: Future + 'static, S: Schedule>(
    task: NonNull<Header>,
    why: JoinError,
) {
    let typed = Typed::<F, S>(task.cast());
    let claim = typed.state().claim();
    if claim == Claim::Refused {
        return;
    }
    let _current = context::enter_task(typed.cell().header.id);
    typed.end(why);
    if claim == Claim::Idle {
        // No entry is left to carry the owner's reference.
        typed.raw().drop_ref();
    }
}

unsafe fn take_output<F: Future + 'static, S: Schedule>(task: NonNull<Header>, into: *mut ()) {
    let typed = Typed::<F, S>(task.cast());
    let result = typed.cell().stage.with_mut(|stage| {
        // SAFETY: the caller owns the output, so nobody else touches the stage.
        let Stage::Finished(result) = (unsafe { &*stage }) else {
            unreachable!("the output is taken once")
        };
        // SAFETY: the result is moved out; the stage is overwritten next, without a drop.
        let result = unsafe { ptr::read(result) };
        // SAFETY: as above.
        unsafe { ptr::write(stage, Stage::Consumed) };
        result
    });
    let into = into.cast::<Poll<Result<F::Output, JoinError>>>();
    // SAFETY: the caller promises the pointee's type; assignment drops its old value, `Pending`.
    unsafe { *into = Poll::Ready(result) };
}

unsafe fn drop_output<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    Typed::<F, S>(task.cast()).discard_result(Told::Nothing);
}

unsafe fn name<F: Future + 'static, S: Schedule>(task: NonNull<Header>) -> Option<Arc<str>> {
    Typed::<F, S>(task.cast()).cell().scheduler.name().cloned()
}

unsafe fn free<F: Future + 'static, S: Schedule>(task: NonNull<Header>) {
    let cell = task.cast::<TaskCell<F, S>>();
    let waker = Typed::<F, S>(cell)
        .cell()
        .header
        .join_waker
        .with_mut(|slot| {
            // SAFETY: the last reference is gone, so nobody else has the cell.
            unsafe { (*slot).take() }
        });
    // SAFETY: `allocate` made the cell, and nobody else has it.
    unsafe { cell.drop_in_place() };
    // SAFETY: the memory came from there with this layout, and nothing is in it any more.
    unsafe { memory::release(cell.cast(), Layout::new::<TaskCell<F, S>>()) };
    if let Some(waker) = waker {
        // A foreign waker that panics must not take this worker with it.
        contain(|| drop(waker));
    }
}
