//! What several models are made of.

use std::collections::VecDeque;
use std::sync::Arc as StdArc;
use std::task::Wake;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use mainspring_executor::internals::task::{Entry, Schedule};

/// A queue that any thread may run.
#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<Mutex<VecDeque<Entry>>>);

impl Queue {
    pub(crate) fn push(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap();
        entries.push_back(entry);
        assert_eq!(entries.len(), 1, "a task has two entries");
    }

    pub(crate) fn pop(&self) -> Option<Entry> {
        self.0.lock().unwrap().pop_front()
    }

    /// Runs what is there.
    pub(crate) fn run(&self) {
        while let Some(entry) = self.pop() {
            entry.run();
        }
    }
}

impl Schedule for Queue {
    fn schedule(&self, entry: Entry) {
        self.push(entry);
    }

    fn reschedule(&self, entry: Entry) {
        self.push(entry);
    }
}

/// Two signals, each written before a wake and by itself no ordering at all.
#[derive(Default)]
pub(crate) struct Signals([AtomicBool; 2]);

impl Signals {
    pub(crate) fn send(&self, which: usize) {
        self.0[which].store(true, Ordering::Relaxed);
    }

    pub(crate) fn has(&self, which: usize) -> bool {
        self.0[which].load(Ordering::Relaxed)
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicUsize);

impl Bell {
    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
