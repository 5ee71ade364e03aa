//! What a source is on Windows, and its errors by number.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

/// What can be registered: whatever has a socket.
pub(crate) trait Source: AsSocket {}

impl<S: AsSocket> Source for S {}

/// The source's socket, which is a source itself.
#[inline]
pub(crate) fn lend(source: &impl Source) -> BorrowedSocket<'_> {
    source.as_socket()
}

/// The source's number for `polling`.
pub(crate) fn raw_source(source: &impl Source) -> RawSocket {
    source.as_socket().as_raw_socket()
}

const WSAEINTR: i32 = 10004;
const WSAEMFILE: i32 = 10024;
const WSAENETDOWN: i32 = 10050;
const WSAECONNABORTED: i32 = 10053;
const WSAECONNRESET: i32 = 10054;
const WSAENOBUFS: i32 = 10055;

/// Whether an error of `accept` concerns only the connection that was to be accepted.
pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(WSAEINTR | WSAENETDOWN | WSAECONNABORTED | WSAECONNRESET)
    )
}

/// Whether an error means that the process or the system has run out of something that others may
/// give back.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(WSAEMFILE | WSAENOBUFS))
}

/// Whether an error means that it is this process that has as many descriptors as it may have.
pub(crate) fn is_own_limit(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAEMFILE)
}

/// How many descriptors this process may have. There is no limit that one could raise.
pub(crate) fn descriptor_limit() -> Option<u64> {
    None
}

/// Whether an error of `connect` only means that a non-blocking socket is connecting now.
pub(crate) fn has_begun_to_connect(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Whether a listener should set `SO_REUSEADDR`. Here it would let another program take the port
/// over.
pub(crate) const REUSES_ADDRESSES: bool = false;
