//! Reading a Unix stream so that a short count means: it is empty.
//!
//! The driver's rule for streams (a read of fewer bytes than asked for has emptied the socket, so
//! the next one need not fail to find that out) does not hold for `recv` on a Unix stream. When a
//! message carries file descriptors or credentials, `recv` stops behind it, with bytes waiting that
//! no new event will announce: the reader would sleep for good. tokio's does.
//!
//! So this reads by `recvmsg`, which says by `MSG_CTRUNC` that something of the kind was there (and
//! is dropped, as nobody gave room for it). Only then the kernel is asked whether there is more.
//!
//! Rejected: leaving the rule out for Unix streams. Each answer in a dialogue would cost a failing
//! call. Rejected: reading on until `WouldBlock`. An error met behind the first bytes is reported
//! by the kernel once, and could not be given to the caller together with the bytes.

use std::mem::{self, MaybeUninit};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::{io, ptr};

use tokio::io::ReadBuf;

/// Reads into the unfilled part of `buf`; fewer bytes than fit mean that no more were there.
pub(super) fn receive(stream: &UnixStream, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    let mut total = 0;
    loop {
        // SAFETY: the room must not be de-initialised. It is lent to the kernel, which writes bytes
        // into it or leaves it alone.
        let room = unsafe { buf.unfilled_mut() };
        let (n, was_stopped) = match recvmsg(stream, room) {
            Ok(received) => received,
            // Another reader was faster at what the kernel had announced.
            Err(_) if total > 0 => return Ok(total),
            Err(error) => return Err(error),
        };
        // SAFETY: the first `n` bytes of the room must be initialised. `recvmsg` returned `n`, the
        // number of bytes that the kernel has written there.
        unsafe { buf.assume_init(n) };
        buf.advance(n);
        total += n;
        if !was_stopped || buf.remaining() == 0 || !has_more(stream)? {
            return Ok(total);
        }
    }
}

/// Reads, and says whether a message that carried more than bytes ended the read.
fn recvmsg(stream: &UnixStream, room: &mut [MaybeUninit<u8>]) -> io::Result<(usize, bool)> {
    let mut part = libc::iovec {
        iov_base: room.as_mut_ptr().cast(),
        iov_len: room.len(),
    };
    // SAFETY: `msghdr` is a C structure of integers and pointers, for which all zeroes are valid.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = ptr::from_mut(&mut part);
    message.msg_iovlen = 1;
    // SAFETY: the descriptor is open, as the stream is borrowed. The message names one part, which
    // is writable memory of the length that it says, and neither a name nor control data; it and
    // the part outlive the call.
    let n = unsafe { libc::recvmsg(stream.as_raw_fd(), &raw mut message, 0) };
    match usize::try_from(n) {
        Ok(n) => Ok((n, message.msg_flags & libc::MSG_CTRUNC != 0)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Whether bytes wait. Other than a read it takes no error away that the kernel keeps.
fn has_more(stream: &UnixStream) -> io::Result<bool> {
    let mut waiting: libc::c_int = 0;
    // SAFETY: the descriptor is open, as the stream is borrowed. The request writes one `int`, to a
    // place that outlives the call.
    let result = unsafe { libc::ioctl(stream.as_raw_fd(), libc::FIONREAD, &raw mut waiting) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(waiting > 0)
}
