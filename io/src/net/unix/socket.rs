//! [`UnixSocket`]: a Unix socket that is not yet a stream, a listener or a datagram socket.

use std::io;
use std::path::Path;

use socket2::{Domain, Socket, Type};

use super::connect::connect;
use super::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

#[expect(unsafe_code, reason = "`FromRawFd` is an unsafe trait method")]
mod fd;

/// A Unix socket that is still being made.
///
/// For what the other types do not offer: a backlog of one's own choice, a stream that is bound
/// before it connects, options that must be set early (through [`AsFd`](std::os::fd::AsFd)). It needs
/// no runtime until it becomes one of the other types.
///
/// # Examples
///
/// ```no_run
/// # #[mainspring::main]
/// # async fn main() {
/// use mainspring::net::UnixSocket;
///
/// # fn example() -> std::io::Result<()> {
/// let socket = UnixSocket::new_stream()?;
/// socket.bind("/run/example.sock")?;
/// let listener = socket.listen(1024)?;
/// # drop(listener);
/// # Ok(())
/// # }
/// # }
/// ```
#[derive(Debug)]
pub struct UnixSocket {
    /// The socket; its kind is checked when it becomes something else.
    socket: Socket,
}

impl UnixSocket {
    /// A socket that can become a stream or a listener.
    ///
    /// # Errors
    ///
    /// The system's, as when too many files are open.
    pub fn new_stream() -> io::Result<Self> {
        Self::new(Type::STREAM)
    }

    /// A socket that can become a [`UnixDatagram`].
    ///
    /// # Errors
    ///
    /// The system's, as when too many files are open.
    pub fn new_datagram() -> io::Result<Self> {
        Self::new(Type::DGRAM)
    }

    fn new(kind: Type) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, kind, None)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Binds the socket to `path`.
    ///
    /// # Errors
    ///
    /// The system's: among others [`AddrInUse`](io::ErrorKind::AddrInUse), when there is a file of
    /// that name.
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let addr = SocketAddr::for_path(path.as_ref())?.to_sock_addr()?;
        self.socket.bind(&addr)
    }

    /// Makes a listener of the socket, with room for `backlog` connections that wait to be
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), when it is a datagram socket; the system's.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        self.must_be(
            Type::STREAM,
            "`listen` needs a socket made by `UnixSocket::new_stream`",
        )?;
        let handle = UnixListener::handle();
        // The system cuts off what is too much for it; what does not fit its type certainly is.
        self.socket
            .listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        UnixListener::on(&handle, self.socket.into())
    }

    /// Connects to the listener at `path`; otherwise as [`UnixStream::connect`].
    ///
    /// # Cancel safety
    ///
    /// As [`UnixStream::connect`]. The socket is lost.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), when it is a datagram socket; those of
    /// [`UnixStream::connect`].
    ///
    /// # Panics
    ///
    /// When it is polled outside a runtime.
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        self.must_be(
            Type::STREAM,
            "`connect` needs a socket made by `UnixSocket::new_stream`",
        )?;
        let handle = UnixStream::handle();
        let addr = SocketAddr::for_path(path.as_ref())?.to_sock_addr()?;
        UnixStream::from_nonblocking(&handle, connect(self.socket, addr).await?)
    }

    /// Makes a datagram socket of the socket.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), when it is not one; the system's.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        self.must_be(
            Type::DGRAM,
            "`datagram` needs a socket made by `UnixSocket::new_datagram`",
        )?;
        UnixDatagram::from_std(self.socket.into())
    }

    fn must_be(&self, kind: Type, otherwise: &'static str) -> io::Result<()> {
        if self.socket.r#type()? == kind {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, otherwise))
    }
}
