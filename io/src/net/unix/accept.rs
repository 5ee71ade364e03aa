//! Accepting, and what to do with the errors of it.
//!
//! - Of one connection (its client has given up): the next one is accepted.
//! - Of want (no file descriptors, no memory): the connection stays in the backlog until a socket
//!   of this runtime is closed, or for a moment. Giving the error to the caller instead, as tokio
//!   does, makes loops that accept spin at full speed, and those that end at an error end.
//! - Any other is the listener's own, and goes to the caller.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::closes::Closed;
use crate::registration::{Direction, Registration};
use crate::sync::Mutex;
use crate::sys::{self, Source};
use crate::{Handle, Interest};

/// How long until the next attempt when no socket of this runtime is closed: descriptors are also
/// given back by files, and by other processes. Twenty failing calls a second are no load.
const RETRY: Duration = Duration::from_millis(50);

/// How many failed connections in a row are taken for accidents. An error that does not end may be
/// meant for the listener after all, and must not make it spin.
const FAILED_CONNECTIONS_MAX: u32 = 64;

/// A listener with its place in the driver.
#[derive(Debug)]
pub(super) struct Acceptor<S: Source> {
    /// The socket, non-blocking.
    io: Registration<S>,
    /// Where a `poll_accept` stands that can accept nothing. Taken out to be polled; nothing is
    /// locked within it.
    stall: Mutex<Option<Pin<Box<Stall>>>>,
}

impl<S: Source> Acceptor<S> {
    pub(super) fn new(io: Registration<S>) -> Self {
        Self {
            io,
            stall: Mutex::new(None),
        }
    }

    pub(super) fn get_ref(&self) -> &S {
        self.io.get_ref()
    }

    pub(super) fn into_inner(self) -> io::Result<S> {
        self.io.into_inner()
    }

    /// Waits for a connection. `attempt` accepts one, non-blocking, and registers it.
    pub(super) async fn accept<C>(
        &self,
        attempt: impl Fn(&Registration<S>) -> io::Result<C>,
    ) -> io::Result<C> {
        let mut failed_connections = 0;
        let mut stall = None;
        loop {
            let result = self
                .io
                .async_io(Interest::READABLE, |_| attempt(&self.io))
                .await;
            match Outcome::of(result, &mut failed_connections) {
                Outcome::Done(result) => return result,
                Outcome::NextConnection => {}
                Outcome::Exhausted => match stall.take() {
                    // The attempt after this sees what was closed before closes were noticed.
                    None => stall = Some(Stall::new(&self.io.handle())),
                    Some(ready_soon) => ready_soon.await,
                },
            }
        }
    }

    /// Polls for a connection, as [`accept`](Self::accept) waits for one.
    pub(super) fn poll_accept<C>(
        &self,
        cx: &mut Context<'_>,
        attempt: impl Fn(&Registration<S>) -> io::Result<C>,
    ) -> Poll<io::Result<C>> {
        // Taken out, as polling runs the user's code. A second task that polls at the same time
        // makes one of its own.
        let kept = self.stall.lock().take();
        if let Some(mut waiting) = kept {
            if waiting.as_mut().poll(cx).is_pending() {
                return self.keep(waiting);
            }
        }
        let mut failed_connections = 0;
        let mut stall = None;
        loop {
            let result = ready!(self.io.poll_io(cx, Direction::Read, |_| attempt(&self.io)));
            match Outcome::of(result, &mut failed_connections) {
                Outcome::Done(result) => return Poll::Ready(result),
                Outcome::NextConnection => {}
                Outcome::Exhausted => {
                    let Some(mut waiting) = stall.take() else {
                        // The attempt after this sees what was closed before closes were noticed.
                        stall = Some(Box::pin(Stall::new(&self.io.handle())));
                        continue;
                    };
                    if waiting.as_mut().poll(cx).is_pending() {
                        return self.keep(waiting);
                    }
                }
            }
        }
    }

    fn keep<T>(&self, stall: Pin<Box<Stall>>) -> Poll<T> {
        let replaced = self.stall.lock().replace(stall);
        drop(replaced);
        Poll::Pending
    }
}

/// What to do after an attempt to accept.
enum Outcome<C> {
    /// The caller's turn.
    Done(io::Result<C>),
    /// This connection has failed; try the next one.
    NextConnection,
    /// There is something that others must give back first.
    Exhausted,
}

impl<C> Outcome<C> {
    fn of(result: io::Result<C>, failed_connections: &mut u32) -> Self {
        match result {
            Err(error) if sys::is_exhaustion(&error) => Self::Exhausted,
            Err(error)
                if sys::is_of_one_connection(&error)
                    && *failed_connections < FAILED_CONNECTIONS_MAX =>
            {
                *failed_connections += 1;
                Self::NextConnection
            }
            result => Self::Done(result),
        }
    }
}

/// Ready when it is worth trying again.
struct Stall {
    /// A close since this was made.
    closed: Closed,
    /// The time, if the runtime has told how to wait for one.
    delay: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Stall {
    /// Closes are noticed from now on. Try once more before you wait.
    fn new(handle: &Handle) -> Self {
        Self {
            closed: handle.shared.closes().wait(),
            delay: handle.shared.delay().map(|delay| delay(RETRY)),
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

impl std::fmt::Debug for Stall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stall").finish_non_exhaustive()
    }
}
