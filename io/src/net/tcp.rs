//! TCP: the halves of a split [`TcpStream`], and what the three socket types are made of.
//!
//! [`TcpStream`], [`TcpListener`] and [`TcpSocket`] are re-exported by [`net`](super).

mod listener;
mod socket;
mod split;
mod stream;

pub use listener::TcpListener;
pub use socket::TcpSocket;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::TcpStream;
