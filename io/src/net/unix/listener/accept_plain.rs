//! Accepting a non-blocking stream by two system calls.

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};

use crate::net::unix::SocketAddr;

/// Accepts a connection whose stream is non-blocking.
pub(super) fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, addr) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, SocketAddr(addr)))
}
