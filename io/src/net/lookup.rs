//! Looking up names: [`lookup_host`], and what every socket does with an address that it is given.
//!
//! The system's resolver has no asynchronous form, so a look-up is a job for a thread of the
//! offload pool: one of a few that are there for look-ups alone, since a name server that does not
//! answer holds each for seconds. Literal addresses never get that far: they cost no task, no
//! thread and no allocation.

use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::{fmt, io};

use mainspring_executor::{Handle, Reserved};

use super::addr::sealed::Destination;
use super::addr::{Addresses, ToSocketAddrs};
use crate::handle::HOW;

/// Looks up a host, and gives its addresses in the order in which the system's resolver prefers
/// them.
///
/// This is what the sockets do with the address that they are given; call it when you want to see
/// the addresses, choose among them, or look up once and connect often. Names are looked up by the
/// system's resolver (`getaddrinfo`), with its configuration and without a cache of ours. A literal
/// address comes back as it is, at once.
///
/// # Cancel safety
///
/// Nothing is lost when the future is dropped. A look-up that waits for its turn is then not made. One
/// that has been begun goes on in its thread, as the system gives no means to stop it, and its
/// result is thrown away.
///
/// # Errors
///
/// - [`InvalidInput`](io::ErrorKind::InvalidInput), when the text has no port, or the list of
///   addresses is empty.
/// - The resolver's error, with the host's name in its message, when the host is unknown or the
///   resolver cannot be reached.
/// - An error that names the host, when the runtime shut down before the look-up was made, or the
///   system refused it a thread.
///
/// The iterator always has at least one address.
///
/// # Panics
///
/// When it is polled outside a runtime and a name must be looked up.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// for addr in mainspring::net::lookup_host("localhost:3000").await? {
///     println!("{addr}");
/// }
/// # Ok(())
/// # }
/// ```
pub async fn lookup_host<T>(host: T) -> io::Result<impl Iterator<Item = SocketAddr>>
where
    T: ToSocketAddrs,
{
    resolve(host).await
}

/// The addresses that `addr` stands for; at least one.
///
/// Not an `async fn`, so that the future does not carry `addr` itself.
pub(crate) fn resolve<A>(addr: A) -> impl Future<Output = io::Result<Addresses>> + Send + use<A>
where
    A: ToSocketAddrs,
{
    resolve_destination(addr.destination())
}

/// Tries the addresses in turn until `attempt` accepts one; the last error if it accepts none.
pub(crate) async fn try_each<A, R>(
    addr: A,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R>
where
    A: ToSocketAddrs,
{
    let mut last_error = None;
    for addr in resolve(addr).await? {
        match attempt(addr) {
            Ok(done) => return Ok(done),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error.unwrap_or_else(no_address))
}

async fn resolve_destination(destination: io::Result<Destination>) -> io::Result<Addresses> {
    match destination? {
        Destination::One(addr) => Ok(Addresses::one(addr)),
        Destination::Many(addrs) if addrs.is_empty() => Err(no_address()),
        Destination::Many(addrs) => Ok(Addresses::many(addrs)),
        Destination::Name { host, port } => look_up(host, port).await,
    }
}

async fn look_up(host: String, port: u16) -> io::Result<Addresses> {
    let Some(executor) = Handle::try_current() else {
        panic!(
            "the name `{host}` was to be looked up (by `lookup_host`, `connect` or `bind`) on a \
             thread that is not inside a Mainspring runtime; {HOW}"
        )
    };
    let asked = host.clone();
    let job = executor.run_reserved(Reserved::Lookups, move || {
        (asked.as_str(), port)
            .to_socket_addrs()
            .map(Iterator::collect::<Vec<_>>)
    });
    match job.await {
        Ok(Ok(addrs)) if addrs.is_empty() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the host `{host}` has no address"),
        )),
        Ok(Ok(addrs)) => Ok(Addresses::many(addrs)),
        Ok(Err(source)) => Err(io::Error::new(source.kind(), LookupError { host, source })),
        Err(error) => {
            let text = format!("the look-up of `{host}` was not finished: {error}");
            Err(io::Error::new(io::Error::from(error).kind(), text))
        }
    }
}

fn no_address() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "the list of socket addresses is empty",
    )
}

/// The resolver's error, and the name that it was asked for, which the resolver does not mention.
#[derive(Debug)]
struct LookupError {
    /// The host, without the port.
    host: String,
    /// What the resolver said.
    source: io::Error,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot look up the host `{}`: {}",
            self.host, self.source
        )
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
