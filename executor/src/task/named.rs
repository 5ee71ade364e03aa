//! A task with a name: the name lies beside its scheduler, so that tasks without one pay nothing.

use std::sync::Arc;

use super::raw::{Notified, RawTask, Schedule};
use crate::handle::Handle;

/// The scheduler of a task that has a name.
#[derive(Debug)]
pub(crate) struct Named<S> {
    /// The name.
    name: Arc<str>,
    /// Where the task's wakes go.
    scheduler: S,
}

impl<S: Schedule> Named<S> {
    pub(crate) fn new(name: Arc<str>, scheduler: S) -> Self {
        Self { name, scheduler }
    }
}

impl<S: Schedule> Schedule for Named<S> {
    fn schedule(&self, task: Notified) {
        self.scheduler.schedule(task);
    }

    fn reschedule(&self, task: Notified) {
        self.scheduler.reschedule(task);
    }

    fn release(&self, task: RawTask) {
        self.scheduler.release(task);
    }

    fn name(&self) -> Option<&Arc<str>> {
        Some(&self.name)
    }

    fn runtime(&self) -> Option<Handle> {
        self.scheduler.runtime()
    }
}
