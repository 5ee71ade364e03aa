//! What a [`UnixDatagram`] sends.
//!
//! A datagram is sent whole or not at all, so the counts that these methods return are always the
//! length of the buffer.

use std::io;
use std::path::Path;
use std::task::{Context, Poll};

use crate::Interest;
use crate::net::unix::SocketAddr;
use crate::registration::Direction;

use super::UnixDatagram;

impl UnixDatagram {
    /// Sends a datagram to the peer to which the socket is [connected](Self::connect).
    ///
    /// Waits while the peer has no room.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing has been sent.
    ///
    /// # Errors
    ///
    /// The system's: among others that the socket is not connected, that the datagram is too long,
    /// and that the peer is gone.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::WRITABLE, |socket| socket.send(buf))
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
            .poll_io(cx, Direction::Write, |socket| socket.send(buf))
    }

    /// Sends a datagram to the connected peer, if there is room for it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when there is not; those of [`send`](Self::send).
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::WRITABLE, |socket| socket.send(buf))
    }

    /// Sends a datagram to the socket that is bound to `target`.
    ///
    /// Waits while the target has no room.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing has been sent.
    ///
    /// # Errors
    ///
    /// The system's: among others [`NotFound`](io::ErrorKind::NotFound), when there is no such
    /// path, and [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), when nobody is bound to
    /// it any more.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        let target = SocketAddr::for_path(target.as_ref())?;
        self.send_to_addr(buf, &target.0).await
    }

    /// Polls to send a datagram to the socket that is bound to `target`.
    ///
    /// Of several tasks that poll to send only the last is woken.
    ///
    /// The system does not tell when a target that is not the connected peer has room again: while
    /// it has none the task is woken again and again. Prefer [`send_to`](Self::send_to), which
    /// knows how to wait, or [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// Those of [`send_to`](Self::send_to).
    pub fn poll_send_to<P: AsRef<Path>>(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: P,
    ) -> Poll<io::Result<usize>> {
        let target = SocketAddr::for_path(target.as_ref())?;
        self.io.poll_io(cx, Direction::Write, |socket| {
            socket.send_to_addr(buf, &target.0)
        })
    }

    /// Sends a datagram to the socket that is bound to `target`, if there is room for it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when there is not, here or there; those of
    /// [`send_to`](Self::send_to).
    pub fn try_send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        let target = SocketAddr::for_path(target.as_ref())?;
        self.io.try_io(Interest::WRITABLE, |socket| {
            socket.send_to_addr(buf, &target.0)
        })
    }
}
