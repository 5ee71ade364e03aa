//! The network device to which a socket is tied.

use std::io;

use socket2::SockRef;

use crate::net::UdpSocket;

impl UdpSocket {
    /// The name of the network device to which the socket is tied (`SO_BINDTODEVICE`), if to one.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        SockRef::from(self.io.get_ref()).device()
    }

    /// Ties the socket to the network device of this name, or with `None` to none.
    ///
    /// Only what this device receives is received then. Some kinds of socket do not obey.
    ///
    /// # Errors
    ///
    /// The system's, as when there is no such device or the right to do it is missing.
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).bind_device(interface)
    }
}
