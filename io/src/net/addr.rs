//! What may stand where an address is asked for: [`ToSocketAddrs`].
//!
//! A value says only *what it means* ([`Destination`]): addresses that are known already, or a name
//! that a resolver must be asked for. The asking is in `lookup.rs`, in one function that knows no
//! type parameter, so that a program with many address types holds one copy of it.
//!
//! Rejected: an associated future and iterator per type. They save one allocation for a slice of
//! addresses and cost a state machine for each type.

use std::io;
use std::iter::FusedIterator;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::{option, vec};

use sealed::{Destination, Sealed};

/// A value that stands for one or more socket addresses.
///
/// Addresses, pairs of an IP address and a port, and slices of addresses are taken as they are.
/// Strings (`"example.com:443"`) and pairs of a host and a port (`("example.com", 443)`) are first
/// tried as literal addresses; only a name goes to the system's resolver, on a thread of the
/// offload pool.
///
/// The trait is sealed: nobody else can implement it, so that it may grow.
///
/// # Examples
///
/// ```
/// use mainspring::net::UdpSocket;
///
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let from_text = UdpSocket::bind("127.0.0.1:0").await?;
/// let from_pair = UdpSocket::bind(("localhost", 0)).await?;
/// # drop((from_text, from_pair));
/// # Ok(())
/// # }
/// ```
pub trait ToSocketAddrs: Sealed {}

/// The addresses that a [`ToSocketAddrs`] stands for, in the order in which they should be tried.
#[derive(Debug)]
pub(crate) enum Addresses {
    /// The value was one address, so nothing was allocated.
    One(option::IntoIter<SocketAddr>),
    /// The value was a slice, or a name with any number of addresses.
    Many(vec::IntoIter<SocketAddr>),
}

impl Addresses {
    /// Exactly one address.
    pub(crate) fn one(addr: SocketAddr) -> Self {
        Self::One(Some(addr).into_iter())
    }

    /// Any number of addresses.
    pub(crate) fn many(addrs: Vec<SocketAddr>) -> Self {
        Self::Many(addrs.into_iter())
    }
}

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::One(addr) => addr.next(),
            Self::Many(addrs) => addrs.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::One(addr) => addr.size_hint(),
            Self::Many(addrs) => addrs.size_hint(),
        }
    }
}

impl ExactSizeIterator for Addresses {}
impl FusedIterator for Addresses {}

/// The part of [`ToSocketAddrs`] that nobody outside this crate can name.
pub(crate) mod sealed {
    use std::io;
    use std::net::SocketAddr;

    /// What a value means, before anybody has been asked.
    #[doc(hidden)]
    #[derive(Debug)]
    #[expect(unnameable_types, reason = "part of a sealed trait")]
    pub enum Destination {
        /// One address, known.
        One(SocketAddr),
        /// Any number of addresses, known.
        Many(Vec<SocketAddr>),
        /// A name, to be looked up.
        Name {
            /// The host, without the port.
            host: String,
            /// The port that each of its addresses gets.
            port: u16,
        },
    }

    /// Seals `ToSocketAddrs`.
    #[doc(hidden)]
    #[expect(unnameable_types, reason = "it seals a trait")]
    pub trait Sealed {
        /// What this value means; an error if its text cannot mean an address at all.
        fn destination(&self) -> io::Result<Destination>;
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: ToSocketAddrs + ?Sized> Sealed for &T {
    fn destination(&self) -> io::Result<Destination> {
        (**self).destination()
    }
}

impl ToSocketAddrs for SocketAddr {}

impl Sealed for SocketAddr {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::One(*self))
    }
}

impl ToSocketAddrs for SocketAddrV4 {}

impl Sealed for SocketAddrV4 {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::One(SocketAddr::V4(*self)))
    }
}

impl ToSocketAddrs for SocketAddrV6 {}

impl Sealed for SocketAddrV6 {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::One(SocketAddr::V6(*self)))
    }
}

impl ToSocketAddrs for (IpAddr, u16) {}

impl Sealed for (IpAddr, u16) {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::One(SocketAddr::from(*self)))
    }
}

impl ToSocketAddrs for (Ipv4Addr, u16) {}

impl Sealed for (Ipv4Addr, u16) {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::One(SocketAddr::from(*self)))
    }
}

impl ToSocketAddrs for (Ipv6Addr, u16) {}

impl Sealed for (Ipv6Addr, u16) {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::One(SocketAddr::from(*self)))
    }
}

impl ToSocketAddrs for &[SocketAddr] {}

