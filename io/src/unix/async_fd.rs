//! [`AsyncFd`].

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};
use std::{fmt, io};

use crate::registration::{Direction, Registration};
use crate::{Handle, Interest, Ready};

use super::lent::Lent;
use super::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError};

/// A value that has a file descriptor, and whose readiness can be waited for.
///
/// It is for what has no type of its own in this crate: pipes, timers, devices, sockets of other
/// libraries. The descriptor must be non-blocking. Regular files cannot be waited for; they are
/// always ready, and yet they block.
///
/// # How to use it
///
/// Wait by [`readable`](Self::readable) or [`writable`](Self::writable), and make the operation by
/// the guard's [`try_io`](AsyncFdReadyGuard::try_io), which notices when it would have blocked;
/// then wait again. [`async_io`](Self::async_io) does all this.
///
/// The system reports a change once: do not wait again before an operation has told you
/// [`WouldBlock`](io::ErrorKind::WouldBlock).
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// use mainspring::io::Interest;
/// use mainspring::io::unix::AsyncFd;
///
/// async fn receive(socket: &AsyncFd<std::net::UdpSocket>, buf: &mut [u8]) -> std::io::Result<usize> {
///     socket.async_io(Interest::READABLE, |socket| socket.recv(buf)).await
/// }
/// # }
/// ```
pub struct AsyncFd<T: AsRawFd> {
    /// The value, with its place in the driver.
    io: Registration<Lent<T>>,
}

impl<T: AsRawFd> AsyncFd<T> {
    /// Registers a value for reading and writing.
    ///
    /// # Errors
    ///
    /// The system's; mostly because this kind of file cannot be waited for.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn new(inner: T) -> io::Result<Self> {
        Ok(Self::try_new(inner)?)
    }

    /// Registers a value for the events of `interest` only. Others cannot be waited for.
    ///
    /// # Errors
    ///
    /// The system's; mostly because this kind of file cannot be waited for.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Ok(Self::try_with_interest(inner, interest)?)
    }

    /// As [`new`](Self::new), but gives the value back if it fails.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn try_new(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::try_with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// As [`with_interest`](Self::with_interest), but gives the value back if it fails.
    ///
    /// # Errors
    ///
    /// As [`with_interest`](Self::with_interest).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn try_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        let handle = Handle::current_for("AsyncFd");
        // Of an unknown kind of file nothing is believed: the system reports at once what is the
        // case.
        match Registration::with_handle(&handle, Lent(inner), interest, Ready::EMPTY) {
            Ok(io) => Ok(Self { io }),
            Err((Lent(inner), cause)) => Err(AsyncFdRegisterError::new(inner, cause)),
        }
    }

    /// The value.
    #[inline]
    pub fn get_ref(&self) -> &T {
        &self.io.get_ref().0
    }

    /// The value, by mutable reference. Its file descriptor must stay the same.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io.get_mut().0
    }

    /// Takes the value out of the driver, and gives it back.
    #[must_use = "the value is dropped otherwise"]
    pub fn into_inner(self) -> T {
        self.io.into_inner_anyway().0
    }

    /// Polls for something to read. Of the tasks that poll to read, the last one is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let observed = ready!(self.io.poll_observed(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(
            self,
            observed,
            Interest::READABLE,
        )))
    }

    /// As [`poll_read_ready`](Self::poll_read_ready), with a guard that gives mutable access.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let observed = ready!(self.io.poll_observed(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(
            self,
            observed,
            Interest::READABLE,
        )))
    }

    /// Polls for room to write. Of the tasks that poll to write, the last one is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let observed = ready!(self.io.poll_observed(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(
            self,
            observed,
            Interest::WRITABLE,
        )))
    }

    /// As [`poll_write_ready`](Self::poll_write_ready), with a guard that gives mutable access.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let observed = ready!(self.io.poll_observed(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(
            self,
            observed,
            Interest::WRITABLE,
        )))
    }

    /// Waits until the descriptor is ready for something of `interest`. Any number of tasks may
    /// wait at once.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let observed = self.io.observed(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, observed, interest))
    }

    /// As [`ready`](Self::ready), with a guard that gives mutable access.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let observed = self.io.observed(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, observed, interest))
    }

    /// Waits until something can be read, or the end has come.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// As [`readable`](Self::readable), with a guard that gives mutable access.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until something can be written.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// As [`writable`](Self::writable), with a guard that gives mutable access.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Makes `operation` as soon as it does not block.
    ///
    /// `operation` must return [`WouldBlock`](io::ErrorKind::WouldBlock) if, and only if, the
    /// descriptor would block: it is then called again when the descriptor is ready.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing half done, unless the operation does.
    ///
    /// # Errors
    ///
    /// The operation's; when the runtime has been shut down.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.async_io(interest, |lent| operation(&lent.0)).await
    }

    /// As [`async_io`](Self::async_io), with mutable access.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing half done, unless the operation does.
    ///
    /// # Errors
    ///
    /// The operation's; when the runtime has been shut down.
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let mut guard = self.ready_mut(interest).await?;
            if let Ok(result) = guard.try_io(|async_fd| operation(async_fd.get_mut())) {
                return result;
            }
        }
    }

    /// Makes `operation` if the descriptor is believed ready for `interest`.
    ///
    /// `operation` must return [`WouldBlock`](io::ErrorKind::WouldBlock) if, and only if, the
    /// descriptor would block: the belief is dropped then.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when it is not ready; the operation's; when the
    /// runtime has been shut down.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, |lent| operation(&lent.0))
    }

    /// As [`try_io`](Self::try_io), with mutable access.
    ///
    /// # Errors
    ///
    /// As [`try_io`](Self::try_io).
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io_mut(interest, |lent| operation(&mut lent.0))
    }

    pub(super) fn registration(&self) -> &Registration<Lent<T>> {
        &self.io
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd")
            .field("inner", self.get_ref())
            .finish()
    }
}
