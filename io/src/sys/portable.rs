//! The selector of every system that `polling` knows.
//!
//! Where `polling` offers edge-triggered events (kqueue, epoll), a source is added once. Elsewhere
//! (IOCP, event ports, `poll`) an event disarms its source, and whoever waits arms it again; arming
//! reports also what is already the case.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use polling::{Event, PollMode, Poller};

use super::{Source, raw_source};
use crate::{Interest, Ready};

/// How many events one turn takes at most; the rest waits for the next. Not measured.
const EVENTS_MAX: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// Registers sources, and waits for their events.
#[derive(Debug)]
pub(crate) struct Selector {
    /// The system's object.
    poller: Poller,
}

/// The events of a turn.
pub(crate) struct Events {
    /// As `polling` wrote them.
    list: polling::Events,
}

impl Selector {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
        })
    }

    /// Adds a source, whose events will have `key`. If events disarm it, it begins disarmed.
    ///
    /// # Safety
    ///
    /// The source must be [deleted](Self::delete) before it is closed.
    pub(crate) unsafe fn add(
        &self,
        source: &impl Source,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let (event, mode) = if self.is_oneshot() {
            (Event::none(key), PollMode::Oneshot)
        } else {
            (edge_event(key, interest), PollMode::Edge)
        };
        // SAFETY: that the source is deleted before it is closed is what our own caller promises.
        unsafe { self.poller.add_with_mode(raw_source(source), event, mode) }
    }

    pub(crate) fn delete(&self, source: &impl Source) -> io::Result<()> {
        self.poller.delete(source)
    }

    /// Whether a source may be added for a part of what will be waited for: not here.
    pub(crate) const fn arms_late(&self) -> bool {
        false
    }

    /// Whether an event of a source disarms it.
    pub(crate) fn is_oneshot(&self) -> bool {
        !self.poller.supports_edge()
    }

    /// Asks for the next event of a disarmed source: one of `states`.
    pub(crate) fn arm(&self, source: &impl Source, key: usize, states: Ready) -> io::Result<()> {
        // Not `is_readable()`: who waits for priority data alone also waits for the end, which
        // needs no asking.
        let readable = states.contains(Ready::READABLE);
        let mut event = Event::new(key, readable, states.contains(Ready::WRITABLE));
        event.set_priority(states.is_priority());
        self.poller
            .modify_with_mode(source, event, PollMode::Oneshot)
    }

    /// Whether a read that gave less than was asked for proves that the next event will be
    /// reported.
    ///
    /// It does when the source is armed anew, which reports also the end of a stream that came with
    /// the data. An edge-triggered event does not tell of the end (see `epoll.rs`), so there only a
    /// `WouldBlock` proves it.
    pub(crate) fn short_count_drains(&self) -> bool {
        self.is_oneshot()
    }

    /// Waits for events, at most for `timeout`.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.list.clear();
        self.poller.wait(&mut events.list, timeout)?;
        Ok(())
    }

    /// Ends the present wait, or the next one.
    pub(crate) fn unpark(&self) {
        // It can only fail when the system's object is broken, and then no wait lasts.
        let _ = self.poller.notify();
    }
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            list: polling::Events::with_capacity(EVENTS_MAX),
        }
    }

    /// The keys and states of the sources that had events.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Ready)> {
        self.list.iter().map(|event| (event.key, states(&event)))
    }
}

fn edge_event(key: usize, interest: Interest) -> Event {
    let mut event = Event::new(key, interest.is_readable(), interest.is_writable());
    event.set_priority(interest.is_priority());
    event
}

fn states(event: &Event) -> Ready {
    let mut states = Ready::EMPTY;
    if event.readable {
        states |= Ready::READABLE;
    }
    if event.writable {
        states |= Ready::WRITABLE;
    }
    if event.is_priority() {
        states |= Ready::PRIORITY | Ready::READABLE;
    }
    if event.is_interrupt() {
        states |= Ready::READABLE | Ready::READ_CLOSED | Ready::WRITABLE | Ready::WRITE_CLOSED;
    }
    if event.is_err() == Some(true) {
        states |= Ready::ERROR | Ready::READABLE | Ready::WRITABLE;
    }
    states
}
