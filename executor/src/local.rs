//! Tasks that stay on one thread, and so need not be `Send`.
//!
//! A [`LocalSet`] is a future that runs its tasks when it is polled. Its queue is behind one lock:
//! wakes come from any thread. Only the thread that owns the set begins polls and drops futures,
//! which is what makes `!Send` futures sound.
//!
//! # Dropping a set
//!
//! All futures must be dropped then and there, on this thread, although a foreign wake may have
//! marked a task whose queue entry has not arrived yet. So the set *claims* its tasks
//! ([`crate::task`]'s state word): a claimed task with an entry leaves its owner's reference to
//! that entry, which is let go by whoever finds it: the set, when it empties the queue, or the
//! late waker, which finds the queue closed.
//!
//! Checked by: loom-tests/tests/models/local_set.rs

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::context;
use crate::coop;
use crate::handle::Handle;
use crate::spawn::is_large;
use crate::sync::{Mutex, mutant, owning_thread_local};
use crate::task::{
    AbortHandle, JoinHandle, Named, Notified, RawTask, Schedule, TaskList, TaskOrigin, new_task,
    next_id,
};
use crate::worker::Worker;

/// Tasks run at one poll of the set, before its own neighbours get their turn.
const TASKS_A_POLL: usize = 61;

owning_thread_local! {
    /// The set that this thread polls, or has entered.
    static CURRENT: RefCell<Option<Arc<Shared>>> = RefCell::new(None)
}

/// A set of tasks that all run on the thread that polls it.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// let runtime = mainspring::runtime::Runtime::new().unwrap();
/// let local = mainspring::task::LocalSet::new();
/// let text = Rc::new("not Send");
/// let length = local.block_on(&runtime, async move {
///     mainspring::task::spawn_local(async move { text.len() }).await.unwrap()
/// });
/// assert_eq!(length, 8);
/// ```
pub struct LocalSet {
    shared: Arc<Shared>,
    /// Its futures are not `Send`, and so it is not.
    _not_send: PhantomData<*const ()>,
}

/// What wakers need of a set.
pub(crate) struct Shared {
    /// Held for a push or a pop.
    state: Mutex<State>,
    /// The live tasks.
    tasks: TaskList,
}

struct State {
    queue: VecDeque<Notified>,
    /// Tasks that have yielded: they wait until the set is polled again, which a worker does after
    /// its other tasks and a turn of the driver.
    yielded: Vec<Notified>,
    /// Whoever polls the set, while it is not being polled.
    waiter: Option<Waker>,
    /// The set is gone.
    closed: bool,
}

/// What a set does next.
enum Next {
    /// Run this task.
    Run(Notified),
    /// End the poll and ask for another one: only tasks that have yielded are left.
    Again,
    /// Wait for a wake.
    Wait,
}

impl LocalSet {
    /// An empty set.
    pub fn new() -> Self {
        let state = State {
            queue: VecDeque::new(),
            yielded: Vec::new(),
            waiter: None,
            closed: false,
        };
        let shared = Shared {
            state: Mutex::new(state),
            tasks: TaskList::new(1),
        };
        Self {
            shared: Arc::new(shared),
            _not_send: PhantomData,
        }
    }

    /// Spawns a task on this set. It runs when the set is polled.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if const { is_large::<F>() } {
            self.shared
                .spawn(Box::pin(future), None, Location::caller())
        } else {
            self.shared.spawn(future, None, Location::caller())
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Makes this the set that [`spawn_local`] spawns on, until the guard is dropped.
    pub fn enter(&self) -> LocalEnterGuard {
        enter(Arc::clone(&self.shared))
    }

    /// Runs `future`, and the tasks of this set beside it, until `future` is ready. Tasks that are
    /// left go on at the next poll of the set.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops `future`; the tasks stay in the set.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        RunUntil {
            set: self,
            future: pin!(future),
        }
        .await
    }

    /// [`run_until`](Self::run_until) on a runtime, from a thread outside it.
    ///
    /// # Panics
    ///
    /// As `Runtime::block_on`.
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: impl AsRef<Handle>, future: F) -> F::Output {
        runtime.as_ref().block_on(self.run_until(future))
    }

    /// Runs a share of the ready tasks. True if all is done that can be done now; then the waiter
    /// has been left.
    fn turn(&self, waiter: &Waker) -> bool {
        self.shared.resume_yielded();
        for _ in 0..TASKS_A_POLL {
            match self.shared.next(waiter) {
                Next::Run(task) => {
                    let _limit = coop::limit();
                    task.run();
                }
                Next::Again => return false,
                Next::Wait => return true,
            }
        }
        false
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Ready when no task is left.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _entered = self.enter();
        let idle = self.turn(cx.waker());
        if self.shared.tasks.len() == 0 {
            return Poll::Ready(());
        }
        if !idle {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let _entered = self.enter();
        self.shared.tasks.close();
        self.shared.tasks.end_each(AbortHandle::claim_and_cancel);
        let (left, waiter) = {
            let mut state = self.shared.state.lock();
            state.closed = true;
            let mut left = std::mem::take(&mut state.queue);
            left.extend(state.yielded.drain(..));
            (left, state.waiter.take())
        };
        if !mutant!("local set: a drop leaves the queue") {
            left.into_iter().for_each(Notified::discard_stale);
        }
        // The last thing: it is foreign code, and may panic.
        drop(waiter);
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet")
            .field("tasks", &self.shared.tasks.len())
            .finish()
    }
}

