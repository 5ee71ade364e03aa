//! Moving bytes through a socket.

use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, UdpSocket};

use socket2::SockRef;

use super::Source;

/// Receives into `room`, from its start, and says how many bytes.
pub(crate) fn recv(socket: &impl Source, room: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    SockRef::from(socket).recv(room)
}

/// Sends from the start of `bytes`, and says how many.
pub(crate) fn send(socket: &impl Source, bytes: &[u8]) -> io::Result<usize> {
    SockRef::from(socket).send(bytes)
}

/// Receives a datagram of the Internet's into `buf`, and says how many bytes and from whom.
pub(crate) fn recv_from(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    socket.recv_from(buf)
}

/// Sends a datagram of the Internet's.
pub(crate) fn send_to(socket: &UdpSocket, bytes: &[u8], target: &SocketAddr) -> io::Result<usize> {
    socket.send_to(bytes, target)
}
