//! The halves of a [`TcpStream`], under their own names, and what they have beyond those of other
//! streams.

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::io::ReadBuf;

use crate::net::split::{self, Duplex};
use crate::{Interest, Ready};

use super::TcpStream;

/// The half that reads of a [`TcpStream`], borrowed by [`TcpStream::split`].
pub type ReadHalf<'a> = split::ReadHalf<'a, TcpStream>;

/// The half that writes of a [`TcpStream`], borrowed by [`TcpStream::split`].
pub type WriteHalf<'a> = split::WriteHalf<'a, TcpStream>;

/// The half that reads of a [`TcpStream`], made by [`TcpStream::into_split`].
pub type OwnedReadHalf = split::OwnedReadHalf<TcpStream>;

/// The half that writes of a [`TcpStream`], made by [`TcpStream::into_split`].
pub type OwnedWriteHalf = split::OwnedWriteHalf<TcpStream>;

/// The error of putting together two halves that are not of the same [`TcpStream`].
pub type ReuniteError = split::ReuniteError<TcpStream>;

impl split::ReadHalf<'_, TcpStream> {
    /// As [`TcpStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.as_ref().peek(buf).await
    }

    /// As [`TcpStream::poll_peek`].
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    pub fn poll_peek(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.as_ref().poll_peek(cx, buf)
    }
}

impl split::OwnedReadHalf<TcpStream> {
    /// As [`TcpStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.as_ref().peek(buf).await
    }

    /// As [`TcpStream::poll_peek`].
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    pub fn poll_peek(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.as_ref().poll_peek(cx, buf)
    }
}

impl Duplex for TcpStream {
    type Addr = SocketAddr;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }

    async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.ready(interest).await
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.try_read(buf)
    }

    fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_read_vectored(bufs)
    }

    fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.try_read_buf(buf)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.try_write(buf)
    }

    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(bufs)
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.read_shared(cx, buf)
    }

    fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.read_vectored_shared(cx, bufs)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write_shared(cx, buf)
    }

    fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_vectored_shared(cx, bufs)
    }

    fn shutdown_write(&self) -> io::Result<()> {
        self.shutdown_write()
    }
}
