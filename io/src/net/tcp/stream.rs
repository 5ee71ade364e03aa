//! [`TcpStream`]: the type, its making, its readiness and its plain operations.
//!
//! The read and write traits are in `stream/traits.rs`, the options in `stream/options.rs`.

use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};
use std::{fmt, io, net};

use bytes::BufMut;
use socket2::{Domain, SockRef, Socket};
use tokio::io::ReadBuf;

use crate::net::addr::ToSocketAddrs;
use crate::net::lookup::resolve;
use crate::net::vectored::passed_len;
use crate::net::{fill, split};
use crate::registration::{Direction, Registration};
use crate::{Handle, Interest, Ready, sys};

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};

mod options;
mod traits;

#[cfg(unix)]
mod fd;
#[cfg(windows)]
mod handle;
#[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
mod quickack;

/// A TCP connection.
///
/// Read and write it by tokio's `AsyncReadExt` and `AsyncWriteExt`, or by futures-io's traits. To
/// read and write in different tasks, take it apart by [`into_split`](Self::into_split).
///
/// Dropping it closes the connection. To tell the peer only that nothing more comes, shut it down
/// by `AsyncWriteExt::shutdown`.
///
/// # Examples
///
/// ```no_run
/// use mainspring::io::{AsyncReadExt, AsyncWriteExt};
/// use mainspring::net::TcpStream;
///
/// #[mainspring::main]
/// async fn main() -> std::io::Result<()> {
///     let mut stream = TcpStream::connect("example.org:80").await?;
///     stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
///     let mut answer = Vec::new();
///     stream.read_to_end(&mut answer).await?;
///     Ok(())
/// }
/// ```
pub struct TcpStream {
    /// The socket, non-blocking, with its place in the driver.
    io: Registration<net::TcpStream>,
}

