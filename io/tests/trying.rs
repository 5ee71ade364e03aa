//! Sockets that are only tried and never waited for: one that was full is written again when it has
//! room.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener as StdListener, TcpStream as StdStream};
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mainspring_io::net::{TcpListener, TcpStream};
use mainspring_io::{Handle, Interest};
use tokio::io::AsyncWrite;

mod support;
use support::{park_on, with_driver_thread};

/// Long enough for the driver to report what is the case.
const BOUND: Duration = Duration::from_secs(10);

fn is_would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Tries until there is another answer than that it would block, with pauses in which the driver's
/// thread turns.
fn tried<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let start = Instant::now();
    loop {
        let result = attempt();
        if !is_would_block(&result) {
            return result;
        }
        assert!(start.elapsed() < BOUND, "it would block for ever");
        thread::sleep(Duration::from_millis(1));
    }
}

fn std_pair() -> (StdStream, StdStream) {
    let listener = StdListener::bind("127.0.0.1:0").expect("a listener");
    let addr = listener.local_addr().expect("an address");
    let peer = StdStream::connect(addr).expect("a connection");
    let (stream, _) = listener.accept().expect("a connection");
    (stream, peer)
}

/// The ways to a stream, and a peer that blocks.
fn pairs(handle: &Handle) -> [(TcpStream, StdStream); 3] {
    let _entered = handle.enter();
    park_on(async {
        let (stream, peer) = std_pair();
        let taken_over = TcpStream::from_std(stream).expect("a registration");

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let addr = listener.local_addr().expect("an address");
        let client = StdStream::connect(addr).expect("a connection");
        let (accepted, _) = listener.accept().await.expect("a connection");

        let listener = StdListener::bind("127.0.0.1:0").expect("a listener");
        let addr = listener.local_addr().expect("an address");
        let connected = TcpStream::connect(addr).await.expect("a connection");
        let (server, _) = listener.accept().expect("a connection");
        [(taken_over, peer), (accepted, client), (connected, server)]
    })
}

/// Reads what is there, and what comes for as long as the network within the machine may take.
fn drain(peer: &mut StdStream) {
    peer.set_read_timeout(Some(Duration::from_millis(100)))
        .expect("an option");
    let mut buf = vec![0; 1 << 16];
    while peer.read(&mut buf).is_ok_and(|n| n > 0) {}
}

#[test]
fn a_stream_that_was_full_is_written_again_when_the_peer_has_read() {
    with_driver_thread(|handle| {
        for (stream, mut peer) in pairs(handle) {
            for _ in 0..3 {
                let block = [7; 1 << 16];
                while stream.try_write(&block).is_ok() {}
                drain(&mut peer);
                assert!(tried(|| stream.try_write(&block)).expect("there is room") > 0);
            }
        }
    });
}

#[test]
fn a_stream_that_has_taken_a_part_is_written_again_when_the_peer_has_read() {
    with_driver_thread(|handle| {
        for (stream, mut peer) in pairs(handle) {
            let block = vec![7; 64 << 20];
            let n = stream.try_write(&block).expect("there is room");
            assert!(n < block.len());
            drain(&mut peer);
            assert!(tried(|| stream.try_write(&block)).expect("there is room") > 0);
        }
    });
}

#[test]
fn a_stream_that_nobody_waits_for_is_read_when_something_has_come() {
    with_driver_thread(|handle| {
        for (stream, mut peer) in pairs(handle) {
            let mut buf = [0; 8];
            for _ in 0..3 {
                assert!(is_would_block(&stream.try_read(&mut buf)));
                peer.write_all(b"news").expect("room");
                assert_eq!(tried(|| stream.try_read(&mut buf)).expect("news"), 4);
            }
        }
    });
}

