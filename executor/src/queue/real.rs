//! crossbeam's deque and injector.

use std::sync::OnceLock;

use crossbeam_deque as deque;

use super::Steal;

/// A worker's own queue: first in, first out.
///
/// FIFO is what makes a batch steal one compare-exchange, and what lets a task that yields go
/// behind the others.
#[derive(Debug)]
pub(crate) struct LocalQueue<T>(deque::Worker<T>);

/// The thieves' side of a [`LocalQueue`], which may not have been made yet: then there is nothing in it.
#[derive(Debug)]
pub(crate) struct Stealer<T>(OnceLock<deque::Stealer<T>>);

/// The queue that any thread may push to.
#[derive(Debug)]
pub(crate) struct Injector<T>(deque::Injector<T>);

impl<T> LocalQueue<T> {
    #[inline]
    pub(crate) fn push(&self, item: T) {
        self.0.push(item);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<T> {
        self.0.pop()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Stealer<T> {
    /// That of a queue to come.
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Makes the queue. To be called once.
    pub(crate) fn make_queue(&self) -> LocalQueue<T> {
        let queue = deque::Worker::new_fifo();
        let is_first = self.0.set(queue.stealer()).is_ok();
        debug_assert!(is_first, "nobody would take from a second queue");
        LocalQueue(queue)
    }

    /// Takes about half of the victim's work: one item for now, the rest into `own`.
    pub(crate) fn steal_into(&self, own: &LocalQueue<T>) -> Steal<T> {
        match self.0.get() {
            Some(queue) => queue.steal_batch_and_pop(&own.0).into(),
            None => Steal::Empty,
        }
    }

    /// Takes one item.
    pub(crate) fn steal(&self) -> Steal<T> {
        match self.0.get() {
            Some(queue) => queue.steal().into(),
            None => Steal::Empty,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.get().is_none_or(deque::Stealer::is_empty)
    }
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Self {
        Self(deque::Injector::new())
    }

    pub(crate) fn push(&self, item: T) {
        self.0.push(item);
    }

    /// Takes a batch: one item for now, the rest into `own`.
    #[inline]
    pub(crate) fn steal_into(&self, own: &LocalQueue<T>) -> Steal<T> {
        // The theft itself would say so after a fence, which whoever sleeps on the answer has anyway.
        if self.is_empty() {
            return Steal::Empty;
        }
        self.0.steal_batch_and_pop(&own.0).into()
    }

    /// Takes one item.
    pub(crate) fn steal(&self) -> Steal<T> {
        self.0.steal().into()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> From<deque::Steal<T>> for Steal<T> {
    #[inline]
    fn from(steal: deque::Steal<T>) -> Self {
        match steal {
            deque::Steal::Empty => Self::Empty,
            deque::Steal::Success(item) => Self::Success(item),
            deque::Steal::Retry => Self::Retry,
        }
    }
}
