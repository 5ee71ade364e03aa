//! What a [`UdpSocket`] receives.
//!
//! Every method takes one datagram. What does not fit into the buffer is cut off by the system and
//! gone; a buffer of 65,535 bytes holds any datagram.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use socket2::{SockAddr, SockRef};
use tokio::io::ReadBuf;

use crate::net::fill;
use crate::registration::Direction;
use crate::{Interest, sys};

use super::UdpSocket;

impl UdpSocket {
    /// Receives a datagram from the peer to which the socket is [connected](Self::connect), and
    /// returns its length.
    ///
    /// A datagram longer than `buf` is cut off.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no datagram has been taken.
    ///
    /// # Errors
    ///
    /// The system's: among others [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), when an
    /// earlier datagram of ours found nobody.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| socket.recv(buf))
            .await
    }

    /// Polls for a datagram of the connected peer and appends it to `buf`.
    ///
    /// Of several tasks that poll to receive only the last is woken.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| fill::recv(socket, buf))
            .map_ok(drop)
    }

    /// Receives a datagram of the connected peer, if one is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; those of [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// Receives a datagram of the connected peer into the free room of `buf`, and moves its cursor.
    ///
    /// The room is what `buf` offers by itself: make enough of it before the call, or the datagram
    /// is cut off.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no datagram has been taken.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub async fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| fill::recv_buf(socket, buf))
            .await
    }

    /// Receives a datagram of the connected peer into the free room of `buf`, if one is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; those of [`recv`](Self::recv).
    pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| fill::recv_buf(socket, buf))
    }

    /// Receives a datagram, and returns its length and its sender.
    ///
    /// A datagram longer than `buf` is cut off.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no datagram has been taken.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use mainspring::net::UdpSocket;
    ///
    /// # #[mainspring::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = UdpSocket::bind("127.0.0.1:8080").await?;
    /// let mut buf = vec![0; 65_535];
    /// let (n, sender) = socket.recv_from(&mut buf).await?;
    /// println!("{n} bytes from {sender}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .async_io(Interest::READABLE, |socket| sys::recv_from(socket, buf))
            .await
    }

    /// Polls for a datagram, appends it to `buf`, and returns its sender.
    ///
    /// Of several tasks that poll to receive only the last is woken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let sender = ready!(self.io.poll_io(cx, Direction::Read, |socket| {
            fill::recv_from(SockRef::from(socket), buf)
        }))?;
        Poll::Ready(internet(&sender))
    }

    /// Receives a datagram, if one is there, and returns its length and its sender.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |socket| sys::recv_from(socket, buf))
    }

    /// Receives a datagram into the free room of `buf`, and returns its length and its sender.
    ///
    /// The room is what `buf` offers by itself: make enough of it before the call, or the datagram
    /// is cut off.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no datagram has been taken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        let (n, sender) = self
            .io
            .async_io(Interest::READABLE, |socket| {
                fill::recv_buf_from(SockRef::from(socket), buf)
            })
            .await?;
        Ok((n, internet(&sender)?))
    }

    /// Receives a datagram into the free room of `buf`, if one is there, and returns its length and
    /// its sender.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        let (n, sender) = self.io.try_io(Interest::READABLE, |socket| {
            fill::recv_buf_from(SockRef::from(socket), buf)
        })?;
        Ok((n, internet(&sender)?))
    }
}

/// The sender's address, as a UDP socket knows only Internet ones.
pub(super) fn internet(addr: &SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the sender has no IPv4 or IPv6 address",
        )
    })
}
