//! The file descriptor of a [`UnixSocket`].

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use socket2::Socket;

use super::UnixSocket;

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl IntoRawFd for UnixSocket {
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw_fd()
    }
}

impl FromRawFd for UnixSocket {
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        // SAFETY: that the descriptor is open and owned by the caller is what this trait's caller
        // promises, too.
        let socket = unsafe { Socket::from_raw_fd(fd) };
        Self { socket }
    }
}

impl From<UnixSocket> for OwnedFd {
    fn from(socket: UnixSocket) -> Self {
        socket.socket.into()
    }
}

impl From<OwnedFd> for UnixSocket {
    /// Takes over a Unix socket that was made elsewhere.
    fn from(fd: OwnedFd) -> Self {
        Self { socket: fd.into() }
    }
}
