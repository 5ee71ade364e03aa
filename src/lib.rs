//! Mainspring is an async runtime: per-core worker threads that steal tasks from one another, one
//! driver for sockets and timers, and a pool for jobs that block or compute.
//!
//! Its public shape is tokio's: an application moves over by one line of its manifest,
//! `tokio = { package = "mainspring", version = "0.1", features = ["full"] }`.
//!
//! ```
//! use mainspring::io::{AsyncReadExt, AsyncWriteExt};
//! use mainspring::net::{TcpListener, TcpStream};
//!
//! #[mainspring::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = mainspring::spawn(async move {
//!         let (mut stream, _) = listener.accept().await?;
//!         stream.write_all(b"hello").await
//!     });
//!     let mut text = String::new();
//!     TcpStream::connect(address).await?.read_to_string(&mut text).await?;
//!     assert_eq!(text, "hello");
//!     server.await?
//! }
//! ```
//!
//! # What is where
//!
//! | module | what |
//! |---|---|
//! | [`runtime`] | building, entering and ending a runtime |
//! | [`task`] | spawning, joining, aborting, offloading |
//! | [`time`] | sleep, interval, timeout, a clock that tests can pause |
//! | [`net`] | TCP, UDP and Unix sockets, name look-up |
//! | [`fs`] | files |
//! | [`io`], [`sync`], [`select!`], [`join!`] | the half of tokio that needs no runtime, re-exported: the types that the ecosystem is written to |
//! | [`loom`] | your own code, on this runtime, in every interleaving |
//! | `hyper` | hyper's traits (feature `hyper`) |
//!
//! The re-exported channels and locks have no part in the budget of a poll: a loop round a channel that
//! is never empty should call [`task::consume_budget`] in each round, or wrap its future in
//! [`task::coop::cooperative`]. Without that only the monitor helps the tasks behind it.

// So that `#[mainspring::test]` works in this crate's own tests.
extern crate self as mainspring;

pub mod io;
pub mod loom;
pub mod runtime;
pub mod task;

#[cfg(feature = "fs")]
pub mod fs;
#[cfg(feature = "hyper")]
#[expect(unsafe_code, reason = "hyper's read buffer lends uninitialised memory")]
pub mod hyper;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "time")]
pub mod time;

#[cfg(feature = "sync")]
#[doc(inline)]
pub use tokio::sync;

#[cfg(feature = "macros")]
#[doc(inline)]
pub use mainspring_macros::{main, test};
#[doc(inline)]
pub use tokio::pin;
#[cfg(all(feature = "macros", not(mainspring_loom)))]
#[doc(inline)]
pub use tokio::select;
#[cfg(feature = "macros")]
#[doc(inline)]
pub use tokio::{join, try_join};

#[doc(inline)]
pub use task::spawn;
