//! The halves of a stream: one reads, the other writes.
//!
//! Written once for every kind of stream ([`Duplex`]); `tcp` and `unix` give the types their names.
//! There is no lock between the halves, because a socket may be read and written at the same time
//! and the driver keeps the waiters of the two directions apart.

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::task::{Context, Poll};

use bytes::BufMut;
use tokio::io::ReadBuf;

use crate::{Interest, Ready};

mod futures;
mod lent;
mod owned;

pub(crate) use futures::read_slice;
pub(crate) use lent::split;
pub(crate) use lent::{ReadHalf, WriteHalf};
pub(crate) use owned::into_split;
pub(crate) use owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};

/// What the halves ask of a stream; nobody outside this crate can name it.
#[expect(
    unnameable_types,
    reason = "it bounds the halves and nobody else is meant to implement it"
)]
pub trait Duplex: Send + Sync + Unpin {
    /// The kind of address that the stream has.
    type Addr;

    /// The address of this end.
    fn local_addr(&self) -> io::Result<Self::Addr>;
    /// The address of the other end.
    fn peer_addr(&self) -> io::Result<Self::Addr>;
    /// Waits for readiness.
    fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<Ready>> + Send;
    /// Reads what is there.
    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize>;
    /// Reads what is there into several buffers.
    fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
    /// Reads what is there into the free room of `buf`.
    fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize>;
    /// Writes what there is room for.
    fn try_write(&self, buf: &[u8]) -> io::Result<usize>;
    /// Writes what there is room for, from several buffers.
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Polls to read.
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;
    /// Polls to read into several buffers.
    fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>>;
    /// Polls to write.
    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;
    /// Polls to write from several buffers.
    fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;
    /// Tells the other end that nothing more comes.
    fn shutdown_write(&self) -> io::Result<()>;
}
