//! Several listeners on one port.

use std::io;

use super::TcpSocket;

impl TcpSocket {
    /// Whether others may bind the same port: `SO_REUSEPORT`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn reuseport(&self) -> io::Result<bool> {
        self.socket.reuse_port()
    }

    /// Sets whether others may bind the same port, who must set it, too: `SO_REUSEPORT`. Linux
    /// shares the connections out among them.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        self.socket.set_reuse_port(reuseport)
    }
}
