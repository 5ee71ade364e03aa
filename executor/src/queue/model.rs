//! The stand-in for crossbeam's queues under loom.
//!
//! It must not be stronger than what it stands for, or loom would pass protocols that need more
//! than crossbeam gives. So emptiness is read from a length that is stored and loaded Relaxed,
//! without the lock: a thief may see an old length, as it may see an old `back` index of the real
//! deque, and only the fences of the sleep protocol rule that out. The first thief that finds the lock taken gets `Retry`, as a thief that loses a race does;
//! later ones wait, for loom would follow a thief that retries for ever.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Steal;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug)]
struct Shared<T> {
    items: Mutex<VecDeque<T>>,
    published: AtomicUsize,
    /// Whether anybody can have pushed: where nobody can, a look costs loom nothing.
    is_made: AtomicBool,
    /// Whether a `Retry` has been given. Not loom's: it decides nothing between threads.
    retried: AtomicBool,
}

impl<T> Shared<T> {
    fn new() -> Self {
        Self {
            items: Mutex::new(VecDeque::new()),
            published: AtomicUsize::new(0),
            is_made: AtomicBool::new(true),
            retried: AtomicBool::new(false),
        }
    }

    fn push(&self, item: T) {
        let mut items = self.items.lock();
        items.push_back(item);
        // Ordering: Relaxed; weaker than the real push, whose Release is here the lock's.
        self.published.store(items.len(), Ordering::Relaxed);
    }

    fn pop(&self) -> Option<T> {
        let mut items = self.items.lock();
        let item = items.pop_front();
        // Ordering: Relaxed; as in `push`.
        self.published.store(items.len(), Ordering::Relaxed);
        item
    }

    fn is_empty(&self) -> bool {
        // Ordering: Relaxed. It may read an old length.
        !self.is_made.load(Ordering::Relaxed) || self.published.load(Ordering::Relaxed) == 0
    }

    /// Takes up to half of the items, at least one.
    fn take(&self, most: usize) -> Steal<Vec<T>> {
        if self.is_empty() {
            return Steal::Empty;
        }
        let mut items = match self.items.try_lock() {
            Some(items) => items,
            // Ordering: Relaxed; loom runs one thread at a time.
            None if !self.retried.swap(true, Ordering::Relaxed) => return Steal::Retry,
            None => self.items.lock(),
        };
        let count = items.len().div_ceil(2).min(most);
        let taken: Vec<T> = items.drain(..count).collect();
        // Ordering: Relaxed; as in `push`.
        self.published.store(items.len(), Ordering::Relaxed);
        if taken.is_empty() {
            Steal::Empty
        } else {
            Steal::Success(taken)
        }
    }

    fn take_into(&self, own: &LocalQueue<T>) -> Steal<T> {
        match self.take(usize::MAX) {
            Steal::Success(taken) => {
                let mut taken = taken.into_iter();
                let Some(first) = taken.next() else {
                    return Steal::Empty;
                };
                taken.for_each(|item| own.push(item));
                Steal::Success(first)
            }
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    fn take_one(&self) -> Steal<T> {
        match self.take(1) {
            Steal::Success(mut taken) => taken.pop().map_or(Steal::Empty, Steal::Success),
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }
}

/// See `real::LocalQueue`.
#[derive(Debug)]
pub(crate) struct LocalQueue<T>(Arc<Shared<T>>);

/// See `real::Stealer`.
#[derive(Debug)]
pub(crate) struct Stealer<T>(Arc<Shared<T>>);

/// See `real::Injector`.
#[derive(Debug)]
pub(crate) struct Injector<T>(Shared<T>);

impl<T> LocalQueue<T> {
    pub(crate) fn push(&self, item: T) {
        self.0.push(item);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.0.pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.items.lock().len()
    }
}

impl<T> Stealer<T> {
    pub(crate) fn new() -> Self {
        let shared = Shared::new();
        // Ordering: Relaxed, here and below; loom runs one thread at a time.
        shared.is_made.store(false, Ordering::Relaxed);
        Self(Arc::new(shared))
    }

    pub(crate) fn make_queue(&self) -> LocalQueue<T> {
        self.0.is_made.store(true, Ordering::Relaxed);
        LocalQueue(Arc::clone(&self.0))
    }

    pub(crate) fn steal_into(&self, own: &LocalQueue<T>) -> Steal<T> {
        self.0.take_into(own)
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        self.0.take_one()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Injector<T> {
    pub(crate) fn new() -> Self {
        Self(Shared::new())
    }

    pub(crate) fn push(&self, item: T) {
        self.0.push(item);
    }

    pub(crate) fn steal_into(&self, own: &LocalQueue<T>) -> Steal<T> {
        self.0.take_into(own)
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        self.0.take_one()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.items.lock().len()
    }
}
