//! Moving bytes through a socket, by the system calls themselves.
//!
//! glibc's `send` and `recv` are cancellation points: in a program with threads each makes two more
//! atomic operations, 4 to 5 % of an echo.

use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, UdpSocket};

use rustix::net::{self, RecvFlags, SendFlags};

use super::Source;

/// Receives into `room`, from its start, and says how many bytes.
#[inline]
pub(crate) fn recv(socket: &impl Source, room: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    let (_, n) = net::recv(socket, room, RecvFlags::empty())?;
    Ok(n)
}

/// Sends from the start of `bytes`, and says how many.
#[inline]
pub(crate) fn send(socket: &impl Source, bytes: &[u8]) -> io::Result<usize> {
    Ok(net::send(socket, bytes, SendFlags::NOSIGNAL)?)
}

/// Receives a datagram of the Internet's into `buf`, and says how many bytes and from whom.
#[inline]
pub(crate) fn recv_from(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let (n, _, sender) = net::recvfrom(socket, buf, RecvFlags::empty())?;
    let sender = sender.and_then(|sender| SocketAddr::try_from(sender).ok());
    let sender = sender.ok_or(io::ErrorKind::InvalidData)?;
    Ok((n, sender))
}

/// Sends a datagram of the Internet's.
#[inline]
pub(crate) fn send_to(socket: &UdpSocket, bytes: &[u8], target: &SocketAddr) -> io::Result<usize> {
    Ok(net::sendto(socket, bytes, SendFlags::NOSIGNAL, target)?)
}
