//! [`TcpListener`].

use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::{fmt, io, net};

use socket2::{Domain, SockRef};

use crate::net::accept::Acceptor;
use crate::net::addr::ToSocketAddrs;
use crate::net::lookup::try_each;
use crate::registration::Registration;
use crate::{Handle, sys};

use super::TcpStream;

#[cfg(unix)]
mod fd;
#[cfg(windows)]
mod handle;

/// How many connections may wait to be accepted, unless
/// [`TcpSocket::listen`](super::TcpSocket::listen) says otherwise. The system's own limit may be
/// lower.
const BACKLOG: i32 = 1024;

/// A TCP socket that accepts connections.
///
/// Any number of tasks may wait in [`accept`](Self::accept) at once; each connection goes to one of
/// them.
///
/// # Examples
///
/// ```no_run
/// use mainspring::net::TcpListener;
///
/// #[mainspring::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = TcpListener::bind("127.0.0.1:8080").await?;
///     loop {
///         let (mut stream, _peer) = listener.accept().await?;
///         mainspring::spawn(async move {
///             let (mut read, mut write) = stream.split();
///             mainspring::io::copy(&mut read, &mut write).await
///         });
///     }
/// }
/// ```
pub struct TcpListener {
    /// The socket, non-blocking, with its place in the driver.
    io: Acceptor<net::TcpListener>,
}

impl TcpListener {
    /// Makes a listener on `addr`. Of several addresses the first that works is taken.
    ///
    /// Port 0 lets the system choose; [`local_addr`](Self::local_addr) tells which. On Unix
    /// `SO_REUSEADDR` is set, so that a server can be started again at once. For other options, use
    /// [`TcpSocket`](super::TcpSocket).
    ///
    /// # Cancel safety
    ///
    /// Nothing is left behind when the future is dropped.
    ///
    /// # Errors
    ///
    /// The look-up's; or the error of the last address that was tried, when none works.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<Self> {
        try_each(addr, bind_to).await
    }

    /// Accepts a connection.
    ///
    /// An error of one connection, such as a client that has already gone, is not given to you: the
    /// next one is accepted. If the process or the system has no file descriptors or memory left,
    /// this waits until a socket of this runtime is closed, or a moment, and tries again; the
    /// connection waits in the backlog.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// Those of the listener itself; when the runtime has been shut down.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.io.accept(attempt).await
    }

    /// Polls to accept a connection, as [`accept`](Self::accept) does.
    ///
    /// Of the tasks that poll, the last one is woken.
    ///
    /// # Errors
    ///
    /// Those of the listener itself; when the runtime has been shut down.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.io.poll_accept(cx, attempt)
    }

    /// Makes a listener of std's, and sets it non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, from setting it non-blocking or registering it.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        let handle = Self::handle();
        listener.set_nonblocking(true)?;
        Self::new(&handle, listener)
    }

    /// Gives back std's listener, which stays non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, when it does not know the socket any more.
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        self.io.into_inner()
    }

    /// The address that it listens on.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The time to live of the packets that it sends: `IP_TTL`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live of the packets that it sends: `IP_TTL`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// The runtime of a new listener; a panic outside one.
    #[track_caller]
    pub(super) fn handle() -> Handle {
        Handle::current_for("TcpListener")
    }

    /// Of a listening socket, non-blocking already.
    pub(super) fn new(handle: &Handle, listener: net::TcpListener) -> io::Result<Self> {
        let io = Registration::new(handle, listener)?;
        Ok(Self {
            io: Acceptor::new(io),
        })
    }
}

fn attempt(listener: &Registration<net::TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, addr) = sys::accept(listener.get_ref())?;
    Ok((TcpStream::of(listener.accepted(stream)?), addr))
}

fn bind_to(addr: SocketAddr) -> io::Result<TcpListener> {
    let handle = TcpListener::handle();
    let socket = sys::stream_socket(Domain::for_address(addr))?;
    if sys::REUSES_ADDRESSES {
        SockRef::from(&socket).set_reuse_address(true)?;
    }
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::new(&handle, socket.into())
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// As [`TcpListener::from_std`].
    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
