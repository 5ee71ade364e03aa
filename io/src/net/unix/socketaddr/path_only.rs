//! Paths, on systems without abstract names.

use std::io;
use std::os::unix::net;
use std::path::{Path, PathBuf};

use socket2::SockAddr;

/// A path and nothing else; a zero byte in it is an error.
pub(super) fn parse(path: &Path) -> io::Result<net::SocketAddr> {
    net::SocketAddr::from_pathname(path)
}

/// There are no abstract names here.
pub(super) fn abstract_path(_addr: &net::SocketAddr) -> Option<PathBuf> {
    None
}

/// There are no abstract names here.
pub(super) fn of_sender(_addr: &SockAddr) -> Option<net::SocketAddr> {
    None
}
