//! What a source is on Unix, and its errors by number.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// What can be registered: whatever has a file descriptor.
pub(crate) trait Source: AsFd {}

impl<S: AsFd> Source for S {}

/// The source's descriptor, which is a source itself.
#[inline]
pub(crate) fn lend(source: &impl Source) -> BorrowedFd<'_> {
    source.as_fd()
}

/// The source's number for `polling`.
#[cfg(not(all(target_os = "linux", not(mainspring_portable))))]
pub(crate) fn raw_source(source: &impl Source) -> std::os::fd::RawFd {
    std::os::fd::AsRawFd::as_raw_fd(&source.as_fd())
}

/// Whether an error of `accept` concerns only the connection that was to be accepted.
///
/// Linux hands over errors of the network that are pending on the new connection; its manual asks
/// to treat them as "try again".
pub(crate) fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::ECONNRESET
                | libc::EINTR
                | libc::EPROTO
                | libc::EPERM
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::ENOPROTOOPT
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ETIMEDOUT
        )
    )
}

/// Whether an error means that the process or the system has run out of something that others may
/// give back.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}

/// Whether an error means that it is this process that has as many descriptors as it may have.
pub(crate) fn is_own_limit(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EMFILE)
}

/// How many descriptors this process may have, if there is a limit.
pub(crate) fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Whether an error of `connect` only means that a non-blocking socket is connecting now.
pub(crate) fn has_begun_to_connect(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Whether a listener should set `SO_REUSEADDR`. It lets a server start again while connections of
/// its predecessor are still being closed.
pub(crate) const REUSES_ADDRESSES: bool = true;
