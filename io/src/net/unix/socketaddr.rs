//! [`SocketAddr`]: the address of a Unix socket.

use std::os::unix::net;
use std::path::Path;
use std::{fmt, io};

use socket2::SockAddr;

#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    path = "socketaddr/path_only.rs"
)]
mod names;

/// The address of a Unix socket: a path, an abstract name, or none at all.
#[derive(Clone)]
pub struct SocketAddr(
    /// The standard library's type, which is as good; this one exists because tokio's does.
    pub(super) net::SocketAddr,
);

impl SocketAddr {
    /// Whether the socket has no name, as one that connects without having been bound.
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path, if the address is one.
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The address that a path stands for; on Linux and Android one that begins with a zero byte
    /// stands for an abstract name.
    pub(super) fn for_path(path: &Path) -> io::Result<Self> {
        names::parse(path).map(Self)
    }

    /// The sender's address as the kernel gave it to socket2.
    ///
    /// A sender without a name has an address of length 0, without even a family. A path of the
    /// greatest length that the kernel allows is longer by one than the standard library takes; its
    /// sender is unnamed too, since the datagram has been received and must not be lost.
    ///
    /// socket2's own `as_unix` is not used: it forgets abstract names, and it panics at that path.
    pub(super) fn of_sender(addr: &SockAddr) -> io::Result<Self> {
        if let Some(named) = names::of_sender(addr) {
            return Ok(Self(named));
        }
        let path = addr.as_pathname().unwrap_or(Path::new(""));
        net::SocketAddr::from_pathname(path)
            .or_else(|_| unnamed())
            .map(Self)
    }

    /// This address for socket2.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput), when there is no name in it.
    pub(super) fn to_sock_addr(&self) -> io::Result<SockAddr> {
        if let Some(path) = self.as_pathname() {
            return SockAddr::unix(path);
        }
        if let Some(path) = names::abstract_path(&self.0) {
            return SockAddr::unix(path);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "an unnamed Unix socket address leads to nobody",
        ))
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<net::SocketAddr> for SocketAddr {
    fn from(addr: net::SocketAddr) -> Self {
        Self(addr)
    }
}

impl From<SocketAddr> for net::SocketAddr {
    fn from(addr: SocketAddr) -> Self {
        addr.0
    }
}

/// The standard library has no constructor for this one; an empty path is the way to it.
fn unnamed() -> io::Result<net::SocketAddr> {
    net::SocketAddr::from_pathname("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_path_is_the_unnamed_address() -> io::Result<()> {
        let addr = SocketAddr(unnamed()?);
        assert!(addr.is_unnamed());
        assert_eq!(addr.as_pathname(), None);
        let error = addr.to_sock_addr().expect_err("it leads to nobody");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        Ok(())
    }

    #[test]
    fn a_path_survives_the_way_through_socket2() -> io::Result<()> {
        let addr = SocketAddr::for_path(Path::new("/run/example.sock"))?;
        let again = SocketAddr::of_sender(&addr.to_sock_addr()?)?;
        assert_eq!(again.as_pathname(), Some(Path::new("/run/example.sock")));
        Ok(())
    }

    #[test]
    fn a_path_that_is_too_long_is_refused() {
        let path = "x".repeat(500);
        let error = SocketAddr::for_path(Path::new(&path)).expect_err("108 bytes is the most");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
