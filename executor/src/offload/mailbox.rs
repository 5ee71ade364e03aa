//! Where a thread of the pool finds what it is to do next.
//!
//! Checked by: loom-tests/tests/models/offload.rs

use std::time::Instant;

use crate::sync::{Condvar, Mutex, mutant};

/// The letter box of one thread. Whoever has claimed the thread puts one letter in.
#[derive(Debug)]
pub(crate) struct Mailbox<J> {
    /// The letter. The lock is held to put it in or to take it out.
    letter: Mutex<Letter<J>>,
    /// Rung when there is one, if the thread sleeps.
    arrived: Condvar,
}

/// What the lock protects.
#[derive(Debug)]
struct Letter<J> {
    /// The mail, until it is taken out.
    mail: Option<Mail<J>>,
    /// Whether the thread sleeps: to ring for one that looks around is a system call for nothing.
    sleeps: bool,
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
            letter: Mutex::new(Letter {
                mail: None,
                sleeps: false,
            }),
            arrived: Condvar::new(),
        }
    }

    pub(crate) fn put(&self, mail: Mail<J>) {
        let sleeps = {
            let mut letter = self.letter.lock();
            letter.mail = Some(mail);
            letter.sleeps
        };
        if sleeps && !mutant!("offload: mail rings no bell") {
            self.arrived.notify_one();
        }
    }

    /// Takes the letter back, or out, if there is one.
    pub(crate) fn take(&self) -> Option<Mail<J>> {
        self.letter.lock().mail.take()
    }

    /// Waits for the letter.
    pub(crate) fn wait(&self) -> Mail<J> {
        let mut letter = self.letter.lock();
        loop {
            if let Some(mail) = letter.mail.take() {
                letter.sleeps = false;
                return mail;
            }
            letter.sleeps = !mutant!("offload: who sleeps does not say so");
            self.arrived.wait(&mut letter);
        }
    }

    /// Waits for the letter until then.
    pub(crate) fn wait_until(&self, until: Instant) -> Option<Mail<J>> {
        let mut letter = self.letter.lock();
        let mut in_time = true;
        loop {
            if letter.mail.is_some() || !in_time {
                letter.sleeps = false;
                // After the time is over a hint: a letter that were left here would be found by the wait
                // of a thread that may not retire.
                return letter.mail.take();
            }
            letter.sleeps = true;
            in_time = !self.arrived.wait_until(&mut letter, until).timed_out();
        }
    }
}
