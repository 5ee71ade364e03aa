//! [`TcpSocket`]: a TCP socket before it connects or listens, for setting its options.

use std::net::{self, SocketAddr};
use std::{fmt, io};

use socket2::{Domain, Socket};

use crate::sys;

use super::{TcpListener, TcpStream};

mod options;

#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
mod device;
#[cfg(unix)]
#[expect(unsafe_code, reason = "`FromRawFd` is an unsafe trait method")]
mod fd;
#[cfg(windows)]
#[expect(unsafe_code, reason = "`FromRawSocket` is an unsafe trait method")]
mod handle;
#[cfg(all(
    unix,
    not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
))]
mod reuse_port;
#[cfg(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "fuchsia",
    target_os = "linux",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "cygwin",
))]
mod tclass;
#[cfg(not(any(
    target_os = "fuchsia",
    target_os = "redox",
    target_os = "solaris",
    target_os = "illumos",
    target_os = "haiku",
)))]
mod tos;

/// A TCP socket that neither connects nor listens yet.
///
/// Make one when you need options that must be set before that, or an address to connect from.
/// Otherwise [`TcpStream::connect`] and [`TcpListener::bind`] are shorter.
///
/// No runtime is needed until [`connect`](Self::connect) or [`listen`](Self::listen).
///
/// # Examples
///
/// ```no_run
/// use mainspring::net::TcpSocket;
///
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:8080".parse().unwrap())?;
/// let listener = socket.listen(1024)?;
/// # Ok(())
/// # }
/// ```
pub struct TcpSocket {
    /// The socket.
    socket: Socket,
    /// Whether the socket is known to be non-blocking. One that was made elsewhere is not.
    is_nonblocking: bool,
}

impl TcpSocket {
    /// Makes a socket for IPv4.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4)
    }

    /// Makes a socket for IPv6.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6)
    }

    /// Takes a socket that was made elsewhere, for example by the crate `socket2` with an option
    /// that is missing here. It must not be connected yet. It is set non-blocking later.
    #[must_use]
    pub fn from_std_stream(stream: net::TcpStream) -> Self {
        Self {
            socket: stream.into(),
            is_nonblocking: false,
        }
    }

    /// Binds the socket to an address of this machine.
    ///
    /// # Errors
    ///
    /// The system's; mostly [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.socket.bind(&addr.into())
    }

    /// Connects to `addr`.
    ///
    /// # Cancel safety
    ///
    /// The attempt ends when the future is dropped.
    ///
    /// # Errors
    ///
    /// The system's; when the runtime has been shut down.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    pub async fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        let handle = TcpStream::handle();
        TcpStream::connect_by(&handle, self.into_nonblocking()?, addr).await
    }

    /// Listens, with room for `backlog` connections that have not been accepted yet. The system's
    /// own limit may be lower.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        let handle = TcpListener::handle();
        let socket = self.into_nonblocking()?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::new(&handle, socket.into())
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// The system's; on Windows, when it is not bound.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let addr = self.socket.local_addr()?;
        addr.as_socket().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "the socket has no internet address",
            )
        })
    }

    /// The socket's pending error, which is cleared by this: `SO_ERROR`.
    ///
    /// # Errors
    ///
    /// The system's, when the pending error cannot be asked for.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    fn new(domain: Domain) -> io::Result<Self> {
        Ok(Self {
            socket: sys::stream_socket(domain)?,
            is_nonblocking: true,
        })
    }

    fn into_nonblocking(self) -> io::Result<Socket> {
        if !self.is_nonblocking {
            self.socket.set_nonblocking(true)?;
        }
        Ok(self.socket)
    }
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}
