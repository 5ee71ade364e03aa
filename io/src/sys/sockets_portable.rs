//! Making non-blocking TCP sockets.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Accepts a connection whose stream is non-blocking.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, addr) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, addr))
}

/// Whether a socket that is connecting has been connected meanwhile. Not asked: the driver tells.
pub(crate) fn has_connected(_socket: &Socket, _addr: &SockAddr) -> io::Result<bool> {
    Ok(false)
}

/// Makes a non-blocking TCP socket.
pub(crate) fn stream_socket(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
