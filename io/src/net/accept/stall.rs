//! What a listener does when it can accept nothing: waits for whatever comes first, a socket of
//! this runtime being closed, or a short time.
//!
//! The connection stays in the backlog meanwhile. Giving the error to the caller instead, as tokio
//! does, makes loops that accept spin at full speed, and those that end at an error end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::Handle;
use crate::closes::Closed;
use crate::delay::Delay;

/// How long until the next attempt when no socket of this runtime is closed: descriptors are also
/// given back by files, and by other processes. Twenty failing calls a second are no load.
const RETRY: Duration = Duration::from_millis(50);

/// Ready when it is worth trying again.
pub(super) struct Stall {
    /// A close since this was made.
    closed: Closed,
    /// The time, if the runtime has told how to wait for one.
    delay: Option<Delay>,
}

impl Stall {
    /// Closes are noticed from now on. Try once more before you wait.
    pub(super) fn new(handle: &Handle) -> Self {
        Self {
            closed: handle.shared.closes().wait(),
            delay: handle.shared.delay(RETRY),
        }
    }
}

impl Future for Stall {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Pin::new(&mut self.closed).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match &mut self.delay {
            Some(delay) => delay.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stall")
            .field("has_delay", &self.delay.is_some())
            .finish_non_exhaustive()
    }
}
