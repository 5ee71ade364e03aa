//! A set of tasks that are awaited in the order they end.
//!
//! Invariant: a key is in the queue whenever its task has ended and has not been taken out, and
//! whoever waits has left its waker under the lock under which it found the queue empty.
//!
//! Checked by: loom-tests/tests/models/join_set.rs

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use slab::Slab;

use crate::context;
use crate::coop;
use crate::handle::Handle;
use crate::local::{LocalSet, spawn_local};
use crate::sync::{Mutex, mutant};
use crate::task::{AbortHandle, Id, JoinError, JoinHandle};

/// A set of tasks with one output type. Its tasks are awaited in the order in which they end.
///
/// Dropping the set aborts all its tasks.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let mut set = mainspring::task::JoinSet::new();
/// for n in 0..10 {
///     set.spawn(async move { n * n });
/// }
/// let mut sum = 0;
/// while let Some(square) = set.join_next().await {
///     sum += square.unwrap();
/// }
/// assert_eq!(sum, 285);
/// # }
/// ```
pub struct JoinSet<T> {
    tasks: Slab<Member<T>>,
    ready: Arc<Ready>,
}

/// A task of the set.
struct Member<T> {
    handle: JoinHandle<T>,
    /// Tells the set that this one is to be looked at.
    waker: Waker,
}

/// The members that have ended, or are new, and who waits for them.
struct Ready {
    state: Mutex<ReadyState>,
}

struct ReadyState {
    keys: VecDeque<usize>,
    waiter: Option<Waker>,
}

/// Wakes the set for one member.
struct MemberWaker {
    key: usize,
    ready: Arc<Ready>,
}

impl Wake for MemberWaker {
    fn wake(self: Arc<Self>) {
        let waiter = {
            let mut state = self.ready.state.lock();
            if !mutant!("join set: who has ended is not listed") {
                state.keys.push_back(self.key);
            }
            state.waiter.take()
        };
        if let Some(waiter) = waiter {
            if !mutant!("join set: who waits is not woken") {
                waiter.wake();
            }
        }
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        let state = ReadyState {
            keys: VecDeque::new(),
            waiter: None,
        };
        Self {
            tasks: Slab::new(),
            ready: Arc::new(Ready {
                state: Mutex::new(state),
            }),
        }
    }

    /// How many tasks have not been joined yet.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all tasks have been joined.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task into the set, on the current runtime.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(context::expect_current("JoinSet::spawn").spawn(task))
    }

    /// Spawns a task into the set, on the runtime of `handle`.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: impl AsRef<Handle>) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.as_ref().spawn(task))
    }

    /// Spawns a task into the set, on the current [`LocalSet`].
    ///
    /// # Panics
    ///
    /// Outside a `LocalSet`.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(spawn_local(task))
    }

    /// Spawns a task into the set, on `local`.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local.spawn_local(task))
    }

    /// Runs a blocking job into the set, on the current runtime's pool.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, job: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(context::expect_current("JoinSet::spawn_blocking").spawn_blocking(job))
    }

    /// Runs a blocking job into the set, on the pool of `handle`'s runtime.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, job: F, handle: impl AsRef<Handle>) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.as_ref().spawn_blocking(job))
    }

    pub(crate) fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let entry = self.tasks.vacant_entry();
        let key = entry.key();
        let waker = Waker::from(Arc::new(MemberWaker {
            key,
            ready: Arc::clone(&self.ready),
        }));
        entry.insert(Member {
            handle,
            waker: waker.clone(),
        });
        // A new member is looked at once, which leaves its waker with its task.
        if !mutant!("join set: a new member is not looked at") {
            waker.wake();
        }
        abort
    }

    /// Waits for the next task to end. None if the set is empty.
    ///
    /// # Errors
    ///
    /// The inner one, if that task has panicked or was cancelled.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a task whose output was not returned stays in the set.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As `join_next`.
    ///
    /// # Cancel safety
    ///
    /// As `join_next`.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// The output of a task that has ended, if there is one now.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next), the inner one.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id()
            .map(|joined| joined.map(|(_, output)| output))
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's id.
    ///
    /// # Errors
    ///
    /// As `try_join_next`.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        loop {
            let key = self.ready.state.lock().keys.pop_front()?;
            if let Some(joined) = self.look_at(key) {
                return Some(joined);
            }
        }
    }

    /// The poll form of [`join_next`](Self::join_next).
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(cx)
            .map(|joined| joined.map(|joined| joined.map(|(_, out)| out)))
    }

    /// The poll form of [`join_next_with_id`](Self::join_next_with_id).
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if self.tasks.is_empty() {
            return Poll::Ready(None);
        }
        let budget = ready!(coop::poll_proceed(cx));
        let mut waiter = Some(cx.waker().clone());
        loop {
            let (key, replaced) = {
                let mut state = self.ready.state.lock();
                match state.keys.pop_front() {
                    Some(key) => (Some(key), None),
                    None => {
                        if mutant!("join set: the lock is let go between the look and the waiter") {
                            drop(state);
                            state = self.ready.state.lock();
                        }
                        (None, std::mem::replace(&mut state.waiter, waiter.take()))
                    }
                }
            };
            drop(replaced);
            let Some(key) = key else { return Poll::Pending };
            if let Some(joined) = self.look_at(key) {
                budget.made_progress();
                return Poll::Ready(Some(joined));
            }
        }
    }

    /// Takes the output of a member that was woken. None if it was woken for something else.
    fn look_at(&mut self, key: usize) -> Option<Result<(Id, T), JoinError>> {
        let member = self.tasks.get_mut(key)?;
        let mut cx = Context::from_waker(&member.waker);
        // The budget is the set's affair: a handle that refused would put itself back into the set.
        let polled = coop::without_limit(|| Pin::new(&mut member.handle).poll(&mut cx));
        let Poll::Ready(output) = polled else {
            return None;
        };
        let id = member.handle.id();
        drop(self.tasks.remove(key));
        Some(output.map(|output| (id, output)))
    }

    /// Aborts all tasks and waits until they have ended. Their outputs are dropped.
    ///
    /// # Cancel safety
    ///
    /// The tasks are aborted in any case; those not yet joined stay in the set.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks; their outputs in the order in which they ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping it aborts the tasks, since it owns the set.
    ///
    /// # Panics
    ///
    /// If a task panicked (with its payload) or was cancelled.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(joined) = self.join_next().await {
            match joined.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => std::panic::resume_unwind(payload),
                Err(Err(error)) => panic!("`JoinSet::join_all`: {error}"),
            }
        }
        outputs
    }

    /// Aborts all tasks. They stay in the set until they are joined.
    pub fn abort_all(&mut self) {
        self.tasks
            .iter()
            .for_each(|(_, member)| member.handle.abort());
    }

    /// Removes all tasks from the set without aborting them.
    pub fn detach_all(&mut self) {
        self.tasks.clear();
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        if mutant!("join set: a drop aborts nothing") {
            return;
        }
        self.tasks
            .iter()
            .for_each(|(_, member)| member.handle.abort());
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

/// Spawns every future of an iterator on the current runtime.
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(iter: I) -> Self {
        let mut set = Self::new();
        iter.into_iter().for_each(|task| {
            set.spawn(task);
        });
        set
    }
}
