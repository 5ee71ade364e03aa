//! Connecting a Unix stream, also to a listener that is busy.
//!
//! A connection in the Unix domain is made at once or not at all, so a non-blocking `connect` does
//! not begin something that the driver could wait for. When the listener's backlog is full, Linux
//! answers `EAGAIN` and never tells when there is room again; only a *blocking* `connect` waits for
//! that. So in this case, and only in it, the connect is made by a thread of the offload pool.
//!
//! Rejected: giving `EAGAIN` to the caller, as tokio does, who can do nothing better than to sleep
//! and try again; and doing so for him, which needs a timer and lets others overtake him.

use std::io;
use std::os::unix::net;
use std::time::Duration;

use socket2::{SockAddr, Socket};

use crate::sync::Arc;

/// How long the thread of a connect that its caller has given up goes on at most.
///
/// Each slice costs the waiting thread one system call more, which at ten a second is nothing. Not
/// measured.
const SLICE: Duration = Duration::from_millis(100);

/// Connects `socket` to `addr`, and returns it non-blocking.
///
/// If the future is dropped the socket is closed, in a [`SLICE`] of time at the latest.
pub(super) async fn connect(socket: Socket, addr: SockAddr) -> io::Result<net::UnixStream> {
    socket.set_nonblocking(true)?;
    match socket.connect(&addr) {
        Ok(()) => Ok(socket.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_in_line(socket, addr).await,
        Err(error) => Err(error),
    }
}

async fn wait_in_line(socket: Socket, addr: SockAddr) -> io::Result<net::UnixStream> {
    // The thread knows by the count that the future has been dropped.
    let wanted = Arc::new(());
    let token = wanted.clone();
    let job = mainspring_executor::spawn_blocking(move || {
        connect_blocking(&socket, &addr, || Arc::strong_count(&token) > 1)?;
        Ok(socket.into())
    });
    let result = job.await;
    drop(wanted);
    result.unwrap_or_else(|error| {
        let message = format!("the connection was not made: {error}");
        Err(io::Error::new(io::Error::from(error).kind(), message))
    })
}

fn connect_blocking(
    socket: &Socket,
    addr: &SockAddr,
    is_wanted: impl Fn() -> bool,
) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    // The time limit for sending is also the one for connecting.
    socket.set_write_timeout(Some(SLICE))?;
    loop {
        match socket.connect(addr) {
            Ok(()) => break,
            Err(error) if !may_succeed_later(&error) => return Err(error),
            Err(_) if !is_wanted() => return Err(io::ErrorKind::Interrupted.into()),
            Err(_) => {}
        }
    }
    socket.set_write_timeout(None)?;
    socket.set_nonblocking(true)
}

fn may_succeed_later(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
