//! What a [`UdpSocket`] sends.
//!
//! A datagram is sent whole or not at all, so the counts that these methods return are always the
//! length of the buffer.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::net::addr::ToSocketAddrs;
use crate::net::lookup::resolve;
use crate::registration::Direction;
use crate::{Interest, sys};

use super::UdpSocket;

impl UdpSocket {
    /// Sends a datagram to the peer to which the socket is [connected](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing has been sent.
    ///
    /// # Errors
    ///
    /// The system's: among others that the socket is not connected, that the datagram is too long,
    /// and [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) for an *earlier* datagram that
    /// nobody wanted.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::WRITABLE, |socket| sys::send(socket, buf))
            .await
    }

    /// Polls to send a datagram to the connected peer.
    ///
    /// Of several tasks that poll to send only the last is woken.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Direction::Write, |socket| sys::send(socket, buf))
    }

    /// Sends a datagram to the connected peer, if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when it is not; those of [`send`](Self::send).
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |socket| sys::send(socket, buf))
    }

    /// Sends a datagram to `target`.
    ///
    /// Of the addresses that `target` stands for the first is used, whatever becomes of the
    /// datagram. A name is looked up at each call: look it up once, by
    /// [`lookup_host`](crate::net::lookup_host), to send often.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing has been sent.
    ///
    /// # Errors
    ///
    /// Those of [`lookup_host`](crate::net::lookup_host) and the system's.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use mainspring::net::UdpSocket;
    ///
    /// # #[mainspring::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let socket = UdpSocket::bind("0.0.0.0:0").await?;
    /// socket.send_to(b"hello", "127.0.0.1:8080").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], target: A) -> io::Result<usize> {
        let Some(target) = resolve(target).await?.next() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is no address to send to",
            ));
        };
        self.io
            .async_io(Interest::WRITABLE, |socket| {
                sys::send_to(socket, buf, &target)
            })
            .await
    }

    /// Polls to send a datagram to `target`.
    ///
    /// Of several tasks that poll to send only the last is woken.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Write, |socket| {
            sys::send_to(socket, buf, &target)
        })
    }

    /// Sends a datagram to `target`, if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when it is not; the system's.
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |socket| {
            sys::send_to(socket, buf, &target)
        })
    }
}