/// The future of [`LocalSet::run_until`].
struct RunUntil<'a, F> {
    set: &'a LocalSet,
    future: Pin<&'a mut F>,
}

impl<F: Future> Future for RunUntil<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = self.set.enter();
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        if !self.set.turn(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Spawns a task on the current [`LocalSet`]: it need not be `Send` and never leaves this thread.
///
/// # Panics
///
/// Outside a `LocalSet`.
///
/// # Examples
///
/// See [`LocalSet`].
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    if const { is_large::<F>() } {
        expect_current("spawn_local").spawn(Box::pin(future), None, Location::caller())
    } else {
        expect_current("spawn_local").spawn(future, None, Location::caller())
    }
}

/// The set of the present thread, for `call`, which cannot do without.
#[track_caller]
pub(crate) fn expect_current(call: &str) -> Arc<Shared> {
    let current = CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten();
    current.unwrap_or_else(|| {
        panic!(
            "`{call}` was called outside a `LocalSet`: call it inside `LocalSet::run_until`, \
             `LocalSet::block_on`, or the scope of `LocalSet::enter()`"
        )
    })
}

impl Shared {
    /// Spawns a task on this set.
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        future: F,
        name: Option<Arc<str>>,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let origin = TaskOrigin {
            id: next_id(),
            spawned_at,
            shard: 0,
        };
        let own = LocalScheduler(Arc::clone(self));
        let (task, entry, handle) = match name {
            None => new_task(future, own, origin),
            Some(name) => new_task(future, Named::new(name, own), origin),
        };
        if self.tasks.insert(task) {
            self.push(entry);
        } else {
            entry.cancel();
        }
        handle
    }

    fn push(&self, task: Notified) {
        let waiter = {
            let mut state = self.state.lock();
            if state.closed && !mutant!("local set: what is closed takes entries") {
                drop(state);
                // The set claimed the task while this entry was on its way.
                return task.discard_stale();
            }
            state.queue.push_back(task);
            state.waiter.take()
        };
        if let Some(waiter) = waiter
            && !mutant!("local set: a push wakes nobody")
        {
            waiter.wake();
        }
    }

    /// Puts a task that was woken during its own poll behind the others.
    fn push_behind(&self, task: Notified) {
        let yielded = context::with_worker(|worker| worker.is_some_and(Worker::has_noted_yield));
        let mut state = self.state.lock();
        if !yielded || state.closed {
            drop(state);
            return self.push(task);
        }
        state.yielded.push(task);
    }

    /// The set is polled anew: tasks that had yielded go behind the others.
    fn resume_yielded(&self) {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.queue.extend(state.yielded.drain(..));
    }

    /// The next ready task; without one, leaves `waiter` to be woken by the next push.
    fn next(&self, waiter: &Waker) -> Next {
        {
            let mut state = self.state.lock();
            if let Some(next) = state.next() {
                return next;
            }
            if let Some(present) = &state.waiter
                && present.will_wake(waiter)
            {
                return Next::Wait;
            }
        }
        // The clone is the user's code, so no lock is held; a push that comes now finds nobody to
        // wake, be it that the clone itself makes it. The second look finds what was pushed.
        let waiter = waiter.clone();
        let mut state = self.state.lock();
        if !mutant!("local set: no look behind the clone of the waiter")
            && let Some(next) = state.next()
        {
            drop(state);
            return next;
        }
        let replaced = state.waiter.replace(waiter);
        drop(state);
        drop(replaced);
        Next::Wait
    }
}

impl State {
    /// What is ready, if anything is.
    fn next(&mut self) -> Option<Next> {
        match self.queue.pop_front() {
            Some(task) => Some(Next::Run(task)),
            None if self.yielded.is_empty() => None,
            None => Some(Next::Again),
        }
    }
}

/// The scheduler of a set's tasks.
struct LocalScheduler(Arc<Shared>);

impl Schedule for LocalScheduler {
    fn schedule(&self, task: Notified) {
        self.0.push(task);
    }

    fn reschedule(&self, task: Notified) {
        self.0.push_behind(task);
    }

    fn release(&self, task: RawTask) {
        self.0.tasks.remove(task);
    }
}

/// Keeps a [`LocalSet`] entered; see [`LocalSet::enter`].
#[must_use = "the set is left when the guard is dropped"]
pub struct LocalEnterGuard {
    before: Option<Arc<Shared>>,
    /// It restores the thread-local of the thread that made it.
    _not_send: PhantomData<*const ()>,
}

fn enter(shared: Arc<Shared>) -> LocalEnterGuard {
    let before = CURRENT
        .try_with(|current| current.replace(Some(shared)))
        .ok()
        .flatten();
    LocalEnterGuard {
        before,
        _not_send: PhantomData,
    }
}

impl Drop for LocalEnterGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        // While the thread's locals are being destroyed there is nothing to restore.
        drop(CURRENT.try_with(|current| current.replace(before)));
    }
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}
