//! Accepting, and what to do with the errors of it.
//!
//! - Of one connection (its client has given up, the network has failed it): the next one is
//!   accepted.
//! - Of want (no file descriptors, no memory): the connection stays in the backlog, and the
//!   listener tries again when something may have been given back; see `accept/stall.rs`.
//! - Any other is the listener's own, and goes to the caller.
//!
//! Checked by: loom-tests/tests/models/accept.rs

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::Interest;
use crate::registration::{Direction, Registration};
use crate::sync::{Mutex, mutant};
use crate::sys::{self, Source};

mod stall;

use stall::Stall;

/// How many failed connections in a row are taken for accidents. An error that does not end may be
/// meant for the listener after all, and must not make it spin.
const FAILED_CONNECTIONS_MAX: u32 = 64;

/// A listener with its place in the driver.
#[derive(Debug)]
pub(crate) struct Acceptor<S: Source> {
    /// The socket, non-blocking.
    io: Registration<S>,
    /// Where a `poll_accept` stands that can accept nothing. Taken out to be polled; nothing is
    /// locked within it.
    stall: Mutex<Option<Pin<Box<Stall>>>>,
}

impl<S: Source> Acceptor<S> {
    pub(crate) fn new(io: Registration<S>) -> Self {
        Self {
            io,
            stall: Mutex::new(None),
        }
    }

    pub(crate) fn get_ref(&self) -> &S {
        self.io.get_ref()
    }

    pub(crate) fn into_inner(self) -> io::Result<S> {
        self.io.into_inner()
    }

    /// Waits for a connection. `attempt` accepts one, non-blocking, and registers it.
    pub(crate) async fn accept<C>(
        &self,
        attempt: impl Fn(&Registration<S>) -> io::Result<C>,
    ) -> io::Result<C> {
        let mut failed_connections = 0;
        let mut stall = None;
        let mut has_waited = false;
        loop {
            let result = self
                .io
                .async_io(Interest::READABLE, |_| attempt(&self.io))
                .await;
            match Outcome::of(result, &mut failed_connections) {
                Outcome::Done(result) => return result,
                Outcome::NextConnection => {}
                Outcome::Exhausted(error) => match stall.take() {
                    // The attempt after this sees what was closed before closes were noticed.
                    None => {
                        stall = Some(Stall::new(&self.io.handle()));
                        if mutant!("io: accept does not try again before it waits")
                            && let Some(at_once) = stall.take()
                        {
                            at_once.await;
                        }
                    }
                    Some(ready_soon) => {
                        self.note_stall(&error, !has_waited);
                        has_waited = true;
                        ready_soon.await;
                    }
                },
            }
        }
    }

    /// Polls for a connection, as [`accept`](Self::accept) waits for one.
    pub(crate) fn poll_accept<C>(
        &self,
        cx: &mut Context<'_>,
        attempt: impl Fn(&Registration<S>) -> io::Result<C>,
    ) -> Poll<io::Result<C>> {
        // Taken out, as polling runs the user's code. A second task that polls at the same time
        // makes one of its own.
        let kept = self.stall.lock().take();
        let has_waited = kept.is_some();
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
                Outcome::Exhausted(error) => {
                    let Some(mut waiting) = stall.take() else {
                        // The attempt after this sees what was closed before closes were noticed.
                        stall = Some(Box::pin(Stall::new(&self.io.handle())));
                        if mutant!("io: a polled accept does not try again before it waits")
                            && let Some(mut at_once) = stall.take()
                            && at_once.as_mut().poll(cx).is_pending()
                        {
                            return self.keep(at_once);
                        }
                        continue;
                    };
                    self.note_stall(&error, !has_waited);
                    if waiting.as_mut().poll(cx).is_pending() {
                        return self.keep(waiting);
                    }
                }
            }
        }
    }

    fn note_stall(&self, error: &io::Error, is_first: bool) {
        self.io.handle().shared.stalls().note(error, is_first);
    }

    fn keep<T>(&self, stall: Pin<Box<Stall>>) -> Poll<T> {
        let replaced = self.stall.lock().replace(stall);
        drop(replaced);
        Poll::Pending
    }
}

/// What to do after an attempt to accept.
enum Outcome<T> {
    /// The caller's turn.
    Done(io::Result<T>),
    /// This connection has failed; try the next one.
    NextConnection,
    /// There is something that others must give back first; the system's word for it.
    Exhausted(io::Error),
}

impl<T> Outcome<T> {
    fn of(result: io::Result<T>, failed_connections: &mut u32) -> Self {
        match result {
            Err(error) if sys::is_exhaustion(&error) => Self::Exhausted(error),
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

#[cfg(all(test, unix, not(mainspring_loom)))]
mod tests {
    use super::*;

    fn of(code: i32, failed_connections: &mut u32) -> Outcome<()> {
        Outcome::of(Err(io::Error::from_raw_os_error(code)), failed_connections)
    }

    #[test]
    fn errors_are_sorted_by_whom_they_concern() {
        for code in [
            libc::ECONNABORTED,
            libc::EINTR,
            libc::EPROTO,
            libc::ENETUNREACH,
        ] {
            assert!(
                matches!(of(code, &mut 0), Outcome::NextConnection),
                "{code}"
            );
        }
        for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert!(matches!(of(code, &mut 0), Outcome::Exhausted(_)), "{code}");
        }
        for code in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK] {
            assert!(matches!(of(code, &mut 0), Outcome::Done(Err(_))), "{code}");
        }
    }

    #[test]
    fn connections_that_fail_for_ever_are_the_listeners_error() {
        let mut failed = 0;
        for _ in 0..FAILED_CONNECTIONS_MAX {
            assert!(matches!(
                of(libc::EPERM, &mut failed),
                Outcome::NextConnection
            ));
        }
        assert!(matches!(
            of(libc::EPERM, &mut failed),
            Outcome::Done(Err(_))
        ));
    }
}
