//! Streams that are taken over from std: one whose connect has only begun is not yet writable.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::pin::pin;
use std::task::{Context, Waker};

use mainspring_io::net::TcpStream;
use socket2::{Domain, Socket, Type};

mod support;
use support::block_on;

/// Begins to connect, and does not wait. Some systems tell at once that nobody listens.
fn begin(addr: SocketAddr) -> io::Result<(StdStream, Option<io::Error>)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let begun = socket.connect(&addr.into());
    Ok((socket.into(), begun.err()))
}

#[test]
fn a_stream_that_nobody_has_answered_tells_its_error_once_it_is_writable() -> io::Result<()> {
    // Nobody listens on a port that was free a moment ago.
    let refused = StdListener::bind("127.0.0.1:0")?.local_addr()?;
    block_on(async {
        let (stream, at_once) = begin(refused)?;
        let stream = TcpStream::from_std(stream)?;
        stream.writable().await?;
        let error = stream.take_error()?.or(at_once).expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    })
}

#[test]
fn a_stream_that_is_connected_is_writable_at_once() -> io::Result<()> {
    let listener = StdListener::bind("127.0.0.1:0")?;
    let client = StdStream::connect(listener.local_addr()?)?;
    block_on(async {
        let stream = TcpStream::from_std(client)?;
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(stream.writable()).poll(&mut cx).is_ready());
        assert_eq!(stream.try_write(b"hello")?, 5);
        Ok(())
    })
}

#[cfg(target_os = "linux")]
mod backlog {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn busy_listener() -> io::Result<(StdListener, SocketAddr)> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        socket.listen(0)?;
        let listener = StdListener::from(socket);
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    }

    /// The listener's backlog is full, so that the system answers no more requests for a connection. It
    /// repeats them after a second, and then after two.
    #[test]
    fn a_stream_that_is_connecting_becomes_writable_once_it_is_connected() -> io::Result<()> {
        let (listener, addr) = busy_listener()?;
        let mut clients = Vec::new();
        let connecting = loop {
            let (client, _) = begin(addr)?;
            if client.peer_addr().is_err() {
                break client;
            }
            clients.push(client);
            assert!(clients.len() < 100, "the backlog has no end");
        };
        block_on(async {
            let stream = TcpStream::from_std(connecting)?;
            {
                let mut cx = Context::from_waker(Waker::noop());
                let mut writable = pin!(stream.writable());
                assert!(writable.as_mut().poll(&mut cx).is_pending());
                assert!(stream.try_write(b"early").is_err());
                assert!(writable.as_mut().poll(&mut cx).is_pending());
            }
            let server = thread::spawn(move || {
                thread::sleep(Duration::from_millis(50));
                (0..=clients.len())
                    .map(|_| listener.accept())
                    .collect::<Result<Vec<_>, _>>()
            });
            stream.writable().await?;
            assert!(stream.take_error()?.is_none());
            assert_eq!(stream.peer_addr()?, addr);
            assert_eq!(stream.try_write(b"hello")?, 5);
            server.join().expect("no panic")?;
            Ok(())
        })
    }
}
