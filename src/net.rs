//! TCP, UDP and Unix sockets, and name look-up.

#[doc(inline)]
pub use mainspring_io::net::*;
