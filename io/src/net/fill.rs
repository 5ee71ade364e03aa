//! Receiving into memory that nobody has initialised yet.
//!
//! The one place of the sockets where the promise "the first `n` bytes are written now" is made.
//! Only the functions of this file can make it, each for one call of the kernel through
//! [`SockRef`] or [`sys::recv`]; a closure from elsewhere cannot.

use std::io;
use std::mem::MaybeUninit;

use bytes::BufMut;
use socket2::{SockAddr, SockRef};
use tokio::io::ReadBuf;

use crate::sys::{self, Source};

/// Receives into the unfilled part of `buf`.
#[inline]
pub(crate) fn recv(socket: &impl Source, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    read_buf(buf, |room| Ok((sys::recv(socket, room)?, ()))).map(|(n, ())| n)
}

/// Receives into the unfilled part of `buf`, and says from whom.
pub(crate) fn recv_from(socket: SockRef<'_>, buf: &mut ReadBuf<'_>) -> io::Result<SockAddr> {
    read_buf(buf, |room| socket.recv_from(room)).map(|(_, sender)| sender)
}

/// Copies what waits first into the unfilled part of `buf`, and leaves it waiting.
pub(crate) fn peek(socket: SockRef<'_>, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    read_buf(buf, |room| Ok((socket.peek(room)?, ()))).map(|(n, ())| n)
}

/// Copies what waits first into the unfilled part of `buf`, leaves it waiting, and says from whom
/// it is.
pub(crate) fn peek_from(socket: SockRef<'_>, buf: &mut ReadBuf<'_>) -> io::Result<SockAddr> {
    read_buf(buf, |room| socket.peek_from(room)).map(|(_, sender)| sender)
}

/// Receives into the room that `buf` offers next.
pub(crate) fn recv_buf(socket: &impl Source, buf: &mut impl BufMut) -> io::Result<usize> {
    buf_mut(buf, |room| Ok((sys::recv(socket, room)?, ()))).map(|(n, ())| n)
}

/// Receives into the room that `buf` offers next, and says from whom.
pub(crate) fn recv_buf_from(
    socket: SockRef<'_>,
    buf: &mut impl BufMut,
) -> io::Result<(usize, SockAddr)> {
    buf_mut(buf, |room| socket.recv_from(room))
}

/// `receive` must return how many bytes, from the start of the room, it has written.
fn read_buf<R>(
    buf: &mut ReadBuf<'_>,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> io::Result<(usize, R)>,
) -> io::Result<(usize, R)> {
    // SAFETY: the room must not be de-initialised. It is lent to a call of socket2's or of `sys`, which passes
    // it to the kernel, and the kernel writes bytes into it or leaves it alone.
    let room = unsafe { buf.unfilled_mut() };
    let (n, rest) = receive(room)?;
    // SAFETY: the first `n` bytes of the room must be initialised. The kernel returned `n`, the
    // number of bytes that it has written there; without MSG_TRUNC, which nobody here passes, that
    // is never more than the room's length.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok((n, rest))
}

/// As [`read_buf`], for the other kind of buffer.
fn buf_mut<B: BufMut, R>(
    buf: &mut B,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> io::Result<(usize, R)>,
) -> io::Result<(usize, R)> {
    let room = buf.chunk_mut();
    // SAFETY: no uninitialised byte may be written to the room. It is lent to a call of socket2's,
    // which passes it to the kernel, and the kernel writes bytes into it or leaves it alone.
    let room = unsafe { room.as_uninit_slice_mut() };
    let (n, rest) = receive(room)?;
    // SAFETY: the next `n` bytes must be initialised and within the room. The kernel returned `n`,
    // the number of bytes that it has written there; without MSG_TRUNC, which nobody here passes,
    // that is never more than the room's length.
    unsafe { buf.advance_mut(n) };
    Ok((n, rest))
}
