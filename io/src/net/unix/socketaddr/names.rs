//! Paths and abstract names, on Linux and Android.

use std::ffi::OsString;
use std::io;
#[cfg(target_os = "android")]
use std::os::android::net::SocketAddrExt;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net;
use std::path::{Path, PathBuf};

use socket2::SockAddr;

use super::SocketAddr;

impl SocketAddr {
    /// The abstract name, without the zero byte in front of it, if the address is one.
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        self.0.as_abstract_name()
    }
}

/// A zero byte in front makes an abstract name of what follows.
pub(super) fn parse(path: &Path) -> io::Result<net::SocketAddr> {
    match path.as_os_str().as_bytes().split_first() {
        Some((0, name)) => net::SocketAddr::from_abstract_name(name),
        _ => net::SocketAddr::from_pathname(path),
    }
}

/// The abstract name as the path that [`parse`] understands.
pub(super) fn abstract_path(addr: &net::SocketAddr) -> Option<PathBuf> {
    let name = addr.as_abstract_name()?;
    let bytes = [&[0], name].concat();
    Some(OsString::from_vec(bytes).into())
}

/// The sender's abstract name, if that is what the kernel gave to socket2.
pub(super) fn of_sender(addr: &SockAddr) -> Option<net::SocketAddr> {
    net::SocketAddr::from_abstract_name(addr.as_abstract_namespace()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abstract_name_survives_the_way_through_socket2() -> io::Result<()> {
        let addr = SocketAddr::for_path(Path::new("\0a\0b"))?;
        assert_eq!(addr.as_abstract_name(), Some(&b"a\0b"[..]));
        let again = SocketAddr::of_sender(&addr.to_sock_addr()?)?;
        assert_eq!(again.as_abstract_name(), Some(&b"a\0b"[..]));
        assert_eq!(again.as_pathname(), None);
        Ok(())
    }
}
