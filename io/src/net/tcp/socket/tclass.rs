//! The traffic class of IPv6.

use std::io;

use super::TcpSocket;

impl TcpSocket {
    /// The traffic class of the packets that it sends: `IPV6_TCLASS`.
    ///
    /// # Errors
    ///
    /// The system's; for example for a socket for IPv4.
    pub fn tclass_v6(&self) -> io::Result<u32> {
        self.socket.tclass_v6()
    }

    /// Sets the traffic class of the packets that it sends: `IPV6_TCLASS`.
    ///
    /// # Errors
    ///
    /// The system's; for example for a socket for IPv4.
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        self.socket.set_tclass_v6(tclass)
    }
}
