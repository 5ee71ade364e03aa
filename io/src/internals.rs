//! The protocols, laid open for the models of `loom-tests`. Only under `mainspring_loom`.
//!
//! Each type wraps one that the crate uses and forwards to it; no logic lives here.
#![expect(missing_debug_implementations, reason = "used by models only")]

use std::future::Future;
use std::io;
use std::task::{Poll, Waker};

use crate::closes;
use crate::end::End;
use crate::readiness;
use crate::shared;
use crate::source_state::{self, Direction};
use crate::sync::Arc;
use crate::wake::wake_all;
use crate::{Handle, Ready};

pub use sockets::{Listener, Socket};

mod sockets;

/// What the driver knows of a source.
#[derive(Clone)]
pub struct Source(Arc<source_state::SourceState>);

/// One reading of a source's readiness.
#[derive(Clone, Copy)]
pub struct Observed(readiness::Observed);

/// The place of a future that waits.
#[derive(Default)]
pub struct WaiterKey(Option<source_state::WaiterKey>);

impl Observed {
    pub fn states(self) -> Ready {
        self.0.states()
    }

    pub fn has_ended(self) -> bool {
        self.0.has_ended()
    }
}

impl Source {
    /// `armed` is what the system reports without being asked.
    pub fn new(ready: Ready, armed: Ready) -> Self {
        Self(Arc::new(source_state::SourceState::new(ready, armed)))
    }

    pub fn observe(&self) -> Observed {
        Observed(self.0.observe())
    }

    pub fn clear(&self, observed: Observed, states: Ready) {
        self.0.clear(observed.0, states);
    }

    /// Nobody waits; `ask` arms the source.
    pub fn ask(&self, states: Ready, ask: impl FnOnce(Ready)) {
        let armed = |states| {
            ask(states);
            Ok(())
        };
        self.0.ask(states, armed).expect("arming does not fail");
    }

    /// Waits in the slot of one direction; `ask` arms the source.
    pub fn poll_writable(&self, waker: &Waker, ask: impl FnOnce(Ready)) -> Poll<Observed> {
        self.poll_direction(waker, Direction::Write, ask)
    }

    /// The same in the other direction.
    pub fn poll_readable(&self, waker: &Waker) -> Poll<Observed> {
        self.poll_readable_asking(waker, |_| {})
    }

    pub fn poll_readable_asking(&self, waker: &Waker, ask: impl FnOnce(Ready)) -> Poll<Observed> {
        self.poll_direction(waker, Direction::Read, ask)
    }

    fn poll_direction(
        &self,
        waker: &Waker,
        direction: Direction,
        ask: impl FnOnce(Ready),
    ) -> Poll<Observed> {
        let armed = |states| {
            ask(states);
            Ok(())
        };
        let polled = self.0.poll_direction(waker, direction, armed);
        polled.map(|observed| Observed(observed.expect("arming does not fail")))
    }

    /// Waits in the list.
    pub fn poll_future(&self, waker: &Waker, mask: Ready, key: &mut WaiterKey) -> Poll<Observed> {
        let polled = self.0.poll_future(waker, mask, &mut key.0, |_| Ok(()));
        polled.map(|observed| Observed(observed.expect("arming does not fail")))
    }

    pub fn cancel(&self, key: &mut WaiterKey) {
        self.0.cancel(&mut key.0);
    }

    /// What the driver does with an event.
    pub fn event(&self, states: Ready, is_oneshot: bool) {
        let mut wakers = Vec::new();
        self.0.event(states, is_oneshot, &mut wakers);
        wake_all(&mut wakers);
    }
}

/// What the driver, its handles and all registrations share.
#[derive(Clone)]
pub struct Shared(Arc<shared::Shared>);

impl Shared {
    pub fn new() -> Self {
        let shared = shared::Shared::new();
        Self(Arc::new(
            shared.expect("a model's driver needs nothing of the system"),
        ))
    }

    /// That of the current driver.
    pub fn current() -> Self {
        Self(Handle::current().shared)
    }

    pub fn insert(&self, source: &Source) -> io::Result<()> {
        self.0.insert(Arc::clone(&source.0)).map(drop)
    }

    pub fn shutdown(&self) {
        self.0.end(End::Shutdown);
    }

    pub fn end_error(&self) -> io::Error {
        self.0.end_error()
    }

    pub fn fail(&self) {
        self.0.fail(&io::Error::other("broken on purpose"));
    }

    pub fn has_failed(&self) -> bool {
        self.0.has_failed()
    }

    pub fn has_sources(&self) -> bool {
        self.0.has_sources()
    }

    /// How many sources the system has.
    pub fn registered(&self) -> usize {
        self.0.selector.sources()
    }

    pub fn closes(&self) -> Closes {
        Closes(Arc::clone(self.0.closes()))
    }

    pub fn park_on_bench(&self) {
        self.0.park_on_bench(None);
    }

    pub fn unpark(&self) {
        self.0.unpark();
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

/// Waiting for a socket to be closed.
pub struct Closes(Arc<closes::Closes>);

impl Closes {
    pub fn new() -> Self {
        Self(Arc::new(closes::Closes::new()))
    }

    pub fn announce(&self) {
        self.0.announce();
    }

    pub fn wait(&self) -> impl Future<Output = ()> + use<> {
        self.0.wait()
    }
}

impl Default for Closes {
    fn default() -> Self {
        Self::new()
    }
}
