//! Panics that are meant, and are not printed.

use std::any::Any;
use std::panic;
use std::sync::Once;
use std::thread;

use crate::ledger::{Event, Ticket};

/// The payload of a panic that is meant.
struct Intended;

/// Panics when it is dropped, unless the thread panics already: a second panic would end the
/// process.
pub(crate) struct Bomb {
    ticket: Ticket,
    event: Event,
    is_armed: bool,
}

impl Bomb {
    /// A bomb for a future to hold.
    pub(crate) fn in_future(ticket: Ticket) -> Self {
        let event = Event::FutureDestructorPanics;
        Self {
            ticket,
            event,
            is_armed: true,
        }
    }

    /// A bomb for a future to return.
    pub(crate) fn in_output(ticket: Ticket) -> Self {
        let event = Event::OutputDestructorPanics;
        Self {
            ticket,
            event,
            is_armed: true,
        }
    }

    pub(crate) fn defuse(mut self) {
        self.is_armed = false;
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.is_armed && !thread::panicking() {
            self.ticket.note(self.event);
            go_off();
        }
    }
}

/// Panics, on purpose.
pub(crate) fn go_off() -> ! {
    panic::panic_any(Intended)
}

pub(crate) fn is_intended(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Intended>()
}

/// From now on the panics of this file are not printed. All others are.
pub(crate) fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_intended(info.payload()) {
                usual(info);
            }
        }));
    });
}
