//! Making non-blocking TCP sockets in one system call each.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::net::{SocketFlags, acceptfrom_with};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Accepts a connection whose stream is non-blocking. std's own `accept` needs a second call for
/// that.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (stream, addr) = acceptfrom_with(listener, flags)?;
    let stream = TcpStream::from(stream);
    let addr = match addr.and_then(|addr| SocketAddr::try_from(addr).ok()) {
        Some(addr) => addr,
        None => stream.peer_addr()?,
    };
    Ok((stream, addr))
}

/// Whether a socket that is connecting has been connected meanwhile. One system call, which saves the
/// wait for the driver's report; worth it where the answer may have come already.
pub(crate) fn has_connected(socket: &Socket, addr: &SockAddr) -> io::Result<bool> {
    // Linux answers a second `connect` by how the first one has ended.
    match socket.connect(addr) {
        Ok(()) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EALREADY | libc::EINPROGRESS | libc::EINTR) => Ok(false),
            Some(libc::EISCONN) => Ok(true),
            _ => Err(error),
        },
    }
}

/// Makes a non-blocking TCP socket.
pub(crate) fn stream_socket(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))
}
