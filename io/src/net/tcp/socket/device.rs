//! Binding a [`TcpSocket`] to a network interface.

use std::io;

use super::TcpSocket;

impl TcpSocket {
    /// The name of the interface that it is bound to: `SO_BINDTODEVICE`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.socket.device()
    }

    /// Binds it to an interface, or by `None` to none: `SO_BINDTODEVICE`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.socket.bind_device(interface)
    }
}
