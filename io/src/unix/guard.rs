//! The guards of an [`AsyncFd`]: a licence to say that it is not ready after all.
//!
//! A guard remembers the moment at which the descriptor was seen ready. Clearing has an effect only
//! if no event has come since, so that a readiness which the caller has not seen is never thrown
//! away.

use std::os::fd::AsRawFd;
use std::{fmt, io};

use crate::readiness::Observed;
use crate::registration::relied_on;
use crate::{Interest, Ready};

use super::{AsyncFd, TryIoError};

/// What was seen, and is still to be cleared.
#[derive(Debug)]
struct Seen {
    /// The moment.
    observed: Observed,
    /// What the descriptor was ready for, of what was asked for.
    ready: Ready,
    /// What was asked for.
    interest: Interest,
}

/// The descriptor is ready. If it proves not to be, the guard [clears](Self::clear_ready) that.
#[must_use = "unless the guard clears the readiness, waiting again ends at once"]
pub struct AsyncFdReadyGuard<'a, T: AsRawFd> {
    /// Whose readiness it is.
    async_fd: &'a AsyncFd<T>,
    /// What can be cleared.
    seen: Seen,
}

/// As [`AsyncFdReadyGuard`], with access to the value by mutable reference.
#[must_use = "unless the guard clears the readiness, waiting again ends at once"]
pub struct AsyncFdReadyMutGuard<'a, T: AsRawFd> {
    /// Whose readiness it is.
    async_fd: &'a mut AsyncFd<T>,
    /// What can be cleared.
    seen: Seen,
}

impl Seen {
    fn new(observed: Observed, interest: Interest) -> Self {
        Self {
            observed,
            ready: observed.states().satisfying(interest),
            interest,
        }
    }

    fn clear<T: AsRawFd>(&mut self, async_fd: &AsyncFd<T>, states: Ready) {
        async_fd
            .registration()
            .clear(self.observed, self.ready & states);
        self.ready = self.ready - states;
    }

    /// Whether an operation would have blocked. Then all is cleared that it disproves.
    fn has_blocked<T: AsRawFd, R>(
        &mut self,
        async_fd: &AsyncFd<T>,
        result: &io::Result<R>,
    ) -> bool {
        let has_blocked = matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        if has_blocked {
            self.clear(async_fd, relied_on(self.interest));
        }
        has_blocked
    }
}

/// The end of a stream is not cleared unless an operation has blocked in spite of it.
fn without_closed(ready: Ready) -> Ready {
    ready - Ready::READ_CLOSED - Ready::WRITE_CLOSED
}

impl<'a, T: AsRawFd> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(async_fd: &'a AsyncFd<T>, observed: Observed, interest: Interest) -> Self {
        Self {
            async_fd,
            seen: Seen::new(observed, interest),
        }
    }

    /// Says that the descriptor is not ready after all, so that one can wait for it again.
    ///
    /// Call it only when an operation has given [`WouldBlock`](io::ErrorKind::WouldBlock): the
    /// system does not report again what you have not used up. An event that has come since the
    /// guard was made is not cleared, nor is the end of a stream. [`try_io`](Self::try_io) calls it
    /// when it must be.
    pub fn clear_ready(&mut self) {
        self.seen.clear(self.async_fd, without_closed(Ready::ALL));
    }

    /// As [`clear_ready`](Self::clear_ready), for only some of what the descriptor was ready for.
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.seen.clear(self.async_fd, without_closed(ready));
    }

    /// Says that the descriptor is still ready. This is so by default.
    pub fn retain_ready(&mut self) {}

    /// What the descriptor was ready for when the guard was made, without what has been cleared.
    pub fn ready(&self) -> Ready {
        self.seen.ready
    }

    /// Makes an operation, and clears the readiness if it would have blocked.
    ///
    /// `operation` must return [`WouldBlock`](io::ErrorKind::WouldBlock) if, and only if, the
    /// descriptor would block.
    ///
    /// # Errors
    ///
    /// [`TryIoError`], when it would have blocked: wait again. Within, the operation's own result.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = operation(self.async_fd);
        if self.seen.has_blocked(self.async_fd, &result) {
            return Err(TryIoError::new());
        }
        Ok(result)
    }

    /// The [`AsyncFd`].
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.async_fd
    }

    /// The value in the [`AsyncFd`].
    pub fn get_inner(&self) -> &'a T {
        self.async_fd.get_ref()
    }
}

impl<'a, T: AsRawFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(
        async_fd: &'a mut AsyncFd<T>,
        observed: Observed,
        interest: Interest,
    ) -> Self {
        Self {
            async_fd,
            seen: Seen::new(observed, interest),
        }
    }

    /// As [`AsyncFdReadyGuard::clear_ready`].
    pub fn clear_ready(&mut self) {
        self.seen.clear(self.async_fd, without_closed(Ready::ALL));
    }

    /// As [`AsyncFdReadyGuard::clear_ready_matching`].
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.seen.clear(self.async_fd, without_closed(ready));
    }

    /// Says that the descriptor is still ready. This is so by default.
    pub fn retain_ready(&mut self) {}

    /// What the descriptor was ready for when the guard was made, without what has been cleared.
    pub fn ready(&self) -> Ready {
        self.seen.ready
    }

    /// As [`AsyncFdReadyGuard::try_io`].
    ///
    /// # Errors
    ///
    /// [`TryIoError`], when it would have blocked: wait again. Within, the operation's own result.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        let result = operation(self.async_fd);
        if self.seen.has_blocked(self.async_fd, &result) {
            return Err(TryIoError::new());
        }
        Ok(result)
    }

    /// The [`AsyncFd`].
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.async_fd
    }

    /// The [`AsyncFd`], by mutable reference.
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// The value in the [`AsyncFd`].
    pub fn get_inner(&self) -> &T {
        self.async_fd.get_ref()
    }

    /// The value in the [`AsyncFd`], by mutable reference.
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.async_fd.get_mut()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFdReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyGuard")
            .field("async_fd", &self.async_fd)
            .field("ready", &self.seen.ready)
            .finish_non_exhaustive()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFdReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyMutGuard")
            .field("async_fd", &self.async_fd)
            .field("ready", &self.seen.ready)
            .finish_non_exhaustive()
    }
}
