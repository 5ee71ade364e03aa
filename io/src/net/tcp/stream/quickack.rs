//! `TCP_QUICKACK` of a [`TcpStream`], where the system has it.

use std::io;

use socket2::SockRef;

use super::TcpStream;

impl TcpStream {
    /// Whether what arrives is acknowledged at once: `TCP_QUICKACK`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn quickack(&self) -> io::Result<bool> {
        SockRef::from(self.io.get_ref()).tcp_quickack()
    }

    /// Sets whether what arrives is acknowledged at once: `TCP_QUICKACK`. The system may change it
    /// back at any time.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_tcp_quickack(quickack)
    }
}