impl Sealed for &[SocketAddr] {
    fn destination(&self) -> io::Result<Destination> {
        Ok(Destination::Many(self.to_vec()))
    }
}

impl ToSocketAddrs for (&str, u16) {}

impl Sealed for (&str, u16) {
    fn destination(&self) -> io::Result<Destination> {
        Ok(host_and_port(self.0, self.1))
    }
}

impl ToSocketAddrs for (String, u16) {}

impl Sealed for (String, u16) {
    fn destination(&self) -> io::Result<Destination> {
        Ok(host_and_port(&self.0, self.1))
    }
}

impl ToSocketAddrs for str {}

impl Sealed for str {
    fn destination(&self) -> io::Result<Destination> {
        if let Ok(addr) = self.parse() {
            return Ok(Destination::One(addr));
        }
        // The last colon, because the host may be an IPv6 address without brackets, which std takes
        // too.
        let Some((host, port)) = self.rsplit_once(':') else {
            return Err(invalid(self, "has no port; write it as `host:port`"));
        };
        let Ok(port) = port.parse() else {
            return Err(invalid(
                self,
                "has no valid port; a port is a number from 0 to 65535",
            ));
        };
        Ok(host_and_port(host, port))
    }
}

impl ToSocketAddrs for String {}

impl Sealed for String {
    fn destination(&self) -> io::Result<Destination> {
        self.as_str().destination()
    }
}

/// A host that may be a literal address after all.
fn host_and_port(host: &str, port: u16) -> Destination {
    match host.parse::<IpAddr>() {
        Ok(ip) => Destination::One(SocketAddr::new(ip, port)),
        Err(_) => Destination::Name {
            host: host.to_owned(),
            port,
        },
    }
}

fn invalid(text: &str, what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("the address `{text}` {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(destination: Destination) -> Option<(String, u16)> {
        match destination {
            Destination::Name { host, port } => Some((host, port)),
            Destination::One(_) | Destination::Many(_) => None,
        }
    }

    fn address_of(value: impl ToSocketAddrs) -> Option<SocketAddr> {
        match value.destination() {
            Ok(Destination::One(addr)) => Some(addr),
            _ => None,
        }
    }

    #[test]
    fn literals_need_no_resolver() {
        let v4 = SocketAddr::from(([127, 0, 0, 1], 80));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 80));
        assert_eq!(address_of("127.0.0.1:80"), Some(v4));
        assert_eq!(address_of("[::1]:80"), Some(v6));
        let text = String::from("127.0.0.1:80");
        assert_eq!(address_of(&text), Some(v4));
        assert_eq!(address_of(text), Some(v4));
        assert_eq!(address_of(("127.0.0.1", 80)), Some(v4));
        assert_eq!(address_of(("::1", 80)), Some(v6));
        assert_eq!(address_of((String::from("::1"), 80)), Some(v6));
        assert_eq!(address_of((Ipv4Addr::LOCALHOST, 80)), Some(v4));
        assert_eq!(
            address_of((IpAddr::from(Ipv6Addr::LOCALHOST), 80)),
            Some(v6)
        );
        assert_eq!(
            address_of(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)),
            Some(v4)
        );
        assert_eq!(address_of(v6), Some(v6));
    }

    #[test]
    fn a_name_keeps_its_host_and_its_port() -> io::Result<()> {
        let expected = Some(("example.com".to_owned(), 443));
        assert_eq!(name_of("example.com:443".destination()?), expected);
        assert_eq!(name_of(("example.com", 443).destination()?), expected);
        Ok(())
    }

    #[test]
    fn text_without_a_usable_port_is_refused_by_name() {
        for text in [
            "example.com",
            "example.com:",
            "127.0.0.1:65536",
            "example.com:http",
            "",
        ] {
            let error = text.destination().expect_err("there is no port in it");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text:?}");
            assert!(
                error.to_string().contains(text),
                "{text:?} is missing in {error}"
            );
        }
    }

    #[test]
    fn a_slice_keeps_its_order_and_its_length() -> io::Result<()> {
        let addrs = [
            SocketAddr::from(([10, 0, 0, 2], 1)),
            SocketAddr::from(([10, 0, 0, 1], 2)),
        ];
        let Destination::Many(found) = (&addrs[..]).destination()? else {
            panic!("a slice is a list of addresses");
        };
        let found = Addresses::many(found);
        assert_eq!(found.len(), 2);
        assert!(found.eq(addrs));
        assert_eq!(Addresses::one(addrs[0]).len(), 1);
        Ok(())
    }
}
