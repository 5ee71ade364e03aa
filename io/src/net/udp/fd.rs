//! The file descriptor of a [`UdpSocket`], on Unix.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::UdpSocket;

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}