impl TcpStream {
    /// Connects to `addr`. Of several addresses, each is tried in turn until one answers.
    ///
    /// # Cancel safety
    ///
    /// The attempt ends when the future is dropped.
    ///
    /// # Errors
    ///
    /// The look-up's; or the error of the last address that was tried, when none answers.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    pub async fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<Self> {
        let mut last_error = None;
        for addr in resolve(addr).await? {
            match Self::connect_to(addr).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last_error = Some(error),
            }
        }
        Err(last_error.unwrap_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is no address to connect to",
            )
        }))
    }

    /// Connects to one address. That the system has no sockets of its kind, as where IPv6 is
    /// switched off, says nothing of the next address.
    async fn connect_to(addr: SocketAddr) -> io::Result<Self> {
        let handle = Self::handle();
        let socket = sys::stream_socket(Domain::for_address(addr))?;
        Self::connect_by(&handle, socket, addr).await
    }

    /// Connects `socket`, which is non-blocking already.
    pub(super) async fn connect_by(
        handle: &Handle,
        socket: Socket,
        addr: SocketAddr,
    ) -> io::Result<Self> {
        let address = addr.into();
        let is_connected = match socket.connect(&address) {
            Ok(()) => true,
            // Within the machine the other end has answered by now.
            Err(error) if sys::has_begun_to_connect(&error) => {
                addr.ip().is_loopback() && sys::has_connected(&socket, &address)?
            }
            Err(error) => return Err(error),
        };
        // Registered only now: a socket that has not begun to connect is reported as hung up.
        if is_connected {
            let stream = Self::of(Registration::new(handle, socket.into())?);
            // It is; but who makes one connection after another shall let others go first.
            stream.writable().await?;
            return Ok(stream);
        }
        let stream = Self::of(Registration::connecting(handle, socket.into())?);
        // The stream becomes writable when it is connected, or when that has failed.
        stream.writable().await?;
        match stream.take_error()? {
            None => Ok(stream),
            Some(error) => Err(error),
        }
    }

    /// Makes a stream of std's, and sets it non-blocking.
    ///
    /// It may be connecting still: it becomes [writable](Self::writable) when it is connected, or when
    /// that has failed, which [`take_error`](Self::take_error) tells.
    ///
    /// # Errors
    ///
    /// The system's, from setting it non-blocking or registering it.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        let handle = Self::handle();
        stream.set_nonblocking(true)?;
        // Without a peer it may be connecting; that it can be written to is for the system to say.
        let io = match stream.peer_addr() {
            Ok(_) => Registration::new(&handle, stream),
            Err(_) => Registration::connecting(&handle, stream),
        };
        io.map(Self::of)
    }

    /// Gives back std's stream, which stays non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, when it does not know the socket any more.
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        self.io.into_inner()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// The system's; for example when the connection has been lost.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// The socket's pending error, which is cleared by this: `SO_ERROR`.
    ///
    /// # Errors
    ///
    /// The system's, when the pending error cannot be asked for.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// Waits until the stream is ready for something of `interest`, and says for what.
    ///
    /// It may be found not ready after all: go on waiting when an attempt gives
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
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
        self.io.readiness(Interest::READABLE).await.map(drop)
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
        self.io.readiness(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for something to read. Of the tasks that poll to read, the last one is woken.
    ///
    /// # Errors
    ///
    /// When the runtime has been shut down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(cx, Direction::Read)
    }

    /// Polls for room to write. Of the tasks that poll to write, the last one is woken.
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
            .try_stream_io(Direction::Read, buf.len(), |mut stream| stream.read(buf))
    }

    /// As [`try_read`](Self::try_read), into several buffers in turn.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = passed_len(bufs);
        self.io.try_stream_io(Direction::Read, len, |mut stream| {
            stream.read_vectored(bufs)
        })
    }

    /// As [`try_read`](Self::try_read), into the free room of `buf`, whose cursor moves.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read).
    pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        let len = buf.chunk_mut().len();
        self.io
            .try_stream_io(Direction::Read, len, |stream| fill::recv_buf(stream, buf))
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

    /// Makes `operation` on the socket, if it is believed ready for `interest`.
    ///
    /// `operation` must return [`WouldBlock`](io::ErrorKind::WouldBlock) if, and only if, the
    /// socket would block: the belief is dropped then.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), when the socket is not ready; the operation's;
    /// when the runtime has been shut down.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, |_| operation())
    }

    /// Makes `operation` on the socket as soon as it does not block.
    ///
    /// `operation` must return [`WouldBlock`](io::ErrorKind::WouldBlock) if, and only if, the
    /// socket would block: it is then called again when the socket is ready.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing half done, unless the operation does.
    ///
    /// # Errors
    ///
    /// The operation's; when the runtime has been shut down.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.async_io(interest, |_| operation()).await
    }

    /// Copies what waits first into `buf`, and leaves it waiting. Waits until there is something.
    ///
    /// 0 bytes mean that the other end has closed, or that `buf` is empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io
            .async_io(Interest::READABLE, |stream| stream.peek(buf))
            .await
    }

    /// Polls to copy what waits first into the unfilled part of `buf`, and leaves it waiting.
    ///
    /// Of the tasks that poll to read, the last one is woken.
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Direction::Read, |stream| {
            fill::peek(SockRef::from(stream), buf)
        })
    }

    /// Lends one half that reads and one that writes. They cost nothing, but must stay in this
    /// task.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Takes the stream apart into one half that reads and one that writes, which may go to
    /// different tasks.
    ///
    /// Dropping the half that writes shuts the stream down in that direction. The stream is closed
    /// when both halves are dropped.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::into_split(self)
    }

    /// The runtime of a new stream; a panic outside one.
    #[track_caller]
    pub(super) fn handle() -> Handle {
        Handle::current_for("TcpStream")
    }

    pub(super) fn of(io: Registration<net::TcpStream>) -> Self {
        Self { io }
    }

    pub(super) fn shutdown_write(&self) -> io::Result<()> {
        match self.io.get_ref().shutdown(Shutdown::Write) {
            // The peer has gone already, and needs not be told.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// As [`TcpStream::from_std`].
    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}

impl AsRef<Self> for TcpStream {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
