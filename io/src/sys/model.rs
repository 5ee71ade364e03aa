//! The selector of builds under loom, which has no sources: it waits for an unpark and nothing else.
//!
//! A socket's events come from the operating system, which no model can run. So none can be
//! registered, and the error says what a model uses instead.

use std::any::type_name_of_val;
use std::io;
use std::time::Duration;

use super::Source;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, variant};
use crate::{Interest, Ready};

/// Waits for an unpark.
#[derive(Debug)]
pub(crate) struct Selector {
    /// Whether the next wait is to end at once. Nothing is locked within it.
    is_unparked: Mutex<bool>,
    /// Notified when `is_unparked` is set.
    unparked: Condvar,
    /// How many sources are registered, where a model makes some that have no system.
    sources: AtomicUsize,
}

/// The events of a turn: there never are any.
pub(crate) struct Events;

impl Selector {
    #[expect(clippy::unnecessary_wraps, reason = "the systems' selectors may fail")]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            is_unparked: Mutex::new(false),
            unparked: Condvar::new(),
            sources: AtomicUsize::new(0),
        })
    }

    /// Refuses the source, but in the models of registrations, whose sources have no system.
    ///
    /// # Safety
    ///
    /// None is needed here; the systems' selectors ask that the source be deleted before it is closed.
    pub(crate) unsafe fn add(
        &self,
        source: &impl Source,
        _key: usize,
        _interest: Interest,
    ) -> io::Result<()> {
        if variant!("io: there are sources") {
            self.sources.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "`{}` cannot be registered in a build under loom: a model has no operating system, \
                 so `TcpListener::bind`, `TcpStream::connect`, `UdpSocket::bind`, `UnixStream` and \
                 `AsyncFd::new` are not to be had in one. Write the code under test for any \
                 `AsyncRead + AsyncWrite`, and give it a `mainspring::loom::io::duplex` there",
                type_name_of_val(source)
            ),
        ))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the systems' selectors may fail")]
    pub(crate) fn delete(&self, _source: &impl Source) -> io::Result<()> {
        self.sources.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// How many sources are registered.
    pub(crate) fn sources(&self) -> usize {
        self.sources.load(Ordering::Relaxed)
    }

    /// Whether a source may be added for a part of what will be waited for: not here.
    #[expect(clippy::unused_self, reason = "as the systems' selectors")]
    pub(crate) const fn arms_late(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as the systems' selectors")]
    pub(crate) fn is_oneshot(&self) -> bool {
        false
    }

    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as the systems' selectors"
    )]
    pub(crate) fn arm(&self, _source: &impl Source, _key: usize, _states: Ready) -> io::Result<()> {
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "as the systems' selectors")]
    pub(crate) fn short_count_drains(&self) -> bool {
        false
    }

    /// Waits for an unpark. A model has no clock of its own: of the time-outs only zero counts, and
    /// what another one would end is ended by whoever moves the virtual clock.
    #[expect(clippy::unnecessary_wraps, reason = "the systems' selectors may fail")]
    pub(crate) fn wait(&self, _events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let mut is_unparked = self.is_unparked.lock();
        while !*is_unparked && timeout != Some(Duration::ZERO) {
            self.unparked.wait(&mut is_unparked);
        }
        *is_unparked = false;
        Ok(())
    }

    /// Ends the present wait, or the next one.
    pub(crate) fn unpark(&self) {
        *self.is_unparked.lock() = true;
        self.unparked.notify_all();
    }
}

impl Events {
    pub(crate) fn new() -> Self {
        Self
    }

    /// None.
    #[expect(clippy::unused_self, reason = "as the systems' selectors")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Ready)> {
        std::iter::empty()
    }
}
