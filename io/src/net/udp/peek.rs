//! What a [`UdpSocket`] looks at without taking it.
//!
//! The next receiver gets the same datagram again. With several receivers on one socket, another
//! may take it in between.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::ReadBuf;

use crate::Interest;
use crate::net::fill;
use crate::registration::Direction;

use super::UdpSocket;
use super::recv::internet;

impl UdpSocket {
    /// Waits for a datagram of the connected peer and copies it into `buf`, but leaves it in the
    /// queue.
    ///
    /// What does not fit into `buf` is left out; receiving it afterwards still gives all of it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is ever taken.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |socket| socket.peek(buf))
            .await
    }

    /// Polls for a datagram of the connected peer and appends a copy to `buf`.
    ///
    /// Of several tasks that poll to receive only the last is woken.
    ///
    /// # Errors
    ///
    /// Those of [`recv`](Self::recv).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io
            .poll_io(cx, Direction::Read, |socket| {
                fill::peek(SockRef::from(socket), buf)
            })
            .map_ok(drop)
    }

    /// Copies the next datagram of the connected peer into `buf`, if one is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; those of [`recv`](Self::recv).
    pub fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.peek(buf))
    }

    /// Waits for a datagram and copies it into `buf`, but leaves it in the queue; returns how many
    /// bytes were copied, and the sender.
    ///
    /// # Cancel safety
    ///
    /// Nothing is ever taken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .async_io(Interest::READABLE, |socket| socket.peek_from(buf))
            .await
    }

    /// Polls for a datagram, appends a copy to `buf`, and returns its sender.
    ///
    /// Of several tasks that poll to receive only the last is woken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let sender = ready!(self.io.poll_io(cx, Direction::Read, |socket| {
            fill::peek_from(SockRef::from(socket), buf)
        }))?;
        Poll::Ready(internet(&sender))
    }

    /// Copies the next datagram into `buf`, if one is there; returns how many bytes were copied,
    /// and the sender.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io
            .try_io(Interest::READABLE, |socket| socket.peek_from(buf))
    }

    /// Waits for a datagram and says who sent it, but leaves it in the queue.
    ///
    /// # Cancel safety
    ///
    /// Nothing is ever taken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        let look = |socket: &std::net::UdpSocket| SockRef::from(socket).peek_sender();
        internet(&self.io.async_io(Interest::READABLE, look).await?)
    }

    /// Polls for a datagram and returns its sender.
    ///
    /// Of several tasks that poll to receive only the last is woken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_peek_sender(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        let look = |socket: &std::net::UdpSocket| SockRef::from(socket).peek_sender();
        let sender = ready!(self.io.poll_io(cx, Direction::Read, look))?;
        Poll::Ready(internet(&sender))
    }

    /// Says who sent the next datagram, if one is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when none is; the system's.
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        let look = |socket: &std::net::UdpSocket| SockRef::from(socket).peek_sender();
        internet(&self.io.try_io(Interest::READABLE, look)?)
    }
}