/// What is written by a poll and what is only tried may be mixed.
#[test]
fn a_stream_that_was_filled_by_a_poll_can_be_tried() {
    with_driver_thread(|handle| {
        for (stream, mut peer) in pairs(handle) {
            let mut stream = pin!(stream);
            let block = vec![7; 64 << 20];
            let mut cx = Context::from_waker(Waker::noop());
            assert!(stream.as_mut().poll_write(&mut cx, &block).is_ready());
            drain(&mut peer);
            assert!(tried(|| stream.try_write(&block)).expect("there is room") > 0);
        }
    });
}

/// The end of what the peer writes satisfies each wait for either direction at once.
#[test]
fn a_large_answer_to_a_peer_that_has_closed_its_half_gets_through() {
    const ANSWER: usize = 16 << 20;
    with_driver_thread(|handle| {
        for (stream, mut peer) in pairs(handle) {
            peer.write_all(b"?").expect("room");
            peer.shutdown(Shutdown::Write).expect("a connection");
            let client = thread::spawn(move || {
                thread::sleep(Duration::from_millis(50));
                let mut answer = Vec::new();
                peer.set_read_timeout(Some(BOUND)).expect("an option");
                peer.read_to_end(&mut answer).map(|_| answer.len())
            });
            park_on(answer(&stream, ANSWER)).expect("a connection");
            drop(stream);
            let received = client.join().expect("no panic");
            assert_eq!(received.expect("the whole answer"), ANSWER);
        }
    });
}

/// The loop of the documentation of `ready`.
async fn answer(stream: &TcpStream, mut left: usize) -> io::Result<()> {
    let start = Instant::now();
    let block = vec![7; 1 << 20];
    while left > 0 {
        assert!(start.elapsed() < 3 * BOUND, "it makes no progress");
        let ready = stream
            .ready(Interest::READABLE | Interest::WRITABLE)
            .await?;
        if ready.is_readable() {
            let result = stream.try_read(&mut [0; 16]);
            assert!(result.is_ok() || is_would_block(&result), "{result:?}");
        }
        if ready.is_writable() {
            match stream.try_write(&block[..left.min(block.len())]) {
                Ok(n) => left -= n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
mod datagrams {
    use std::os::unix::net::UnixDatagram as StdDatagram;

    use mainspring_io::net::{UdpSocket, UnixDatagram};

    use super::*;

    #[test]
    fn a_sender_that_drops_what_would_block_sends_again_when_the_receiver_has_read() {
        with_driver_thread(|handle| {
            let _entered = handle.enter();
            let (sender, receiver) = StdDatagram::pair().expect("a pair");
            sender.set_nonblocking(true).expect("an option");
            let sender = UnixDatagram::from_std(sender).expect("a registration");
            receiver.set_nonblocking(true).expect("an option");
            for _ in 0..3 {
                let mut sent = 0;
                while sender.try_send(b"news").is_ok() {
                    sent += 1;
                }
                // For as long as nobody reads it stays full, also when it is tried again.
                assert!(is_would_block(&sender.try_send(b"news")));
                for _ in 0..sent {
                    receiver.recv(&mut [0; 8]).expect("what was sent");
                }
                assert_eq!(tried(|| sender.try_send(b"news")).expect("room"), 4);
                receiver.recv(&mut [0; 8]).expect("what was sent");
            }
        });
    }

    /// Its socket is never full within the machine, so that the operation only says so.
    #[test]
    fn an_operation_that_says_it_would_block_is_made_again() {
        with_driver_thread(|handle| {
            let _entered = handle.enter();
            let socket = park_on(UdpSocket::bind("127.0.0.1:0")).expect("a socket");
            let addr = socket.local_addr().expect("an address");
            let blocked = socket.try_io(Interest::WRITABLE, || {
                io::Result::<()>::Err(io::ErrorKind::WouldBlock.into())
            });
            assert!(is_would_block(&blocked));
            assert_eq!(
                tried(|| socket.try_send_to(b"news", addr)).expect("room"),
                4
            );
        });
    }
}
