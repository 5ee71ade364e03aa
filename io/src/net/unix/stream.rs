//! [`UnixStream`]: its making, its readiness and its single tries.
//!
//! The read and write traits are in `stream/traits.rs`, the halves in `split.rs`.

use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};
use std::{fmt, io};

use bytes::BufMut;
use socket2::{Domain, Socket, Type};

use crate::net::vectored::passed_len;
use crate::net::{fill, split};
use crate::registration::{Direction, Registration};
use crate::{Handle, Interest, Ready, sys};

use super::SocketAddr;
use super::connect::connect;
use super::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::ucred::{UCred, peer_cred};

#[expect(
    unsafe_code,
    reason = "`recvmsg` into memory that nobody has initialised yet"
)]
mod receive;
mod traits;

/// A stream of bytes, in both directions, between two processes of one machine.
///
/// It is made by [`connect`](Self::connect), by
/// [`UnixListener::accept`](super::UnixListener::accept) or by [`pair`](Self::pair), and read and
/// written through tokio's or futures-io's traits. Dropping it closes it.
///
/// # Examples
///
/// ```no_run
/// use mainspring::io::{AsyncReadExt, AsyncWriteExt};
/// use mainspring::net::UnixStream;
///
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut stream = UnixStream::connect("/run/example.sock").await?;
/// stream.write_all(b"hello").await?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer).await?;
/// # Ok(())
/// # }
/// ```
pub struct UnixStream {
    /// The socket, non-blocking, with its place in the driver.
    pub(super) io: Registration<net::UnixStream>,
}

impl UnixStream {
    /// Connects to the listener at `path`.
    ///
    /// When the listener's backlog is full this waits for room in it, as a blocking connect does.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves no connection behind. One that was waiting for a full backlog may
    /// still be made, and closed at once.
    ///
    /// # Errors
    ///
    /// The system's: among others [`NotFound`](io::ErrorKind::NotFound), when there is no such
    /// path, and [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), when nobody listens
    /// there.
    ///
    /// # Panics
    ///
    /// When it is polled outside a runtime.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let addr = SocketAddr::for_path(path.as_ref())?;
        Self::connect_addr(&addr).await
    }

    /// Connects to the listener at `socket_addr`; otherwise as [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and [`InvalidInput`](io::ErrorKind::InvalidInput) for an
    /// address without a name.
    ///
    /// # Panics
    ///
    /// When it is polled outside a runtime.
    pub async fn connect_addr(socket_addr: &SocketAddr) -> io::Result<Self> {
        let handle = Self::handle();
        let addr = socket_addr.to_sock_addr()?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        Self::from_nonblocking(&handle, connect(socket, addr).await?)
    }

    /// Makes two streams that are connected to each other and have no address.
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
        let (one, other) = net::UnixStream::pair()?;
        Ok((Self::on(&handle, one)?, Self::on(&handle, other)?))
    }

    /// Takes over a stream of the standard library.
    ///
    /// The stream is set to non-blocking, as a blocking one would stop its thread.
    ///
    /// # Errors
    ///
    /// When the stream cannot be set to non-blocking or the driver cannot watch it.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn from_std(stream: net::UnixStream) -> io::Result<Self> {
        Self::on(&Self::handle(), stream)
    }

    /// The runtime of a new stream; a panic outside one.
    #[track_caller]
    pub(super) fn handle() -> Handle {
        Handle::current_for("UnixStream")
    }

    fn on(handle: &Handle, stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::from_nonblocking(handle, stream)
    }

    pub(super) fn from_nonblocking(handle: &Handle, stream: net::UnixStream) -> io::Result<Self> {
        Ok(Self {
            io: Registration::new(handle, stream)?,
        })
    }

    /// Takes the stream out of the runtime. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// When the driver cannot let go of the stream.
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        self.io.into_inner()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr().map(SocketAddr)
    }

    /// The address of the other end; unnamed if the other end is the one that connected.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr().map(SocketAddr)
    }

    /// Who is at the other end, by the kernel's word.
    ///
    /// That is the process that connected or listened, as it was at that time.
    ///
    /// # Errors
    ///
    /// The system's; [`Unsupported`](io::ErrorKind::Unsupported) where it cannot tell.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        peer_cred(self.as_fd())
    }

    /// Takes the error that the system keeps for the socket, if there is one.
    ///
    /// # Errors
    ///
    /// When the system cannot tell.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// Lends the stream as a half that reads and a half that writes, for use side by side in one
    /// task.
    pub fn split<'a>(&'a mut self) -> (ReadHalf<'a>, WriteHalf<'a>) {
        split::split(self)
    }

    /// Takes the stream apart into a half that reads and a half that writes, for use in two tasks.
    ///
    /// Dropping the half that writes ends the stream in that direction.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::into_split(self)
    }

    /// Waits until the stream is ready for something of `interest`, and says for what.
    ///
    /// The answer may be stale by the time the stream is used, so follow it by a `try_` method and
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

    /// Waits until something can be read, or the other end has closed.
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

    /// Waits until something can be written.
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

    /// Polls whether something can be read.
    ///
    /// Of several tasks that poll to read only the last is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read)
    }

    /// Polls whether something can be written.
    ///
    /// Of several tasks that poll to write only the last is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Write)
    }

    /// Reads what is there; 0 bytes mean that the other end has closed, or that `buf` is empty.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when nothing is; the system's.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |mut stream| stream.read(buf))
    }

    /// As [`try_read`](Self::try_read), into several buffers in turn.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |mut stream| stream.read_vectored(bufs))
    }

    /// As [`try_read`](Self::try_read), into the free room of `buf`, whose cursor moves.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read).
    pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.io
            .try_io(Interest::READABLE, |stream| fill::recv_buf(stream, buf))
    }

    /// Writes as much of `buf` as there is room for.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when there is no room; the system's, among others
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe), when the other end has closed.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.io
            .try_stream_io(Direction::Write, buf.len(), |stream| sys::send(stream, buf))
    }

    /// As [`try_write`](Self::try_write), from several buffers in turn.
    ///
    /// # Errors
    ///
    /// As [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = passed_len(bufs);
        self.io.try_stream_io(Direction::Write, len, |mut stream| {
            stream.write_vectored(bufs)
        })
    }

    /// Runs `operation` if the stream seems ready for `interest`, and forgets the readiness if the
    /// operation finds that it is not.
    ///
    /// For system calls that this type does not offer, as the passing of file descriptors. The
    /// operation must use this very socket, must not block, and must return
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) only when the socket said so; otherwise the next
    /// wait may never end.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when the stream is not ready; the operation's
    /// own.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, |_| operation())
    }

    /// Runs `operation` when the stream is ready for `interest`, and again as often as it returns
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

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// As [`UnixStream::from_std`].
    fn try_from(stream: net::UnixStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}

impl AsRef<Self> for UnixStream {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}
