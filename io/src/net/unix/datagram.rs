//! [`UnixDatagram`].
//!
//! The type, its making and its readiness are here; what it sends is in `datagram/send.rs` and
//! `datagram/room.rs`, what it receives in `datagram/recv.rs`.
//!
//! Readiness is cleared only by a `WouldBlock`: a datagram shorter than the buffer says nothing
//! about the next one, so the short-count rule of the streams does not hold here.

use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};
use std::{fmt, io};

use crate::registration::{Direction, Registration};
use crate::{Handle, Interest, Ready};

use super::SocketAddr;

mod recv;
mod room;
mod send;

/// A Unix socket for messages that keep their bounds and, within one machine, their order.
///
/// A socket that is not [bound](Self::bind) can send, but nobody can answer it. Every method takes
/// `&self`, so an [`Arc`](std::sync::Arc) round the socket can be shared by any number of tasks.
///
/// Other than UDP, nothing is dropped: a sender waits for room at the receiver.
///
/// # Examples
///
/// ```no_run
/// use mainspring::net::UnixDatagram;
///
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let (one, other) = UnixDatagram::pair()?;
/// one.send(b"hello").await?;
/// let mut buf = [0; 16];
/// let n = other.recv(&mut buf).await?;
/// assert_eq!(&buf[..n], b"hello");
/// # Ok(())
/// # }
/// ```
pub struct UnixDatagram {
    /// The socket, non-blocking, with its place in the driver.
    io: Registration<net::UnixDatagram>,
}

impl UnixDatagram {
    /// Binds a new socket to `path`.
    ///
    /// The path stays in the file system when the socket is dropped.
    ///
    /// # Errors
    ///
    /// The system's: among others [`AddrInUse`](io::ErrorKind::AddrInUse), when there is a file of
    /// that name.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let addr = SocketAddr::for_path(path.as_ref())?;
        // Before the system makes the file, which would stay behind a panic.
        let handle = Self::handle();
        Self::on(&handle, net::UnixDatagram::bind_addr(&addr.0)?)
    }

    /// Makes two sockets that are connected to each other and have no address.
    ///
    /// # Errors
    ///
    /// The system's, as when too many files are open.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        let handle = Self::handle();
        let (one, other) = net::UnixDatagram::pair()?;
        Ok((Self::on(&handle, one)?, Self::on(&handle, other)?))
    }

    /// Makes a socket that has no address.
    ///
    /// # Errors
    ///
    /// The system's, as when too many files are open.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn unbound() -> io::Result<Self> {
        let handle = Self::handle();
        Self::on(&handle, net::UnixDatagram::unbound()?)
    }

    /// Takes over a socket of the standard library.
    ///
    /// The socket is set to non-blocking, as a blocking one would stop its thread.
    ///
    /// # Errors
    ///
    /// When the socket cannot be set to non-blocking or the driver cannot watch it.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn from_std(datagram: net::UnixDatagram) -> io::Result<Self> {
        Self::on(&Self::handle(), datagram)
    }

    /// The runtime of a new socket; a panic outside one.
    #[track_caller]
    pub(super) fn handle() -> Handle {
        Handle::current_for("UnixDatagram")
    }

    pub(super) fn on(handle: &Handle, datagram: net::UnixDatagram) -> io::Result<Self> {
        datagram.set_nonblocking(true)?;
        Ok(Self {
            io: Registration::new(handle, datagram)?,
        })
    }

    /// Takes the socket out of the runtime. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// When the driver cannot let go of the socket.
    pub fn into_std(self) -> io::Result<net::UnixDatagram> {
        self.io.into_inner()
    }

    /// Fixes the peer: from now on [`send`](Self::send) sends to it, and only its datagrams are
    /// received.
    ///
    /// # Errors
    ///
    /// The system's: among others [`NotFound`](io::ErrorKind::NotFound), when there is no such
    /// path, and [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), when nobody is bound to
    /// it any more.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        let addr = SocketAddr::for_path(path.as_ref())?;
        self.io.get_ref().connect_addr(&addr.0)
    }

    /// The address to which the socket is bound.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr().map(SocketAddr)
    }

    /// The peer to which the socket is connected.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), when it is connected to none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr().map(SocketAddr)
    }

    /// Takes the error that the system keeps for the socket, if there is one.
    ///
    /// # Errors
    ///
    /// When the system cannot tell.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// Ends receiving, sending or both, for this end and for its peer.
    ///
    /// Sending fails from then on. Receiving gives what waits already; after that it waits, as the
    /// system says of an empty queue that ended no more than that it is empty.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    /// Waits until the socket is ready for something of `interest`, and says for what.
    ///
    /// The answer may be stale by the time the socket is used, so follow it by a `try_` method and
    /// wait again on [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped: readiness stays until an operation finds none.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.readiness(interest).await
    }

    /// Waits until something can be received.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until something can be sent.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls whether something can be received.
    ///
    /// Of several tasks that poll a socket in this direction only the last is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read)
    }

    /// Polls whether something can be sent.
    ///
    /// Of several tasks that poll a socket in this direction only the last is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write)
    }

    /// Runs `operation` if the socket seems ready for `interest`, and forgets the readiness if the
    /// operation finds that it is not.
    ///
    /// For system calls that this type does not offer, as the passing of file descriptors. The
    /// operation must use this very socket, must not block, and must return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) only when the socket said so; otherwise the next
    /// wait may never end.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when the socket is not ready; the operation's
    /// own.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, |_| operation())
    }

    /// Runs `operation` when the socket is ready for `interest`, and again as often as it returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// The operation must obey the rules of [`try_io`](Self::try_io).
    ///
    /// # Cancel safety
    ///
    /// The operation runs only inside of a poll; whether it lost something when the future is
    /// dropped between two runs is its own affair.
    ///
    /// # Errors
    ///
    /// The operation's, or that the runtime has been shut down.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.async_io(interest, |_| operation()).await
    }
}

impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// As [`UnixDatagram::from_std`].
    fn try_from(datagram: net::UnixDatagram) -> io::Result<Self> {
        Self::from_std(datagram)
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}
