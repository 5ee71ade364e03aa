//! The traffic class of IPv6.

use std::io;

use socket2::SockRef;

use crate::net::UdpSocket;

impl UdpSocket {
    /// The traffic class of the IPv6 datagrams that are sent (`IPV6_TCLASS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tclass_v6(&self) -> io::Result<u32> {
        SockRef::from(self.io.get_ref()).tclass_v6()
    }

    /// Sets the traffic class of the IPv6 datagrams that are sent.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_tclass_v6(tclass)
    }
}
