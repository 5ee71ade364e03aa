//! The file descriptor of a [`TcpStream`].

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::TcpStream;

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}
