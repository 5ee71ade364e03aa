//! [`UdpSocket`].
//!
//! The type, its making and its readiness are here. What goes out is in `udp/send.rs`, what comes
//! in in `udp/recv.rs` and `udp/peek.rs`, the options in `udp/options.rs`.
//!
//! Readiness is cleared only by a `WouldBlock`: a datagram shorter than the buffer says nothing
//! about the next one, so the short-count rule of the streams does not hold here.

use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::{fmt, io};

use crate::registration::{Direction, Registration};
use crate::{Handle, Interest, Ready};

use super::addr::ToSocketAddrs;
use super::lookup::try_each;

mod options;
mod peek;
mod recv;
mod send;

#[cfg(unix)]
mod fd;
#[cfg(windows)]
mod handle;

/// A UDP socket.
///
/// One socket talks to many peers: [`bind`](Self::bind) it, then use [`send_to`](Self::send_to) and
/// [`recv_from`](Self::recv_from). Or [`connect`](Self::connect) it to one peer, after which
/// [`send`](Self::send) and [`recv`](Self::recv) do without addresses, and what others send is not
/// received.
///
/// There is no `split`: every method takes `&self`, so an [`Arc`](std::sync::Arc) round the socket
/// can be shared by any number of tasks. Several tasks may receive at once; each datagram goes to
/// one of them.
///
/// # Examples
///
/// ```no_run
/// use mainspring::net::UdpSocket;
///
/// #[mainspring::main]
/// async fn main() -> std::io::Result<()> {
///     let socket = UdpSocket::bind("127.0.0.1:8080").await?;
///     let mut buf = [0; 1500];
///     loop {
///         let (n, peer) = socket.recv_from(&mut buf).await?;
///         socket.send_to(&buf[..n], peer).await?;
///     }
/// }
/// ```
pub struct UdpSocket {
    /// The socket, non-blocking, with its place in the driver.
    io: Registration<std::net::UdpSocket>,
}

impl UdpSocket {
    /// Binds a new socket to `addr`; port 0 lets the system choose one.
    ///
    /// When `addr` stands for several addresses they are tried in turn, and the first that can be
    /// bound is used.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no socket behind.
    ///
    /// # Errors
    ///
    /// Those of [`lookup_host`](super::lookup_host), and the system's error for the last address
    /// that was tried.
    ///
    /// # Panics
    ///
    /// When it is polled outside a runtime.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<Self> {
        let bind = |addr| {
            let handle = Handle::current_for("UdpSocket");
            Self::on(&handle, std::net::UdpSocket::bind(addr)?)
        };
        try_each(addr, bind).await
    }

    /// Takes over a socket of the standard library.
    ///
    /// The socket is set to non-blocking, as a blocking one would stop its thread. Make the socket
    /// by hand when options must be set before it is bound.
    ///
    /// # Errors
    ///
    /// When the socket cannot be set to non-blocking or the driver cannot watch it.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        Self::on(&Handle::current_for("UdpSocket"), socket)
    }

    fn on(handle: &Handle, socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let io = Registration::new(handle, socket)?;
        Ok(Self { io })
    }

    /// Takes the socket out of the runtime. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// When the driver cannot let go of the socket.
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        self.io.into_inner()
    }

    /// Fixes the peer: from now on [`send`](Self::send) sends to it, and only its datagrams are
    /// received.
    ///
    /// When `addr` stands for several addresses they are tried in turn. Nothing is sent, so this
    /// does not tell whether anybody is there.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the socket is connected either as before or to `addr`.
    ///
    /// # Errors
    ///
    /// Those of [`lookup_host`](super::lookup_host), and the system's error for the last address
    /// that was tried.
    pub async fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        try_each(addr, |addr| self.io.get_ref().connect(addr)).await
    }

    /// The address to which the socket is bound.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The peer to which the socket is connected.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected), when it is connected to none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Takes the error that the system keeps for the socket, if there is one.
    ///
    /// On a connected socket that is for instance the news that nobody listens at the other end.
    ///
    /// # Errors
    ///
    /// When the system cannot tell.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
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
    /// Of several tasks that poll a socket in this direction only the last is woken; share it
    /// through [`readable`](Self::readable) instead.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read)
    }

    /// Polls whether something can be sent.
    ///
    /// Of several tasks that poll a socket in this direction only the last is woken; share it
    /// through [`writable`](Self::writable) instead.
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
    /// For system calls that this type does not offer. The operation must use this very socket,
    /// must not block, and must return [`WouldBlock`](io::ErrorKind::WouldBlock) only when the
    /// socket said so; otherwise the next wait may never end.
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

impl TryFrom<std::net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// As [`UdpSocket::from_std`].
    fn try_from(socket: std::net::UdpSocket) -> io::Result<Self> {
        Self::from_std(socket)
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
