//! Why there are no more events, and waiting when the selector is broken.

use std::io;
use std::time::Duration;

use crate::sync::{Condvar, Mutex, mutant};

/// Why every wait ends.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// The runtime has been shut down.
    Shutdown,
    /// The selector has failed.
    Failure {
        /// The kind of its error.
        kind: io::ErrorKind,
        /// Its error in words.
        message: String,
    },
}

impl End {
    pub(crate) fn failure(error: &io::Error) -> Self {
        Self::Failure {
            kind: error.kind(),
            message: error.to_string(),
        }
    }

    /// What a waiter gets.
    pub(crate) fn to_error(&self) -> io::Error {
        match self {
            Self::Shutdown => io::Error::other("the runtime has been shut down"),
            Self::Failure { kind, message } => {
                io::Error::new(*kind, format!("the I/O driver has failed: {message}"))
            }
        }
    }
}

/// Where the driver waits when it has failed: without events, but it can be unparked.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Whether the next wait is to end at once. Nothing is locked within it.
    is_unparked: Mutex<bool>,
    /// Notified when `is_unparked` is set.
    unparked: Condvar,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            is_unparked: Mutex::new(false),
            unparked: Condvar::new(),
        }
    }

    pub(crate) fn park(&self, timeout: Option<Duration>) {
        let mut is_unparked = self.is_unparked.lock();
        // A wake-up for no reason ends the wait, too; a turn may always end early.
        if !*is_unparked || mutant!("io: the bench is not looked at before the wait") {
            match timeout {
                None => self.unparked.wait(&mut is_unparked),
                Some(timeout) => {
                    self.unparked.wait_for(&mut is_unparked, timeout);
                }
            }
        }
        *is_unparked = false;
    }

    pub(crate) fn unpark(&self) {
        *self.is_unparked.lock() = !mutant!("io: an unpark of the bench leaves no mark");
        self.unparked.notify_all();
    }
}
