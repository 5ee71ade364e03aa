//! A task's parts.

use std::future::Future;
use std::panic::Location;

use crate::JoinHandle;
use crate::task::{self, Notified, RawTask, TaskOrigin};

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
struct Through<S>(S);

impl<S: Schedule> task::Schedule for Through<S> {
    fn schedule(&self, task: Notified) {
        self.0.schedule(Entry(task));
    }

    fn reschedule(&self, task: Notified) {
        self.0.reschedule(Entry(task));
    }

    fn release(&self, _: RawTask) {}
}

/// A task that is in no list.
#[track_caller]
pub fn new_task<F>(future: F, scheduler: impl Schedule) -> (Entry, JoinHandle<F::Output>)
where
    F: Future + 'static,
{
    let origin = TaskOrigin {
        id: task::next_id(),
        spawned_at: Location::caller(),
        shard: 0,
    };
    let (_, entry, handle) = task::new_task(future, Through(scheduler), origin);
    (Entry(entry), handle)
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
