//! The file descriptor of a [`TcpListener`].

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::TcpListener;

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get_ref().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.io.get_ref().as_raw_fd()
    }
}
