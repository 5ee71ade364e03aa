//! Sockets: TCP, UDP, and those of the Unix domain.
//!
//! The types have the names and methods of tokio's. Making one needs a runtime: its driver tells
//! when the socket is ready. Names are looked up by [`lookup_host`], which every socket uses for
//! the addresses it is given.

pub mod tcp;
#[cfg(unix)]
pub mod unix;

pub(crate) mod accept;
mod addr;
#[expect(
    unsafe_code,
    reason = "the kernel initialises the memory that it receives into"
)]
mod fill;
mod lookup;
mod split;
mod udp;
mod vectored;

pub use addr::ToSocketAddrs;
pub use lookup::lookup_host;
pub use tcp::{TcpListener, TcpSocket, TcpStream};
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixDatagram, UnixListener, UnixSocket, UnixStream};
