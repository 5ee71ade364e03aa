//! The sockets of the Unix domain: for processes of one machine.
//!
//! [`UnixStream`], [`UnixListener`], [`UnixDatagram`] and [`UnixSocket`] are re-exported by
//! [`net`](super); here are the types that go with them.
//!
//! An address is a path of the file system. On Linux and Android it may also be an abstract name,
//! which no file stands for and which vanishes with its socket: wherever a path is asked for, one
//! that begins with a zero byte is taken as an abstract name.

mod connect;
mod datagram;
mod listener;
mod socket;
mod socketaddr;
mod split;
mod stream;
#[expect(
    unsafe_code,
    reason = "the peer's identity has no safe interface in std or socket2"
)]
mod ucred;

pub use datagram::UnixDatagram;
pub use listener::UnixListener;
pub use socket::UnixSocket;
pub use socketaddr::SocketAddr;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::UnixStream;
pub use ucred::UCred;

/// The system's number of a user.
#[expect(non_camel_case_types, reason = "the name that POSIX gives it")]
pub type uid_t = u32;

/// The system's number of a group of users.
#[expect(non_camel_case_types, reason = "the name that POSIX gives it")]
pub type gid_t = u32;

/// The system's number of a process.
#[expect(non_camel_case_types, reason = "the name that POSIX gives it")]
pub type pid_t = i32;
