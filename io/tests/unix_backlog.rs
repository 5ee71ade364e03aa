//! Connecting to a Unix listener whose backlog is full, where the kernel gives no event to wait
//! for.

#![cfg(target_os = "linux")]

use std::future::poll_fn;
use std::io;
use std::os::unix::net::UnixStream as Blocking;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring_io::net::{UnixListener, UnixSocket, UnixStream};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::join;

mod support;
use support::block_on_with_pool;

/// A listener with the least backlog, under a name of its own, and the clients that fill it.
fn full_listener(name: &str) -> io::Result<(String, UnixListener, Vec<Blocking>)> {
    let path = format!("\0mainspring-backlog-{}-{name}", std::process::id());
    let socket = UnixSocket::new_stream()?;
    socket.bind(&path)?;
    let listener = socket.listen(1)?;
    let addr = SockAddr::unix(&path)?;
    let mut clients = Vec::new();
    loop {
        let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        client.set_nonblocking(true)?;
        match client.connect(&addr) {
            Ok(()) => clients.push(client.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
        assert!(clients.len() < 100, "the backlog is never full");
    }
    Ok((path, listener, clients))
}

/// Runs a test that may block its thread for good, or its pool's, if what it tests is wrong.
fn bounded<T: Send + 'static>(
    test: impl Future<Output = io::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let (send, result) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens any more if the limit has passed.
        let _ = send.send(block_on_with_pool(test));
    });
    result
        .recv_timeout(Duration::from_secs(30))
        .expect("the test panicked or hangs")
}

#[test]
fn a_connect_waits_for_room_in_the_backlog() -> io::Result<()> {
    bounded(async {
        let (path, listener, clients) = full_listener("room")?;
        let accept_all = async {
            let mut accepted = Vec::new();
            for _ in 0..=clients.len() {
                accepted.push(listener.accept().await?.0);
            }
            io::Result::Ok(accepted)
        };
        let (connected, accepted) = join!(UnixStream::connect(&path), accept_all);
        let (mut client, mut accepted) = (connected?, accepted?);
        // It is the last one in the line, and it works as any other stream.
        client.write_all(b"hello").await?;
        let mut buf = [0; 5];
        let server = accepted.last_mut().expect("there is at least our own");
        server.read_exact(&mut buf).await?;
        server.write_all(&buf).await?;
        client.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"hello");
        assert!(
            client.try_read(&mut buf).is_err(),
            "it is non-blocking again"
        );
        Ok(())
    })
}

#[test]
fn a_connect_that_is_dropped_frees_its_thread() -> io::Result<()> {
    // What is returned lives on while the pool waits for its threads.
    let kept = bounded(async {
        let (path, listener, clients) = full_listener("dropped")?;
        {
            let mut connecting = pin!(UnixStream::connect(&path));
            poll_fn(|cx| {
                assert!(connecting.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        // Nobody accepts and nobody closes; only the dropped future can end the thread's wait.
        Ok((listener.into_std()?, clients))
    });
    kept.map(drop)
}

#[test]
fn a_listener_that_closes_ends_the_wait_with_an_error() -> io::Result<()> {
    bounded(async {
        let (path, listener, _clients) = full_listener("closed")?;
        let close = async {
            // The connect was polled first, and so it has met the full backlog.
            drop(listener);
        };
        let (connected, ()) = join!(biased; UnixStream::connect(&path), close);
        assert_eq!(
            connected.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        Ok(())
    })
}
