//! A task's parts.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::slot;
use crate::task::{self, Notified, RawTask, TaskOrigin};
use crate::{AbortHandle, JoinHandle, JoinSet};

pub use crate::task::{Begin, Completed, EndPending};

/// A task's place in a queue.
#[must_use]
pub struct Entry(Notified);

impl Entry {
    pub fn run(self) {
        self.0.run();
    }

    pub fn cancel(self) {
        self.0.cancel();
    }
}

/// Where a task's wakes go.
pub trait Schedule: 'static {
    fn schedule(&self, entry: Entry);

    fn reschedule(&self, entry: Entry);
}

/// Carries a model's scheduler to the task.
struct Through<S> {
    scheduler: S,
    list: Option<Arc<task::TaskList>>,
}

impl<S: Schedule> task::Schedule for Through<S> {
    fn schedule(&self, task: Notified) {
        self.scheduler.schedule(Entry(task));
    }

    fn reschedule(&self, task: Notified) {
        self.scheduler.reschedule(Entry(task));
    }

    fn release(&self, task: RawTask) {
        if let Some(list) = &self.list {
            list.remove(task);
        }
    }
}

/// A task that is in no list.
pub fn new_task<F>(future: F, scheduler: impl Schedule) -> (Entry, JoinHandle<F::Output>)
where
    F: Future + 'static,
{
    let own = Through {
        scheduler,
        list: None,
    };
    let (_, entry, handle) = task::new_task(future, own, origin());
    (Entry(entry), handle)
}

/// A task that takes itself out of `list` when it ends.
pub fn new_listed_task<F>(
    future: F,
    list: &TaskList,
    scheduler: impl Schedule,
) -> (Task, Entry, JoinHandle<F::Output>)
where
    F: Future + 'static,
{
    let own = Through {
        scheduler,
        list: Some(Arc::clone(&list.0)),
    };
    let (task, entry, handle) = task::new_task(future, own, origin());
    (Task(task), Entry(entry), handle)
}

fn origin() -> TaskOrigin {
    TaskOrigin {
        id: task::next_id(),
        spawned_at: Location::caller(),
        shard: 0,
    }
}

/// A task, for the list.
pub struct Task(RawTask);

/// The list of live tasks, of one shard.
pub struct TaskList(Arc<task::TaskList>);

impl TaskList {
    pub fn new() -> Self {
        Self(Arc::new(task::TaskList::new(1)))
    }

    pub fn insert(&self, task: Task) -> bool {
        self.0.insert(task.0)
    }

    pub fn close(&self) {
        self.0.close();
    }

    pub fn end_all(&self) {
        self.0.end_each(AbortHandle::abort_here);
    }

    pub fn alive(&self) -> usize {
        self.0.len()
    }
}

impl Default for TaskList {
    fn default() -> Self {
        Self::new()
    }
}

/// The next-task slot.
pub struct Slot(slot::Slot);

impl Slot {
    pub fn new() -> Self {
        Self(slot::Slot::new())
    }

    pub fn replace(&self, entry: Entry) -> Option<Entry> {
        self.0.replace(entry.0).map(Entry)
    }

    pub fn take(&self) -> Option<Entry> {
        self.0.take().map(Entry)
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes a task that was made here into a set.
pub fn insert<T: 'static>(set: &mut JoinSet<T>, handle: JoinHandle<T>) -> AbortHandle {
    set.insert(handle)
}

/// The task state word.
pub struct State(pub(super) task::State);

impl State {
    pub fn new() -> Self {
        Self(task::State::new())
    }

    pub fn wake(&self) -> bool {
        self.0.wake()
    }

    pub fn abort(&self) -> bool {
        self.0.abort()
    }

    pub fn begin(&self) -> Begin {
        self.0.begin()
    }

    pub fn end_pending(&self) -> EndPending {
        self.0.end_pending()
    }

    pub fn complete(&self) -> Completed {
        self.0.complete()
    }

    pub fn set_join_waker(&self) -> bool {
        self.0.set_join_waker()
    }

    pub fn drop_join_interest(&self) -> bool {
        self.0.drop_join_interest()
    }

    pub fn ref_dec(&self) -> bool {
        self.0.ref_dec()
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
