//! What a [`UnixDatagram`] receives.
//!
//! Every method takes one datagram. What does not fit into the buffer is cut off by the system and
//! gone.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use socket2::SockRef;
use tokio::io::ReadBuf;

use crate::Interest;
use crate::net::fill;
use crate::net::unix::SocketAddr;
use crate::registration::Direction;

use super::UnixDatagram;

impl UnixDatagram {
    /// Receives a datagram, and returns its length.
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
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| socket.recv(buf))
            .await
    }

    /// Polls for a datagram and appends it to `buf`.
    ///
    /// Of several tasks that poll to receive only the last is woken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| fill::recv(socket, buf))
            .map_ok(drop)
    }

    /// Receives a datagram, if one is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.recv(buf))
    }

    /// Receives a datagram into the free room of `buf`, and moves its cursor.
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
    pub async fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| fill::recv_buf(socket, buf))
            .await
    }

    /// Receives a datagram into the free room of `buf`, if one is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| fill::recv_buf(socket, buf))
    }

    /// Receives a datagram, and returns its length and its sender.
    ///
    /// A datagram longer than `buf` is cut off. The sender is unnamed if its socket is not bound.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no datagram has been taken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, sender) = self
            .io
            .async_io(Interest::READABLE, |socket| socket.recv_from(buf))
            .await?;
        Ok((n, SocketAddr(sender)))
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
        Poll::Ready(SocketAddr::of_sender(&sender))
    }

    /// Receives a datagram, if one is there, and returns its length and its sender.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, sender) = self
            .io
            .try_io(Interest::READABLE, |socket| socket.recv_from(buf))?;
        Ok((n, SocketAddr(sender)))
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
        Ok((n, SocketAddr::of_sender(&sender)?))
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
        Ok((n, SocketAddr::of_sender(&sender)?))
    }
}
