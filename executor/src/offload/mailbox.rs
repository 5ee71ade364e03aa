//! Where a thread of the pool finds what it is to do next.
//!
//! Checked by: loom-tests/tests/models/offload.rs

use std::time::Instant;

use crate::sync::{Condvar, Mutex, mutant};

/// The letter box of one thread. Whoever has claimed the thread puts one letter in.
#[derive(Debug)]
pub(crate) struct Mailbox<J> {
    /// The letter. The lock is held to put it in or to take it out.
    letter: Mutex<Option<Mail<J>>>,
    /// Rung when there is one.
    arrived: Condvar,
}

/// A letter.
#[derive(Debug)]
pub(crate) enum Mail<J> {
    /// Run this.
    Job(J),
    /// The pool has closed.
    End,
}

impl<J> Mailbox<J> {
    pub(super) fn new() -> Self {
        Self {
            letter: Mutex::new(None),
            arrived: Condvar::new(),
        }
    }

    pub(crate) fn put(&self, mail: Mail<J>) {
        *self.letter.lock() = Some(mail);
        if !mutant!("offload: mail rings no bell") {
            self.arrived.notify_one();
        }
    }

    /// Takes the letter back, or out, if there is one.
    pub(crate) fn take(&self) -> Option<Mail<J>> {
        self.letter.lock().take()
    }

    /// Waits for the letter.
    pub(crate) fn wait(&self) -> Mail<J> {
        let mut letter = self.letter.lock();
        loop {
            if let Some(mail) = letter.take() {
                return mail;
            }
            self.arrived.wait(&mut letter);
        }
    }

    /// Waits for the letter until then.
    pub(crate) fn wait_until(&self, until: Instant) -> Option<Mail<J>> {
        let mut letter = self.letter.lock();
        loop {
            if let Some(mail) = letter.take() {
                return Some(mail);
            }
            if self.arrived.wait_until(&mut letter, until).timed_out() {
                // A hint: a letter that were left here would be found by the wait of a thread that
                // may not retire.
                return letter.take();
            }
        }
    }
}
