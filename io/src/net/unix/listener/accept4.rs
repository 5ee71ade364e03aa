//! Accepting a non-blocking stream by one system call, where the system has one for it.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};

use socket2::SockRef;

use crate::net::unix::SocketAddr;

/// Accepts a connection whose stream is non-blocking.
pub(super) fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let (stream, addr) = SockRef::from(listener).accept4(flags)?;
    Ok((stream.into(), SocketAddr::of_sender(&addr)?))
}
