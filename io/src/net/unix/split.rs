//! The halves of a [`UnixStream`], under their own names.

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::io::ReadBuf;

use crate::net::split::{self, Duplex};
use crate::{Interest, Ready};

use super::{SocketAddr, UnixStream};

/// The half that reads of a [`UnixStream`], borrowed by [`UnixStream::split`].
pub type ReadHalf<'a> = split::ReadHalf<'a, UnixStream>;

/// The half that writes of a [`UnixStream`], borrowed by [`UnixStream::split`].
pub type WriteHalf<'a> = split::WriteHalf<'a, UnixStream>;

/// The half that reads of a [`UnixStream`], made by [`UnixStream::into_split`].
pub type OwnedReadHalf = split::OwnedReadHalf<UnixStream>;

/// The half that writes of a [`UnixStream`], made by [`UnixStream::into_split`].
pub type OwnedWriteHalf = split::OwnedWriteHalf<UnixStream>;

/// The error of putting together two halves that are not of the same [`UnixStream`].
pub type ReuniteError = split::ReuniteError<UnixStream>;

impl Duplex for UnixStream {
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
