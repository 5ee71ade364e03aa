//! The type-of-service byte of IPv4.

use std::io;

use socket2::SockRef;

use crate::net::UdpSocket;

impl UdpSocket {
    /// The type of service of the IPv4 datagrams that are sent (`IP_TOS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tos_v4(&self) -> io::Result<u32> {
        SockRef::from(self.io.get_ref()).tos_v4()
    }

    /// Sets the type of service of the IPv4 datagrams that are sent.
    ///
    /// The upper six bits are the differentiated-services code point.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_tos_v4(tos)
    }

    /// As [`tos_v4`](Self::tos_v4), under its former name.
    ///
    /// # Errors
    ///
    /// The system's.
    #[deprecated(note = "`tos` is for IPv4 only; call `tos_v4`")]
    pub fn tos(&self) -> io::Result<u32> {
        self.tos_v4()
    }

    /// As [`set_tos_v4`](Self::set_tos_v4), under its former name.
    ///
    /// # Errors
    ///
    /// The system's.
    #[deprecated(note = "`set_tos` is for IPv4 only; call `set_tos_v4`")]
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.set_tos_v4(tos)
    }
}
