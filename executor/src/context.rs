//! What this thread is: which task it polls, which worker it is, which runtime it has entered.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use crate::fork::{self, Generation};
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::{const_thread_local, owning_thread_local};
use crate::task::Id;
use crate::worker::Worker;

const_thread_local! {
    /// The worker that this thread is, or null. It points into the frame of [`enter_worker`].
    static WORKER: Cell<*const Worker> = Cell::new(ptr::null())
}

const_thread_local! {
    /// Whether [`ENTERED`] was set after [`WORKER`], and so hides it from `current`.
    static ENTERED_LAST: Cell<bool> = Cell::new(false)
}

const_thread_local! {
    /// The scheduler whose offload pool this thread belongs to, or null. Only ever compared.
    static POOL_OF: Cell<*const Scheduler> = Cell::new(ptr::null())
}

const_thread_local! {
    /// Whether this thread polls a `block_on` future without being a worker.
    static UNSEATED_POLL: Cell<bool> = Cell::new(false)
}

const_thread_local! {
    /// The task that is being polled.
    static TASK: Cell<Option<Id>> = Cell::new(None)
}

owning_thread_local! {
    /// The runtime that this thread has entered without being its worker.
    static ENTERED: RefCell<Option<Handle>> = RefCell::new(None)
}

/// The runtime of the present thread: that of its worker, or the one it has entered last.
pub(crate) fn current() -> Option<Handle> {
    if !ENTERED_LAST.with(Cell::get) {
        if let Some(handle) = with_worker(|worker| worker.map(|worker| worker.handle().clone())) {
            return Some(handle);
        }
    }
    let entered = ENTERED
        .try_with(|entered| entered.borrow().clone())
        .ok()
        .flatten();
    // What was entered before a fork is not there in the child.
    entered.filter(|handle| !handle.is_stale())
}

/// The runtime of the present thread, for `call`, which cannot do without.
#[track_caller]
pub(crate) fn expect_current(call: &str) -> Handle {
    current().unwrap_or_else(|| no_runtime(call))
}

/// Says that `call` needs a runtime, and how to get one.
#[track_caller]
pub(crate) fn no_runtime(call: &str) -> ! {
    assert!(
        !fork::is_child(),
        "`{call}` was called outside a Mainspring runtime. This process was forked, and the \
         runtimes of its parent are not there in the child: {}",
        fork::REMEDY
    );
    panic!(
        "`{call}` was called outside a Mainspring runtime: call it inside `Runtime::block_on`, \
         `#[mainspring::main]`, a spawned task, or the scope of `Handle::enter()`"
    )
}

/// Calls `f` with the present thread's runtime, without counting a reference for a worker.
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Handle>) -> R) -> R {
    if ENTERED_LAST.with(Cell::get) {
        return f(current().as_ref());
    }
    with_worker(|worker| match worker {
        Some(worker) => f(Some(worker.handle())),
        None => f(current().as_ref()),
    })
}

/// Calls `f` with the worker that this thread is.
#[inline]
pub(crate) fn with_worker<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let worker = WORKER.with(Cell::get);
    // SAFETY: the pointer was set by `enter_worker`, whose frame, with the worker in it, is still
    // on this thread's stack: it resets the pointer before it returns or unwinds.
    f(unsafe { worker.as_ref() })
}

/// Whether this thread is inside a poll of a task or of a `block_on` future of any runtime.
pub(crate) fn is_in_async_code() -> bool {
    !WORKER.with(Cell::get).is_null() || UNSEATED_POLL.with(Cell::get)
}

/// Polls a `block_on` future on a thread that is no worker.
pub(crate) fn poll_unseated(poll: impl FnOnce()) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNSEATED_POLL.with(|cell| cell.set(self.0));
        }
    }
    let _restore = Restore(UNSEATED_POLL.with(|cell| cell.replace(true)));
    poll();
}

/// Whether this thread polls or drops a task without being a worker: another executor runs a
/// `LocalSet`, or the end of a runtime drops its tasks here. A job of the offload pool is no poll.
pub(crate) fn is_in_foreign_poll() -> bool {
    current_task().is_some() && POOL_OF.with(Cell::get).is_null()
}

/// This thread is about to block: the workers that it is, for one runtime within the other, are
/// continued by other threads. Those that cannot be stay as they are.
pub(crate) fn give_cores_away() {
    let mut next = WORKER.with(Cell::get);
    // SAFETY: as in `with_worker`: each worker of the chain lies in a frame below.
    while let Some(worker) = unsafe { next.as_ref() } {
        worker.give_core_away();
        next = worker.outer();
    }
}

