//! The file descriptor of a [`TcpSocket`].

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, RawFd};

use socket2::Socket;

use super::TcpSocket;

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl IntoRawFd for TcpSocket {
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw_fd()
    }
}

impl FromRawFd for TcpSocket {
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        // SAFETY: that the descriptor is open and owned by the caller is what this trait's caller
        // promises, too.
        let socket = unsafe { Socket::from_raw_fd(fd) };
        Self {
            socket,
            is_nonblocking: false,
        }
    }
}
