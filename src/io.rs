//! The traits of asynchronous input and output, their utilities, and readiness.
//!
//! The traits and utilities are tokio's own, re-exported: they are what the ecosystem is written
//! to, and they need no runtime. The sockets of [`net`](crate::net) implement them.

#[doc(inline)]
pub use tokio::io::*;

#[cfg(feature = "net")]
pub use mainspring_io::{Interest, Ready};

/// Descriptors of other things than sockets.
#[cfg(all(unix, feature = "net"))]
pub mod unix {
    #[doc(inline)]
    pub use mainspring_io::unix::*;
}