/// Whether this thread is a worker of `handle`'s runtime and still has the core.
pub(crate) fn holds_core_of(handle: &Handle) -> bool {
    let mut next = WORKER.with(Cell::get);
    // SAFETY: as in `with_worker`: each worker of the chain lies in a frame below.
    while let Some(worker) = unsafe { next.as_ref() } {
        if worker.is_of(handle.scheduler()) && !worker.is_without_core() {
            return true;
        }
        next = worker.outer();
    }
    false
}

/// Notes that this thread belongs to the offload pool of `scheduler`, to its end.
pub(crate) fn join_pool(scheduler: &Scheduler) {
    POOL_OF.with(|pool| pool.set(scheduler));
}

/// Whether this thread belongs to an offload pool.
pub(crate) fn is_on_pool_thread() -> bool {
    !POOL_OF.with(Cell::get).is_null()
}

/// Whether this thread belongs to the offload pool of `scheduler`.
pub(crate) fn is_in_pool_of(scheduler: &Scheduler) -> bool {
    ptr::eq(POOL_OF.with(Cell::get), scheduler)
}

/// Makes this thread `worker` while `f` runs.
pub(crate) fn enter_worker<R>(worker: &Worker, f: impl FnOnce() -> R) -> R {
    struct Restore {
        worker: *const Worker,
        entered_last: bool,
        entered_in: Generation,
    }
    impl Drop for Restore {
        fn drop(&mut self) {
            if self.entered_in.is_stale() {
                // `forget` has cleared both, and the worker before may be as stale as this one.
                return;
            }
            WORKER.with(|cell| cell.set(self.worker));
            ENTERED_LAST.with(|cell| cell.set(self.entered_last));
        }
    }
    worker.set_outer(WORKER.with(Cell::get));
    let _restore = Restore {
        worker: WORKER.with(|cell| cell.replace(worker)),
        entered_last: ENTERED_LAST.with(|cell| cell.replace(false)),
        entered_in: Generation::current(),
    };
    f()
}

/// Whether this thread is `worker`, and not the worker of another runtime within it. In the child
/// of a fork it is not `worker` any more.
#[inline]
pub(crate) fn is_worker(worker: &Worker) -> bool {
    ptr::eq(WORKER.with(Cell::get), worker)
}

/// In the child of a fork: what this thread was for the runtimes of the parent it is no longer. For
/// [`fork`]'s handler: it must not do more than write a few words.
pub(crate) fn forget() {
    WORKER.with(|cell| cell.set(ptr::null()));
    ENTERED_LAST.with(|cell| cell.set(false));
    POOL_OF.with(|cell| cell.set(ptr::null()));
    UNSEATED_POLL.with(|cell| cell.set(false));
    TASK.with(|cell| cell.set(None));
}

/// Makes `handle` this thread's runtime until the guard is dropped.
pub(crate) fn enter(handle: Handle) -> EnterGuard {
    let before = ENTERED
        .try_with(|entered| entered.replace(Some(handle)))
        .ok()
        .flatten();
    let entered_last = ENTERED_LAST.with(|cell| cell.replace(true));
    EnterGuard {
        before,
        entered_last,
        _not_send: PhantomData,
    }
}

/// Keeps a runtime entered; see [`Handle::enter`].
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard {
    /// What was entered before.
    before: Option<Handle>,
    entered_last: bool,
    /// It restores the thread-local of the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        ENTERED_LAST.with(|cell| cell.set(self.entered_last));
        // The handle that was entered is dropped outside the borrow: it may be the last one.
        // While the thread's locals are being destroyed there is nothing to restore.
        drop(ENTERED.try_with(|entered| entered.replace(before)));
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// Notes which task this thread polls, until the guard is dropped.
#[inline]
pub(crate) fn enter_task(id: Id) -> TaskGuard {
    TaskGuard(TASK.with(|task| task.replace(Some(id))))
}

/// Restores what [`enter_task`] replaced.
#[derive(Debug)]
pub(crate) struct TaskGuard(Option<Id>);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        TASK.with(|task| task.set(self.0));
    }
}

/// The id of the task that is being polled.
pub(crate) fn current_task() -> Option<Id> {
    TASK.with(Cell::get)
}
