//! [`UnixListener`].

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};
use std::{fmt, io};

use crate::Handle;
use crate::registration::Registration;

use super::{SocketAddr, UnixStream};
use crate::net::accept::Acceptor;

#[cfg_attr(
    any(target_os = "linux", target_os = "android"),
    path = "listener/accept4.rs"
)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "listener/accept_plain.rs"
)]
mod system;

/// A Unix socket that waits for others to connect.
///
/// Dropping it closes it. Its path stays in the file system, as the system never removes it: remove
/// it before the next bind, which otherwise fails with [`AddrInUse`](io::ErrorKind::AddrInUse).
///
/// # Examples
///
/// ```no_run
/// use mainspring::net::UnixListener;
///
/// #[mainspring::main]
/// async fn main() -> std::io::Result<()> {
///     let listener = UnixListener::bind("/run/example.sock")?;
///     loop {
///         let (mut stream, _) = listener.accept().await?;
///         mainspring::spawn(async move {
///             let (mut read, mut write) = stream.split();
///             mainspring::io::copy(&mut read, &mut write).await
///         });
///     }
/// }
/// ```
pub struct UnixListener {
    /// The socket, non-blocking, with its place in the driver.
    io: Acceptor<net::UnixListener>,
}

impl UnixListener {
    /// Binds a new socket to `path` and listens.
    ///
    /// # Errors
    ///
    /// The system's: among others [`AddrInUse`](io::ErrorKind::AddrInUse), when there is a file of
    /// that name, be it only the one that an earlier listener left.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::for_path(path.as_ref())?)
    }

    /// Binds a new socket to `socket_addr` and listens; otherwise as [`bind`](Self::bind).
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<Self> {
        // Before the system makes the file, which would stay behind a panic.
        let handle = Self::handle();
        Self::on(&handle, net::UnixListener::bind_addr(&socket_addr.0)?)
    }

    /// Takes over a listener of the standard library.
    ///
    /// The listener is set to non-blocking, as a blocking one would stop its thread.
    ///
    /// # Errors
    ///
    /// When the listener cannot be set to non-blocking or the driver cannot watch it.
    ///
    /// # Panics
    ///
    /// When it is called outside a runtime.
    #[track_caller]
    pub fn from_std(listener: net::UnixListener) -> io::Result<Self> {
        Self::on(&Self::handle(), listener)
    }

    /// The runtime of a new listener; a panic outside one.
    #[track_caller]
    pub(super) fn handle() -> Handle {
        Handle::current_for("UnixListener")
    }

    pub(super) fn on(handle: &Handle, listener: net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let io = Registration::new(handle, listener)?;
        Ok(Self {
            io: Acceptor::new(io),
        })
    }

    /// Takes the listener out of the runtime. It is still non-blocking.
    ///
    /// # Errors
    ///
    /// When the driver cannot let go of the listener.
    pub fn into_std(self) -> io::Result<net::UnixListener> {
        self.io.into_inner()
    }

    /// The address to which the listener is bound.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr().map(SocketAddr)
    }

    /// Takes the error that the system keeps for the socket, if there is one.
    ///
    /// # Errors
    ///
    /// When the system cannot tell.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// Waits for somebody to connect, and returns the stream and its other end's address.
    ///
    /// Any number of tasks may wait; each stream goes to one of them.
    ///
    /// An error of one connection is not given to you: the next one is accepted. If the process or
    /// the system has no file descriptors or memory left, this waits until a socket of this runtime
    /// is closed, or a moment, and tries again; the connection waits in the backlog.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no connection has been taken.
    ///
    /// # Errors
    ///
    /// Those of the listener itself; when the runtime has been shut down.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.io.accept(accept).await
    }

    /// Polls for somebody who connects, as [`accept`](Self::accept) waits for one.
    ///
    /// Of several tasks that poll a listener only the last is woken.
    ///
    /// # Errors
    ///
    /// Those of [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.io.poll_accept(cx, accept)
    }
}

fn accept(listener: &Registration<net::UnixListener>) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, addr) = system::accept(listener.get_ref())?;
    Ok((
        UnixStream {
            io: listener.accepted(stream)?,
        },
        addr,
    ))
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// As [`UnixListener::from_std`].
    fn try_from(listener: net::UnixListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}
