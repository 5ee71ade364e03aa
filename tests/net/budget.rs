//! Sockets that are always ready let the others have their turn, and lose nothing by it.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::net::{TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring::io::unix::AsyncFd;
use mainspring::io::{AsyncReadExt, Interest};
use mainspring::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::lone::{BUDGET, assert_lets_a_neighbour_run, on_a_lone_worker, take_all};

const ROUNDS: usize = 1000;

/// A stream, and its peer, which has sent this many bytes: 0, 1, 2 and so on.
async fn flooded(bytes: usize) -> (TcpStream, StdTcpStream) {
    let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let stream = TcpStream::connect(addr).await.expect("it listens");
    let (mut peer, _) = listener.accept().expect("it has connected");
    let sent: Vec<u8> = (0..bytes).map(|n| n as u8).collect();
    peer.write_all(&sent).expect("there is room");
    stream.readable().await.expect("the runtime lives");
    (stream, peer)
}

/// A socket that may always send.
async fn sender() -> (UdpSocket, std::net::UdpSocket) {
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let socket = UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = receiver.local_addr().expect("it is bound");
    socket.connect(addr).await.expect("it can be connected");
    (socket, receiver)
}

#[test]
fn a_peer_that_has_sent_much_lets_the_neighbour_run_and_every_byte_arrives() {
    on_a_lone_worker(|| async {
        let (mut stream, peer) = flooded(ROUNDS).await;
        drop(peer);
        assert_lets_a_neighbour_run(|tally| async move {
            for n in 0..ROUNDS {
                assert_eq!(stream.read_u8().await.expect("it was sent"), n as u8);
                tally.count();
            }
            assert_eq!(stream.read(&mut [0]).await.expect("the end"), 0);
        })
        .await;
    });
}

#[test]
fn waiting_for_a_readiness_that_stays_lets_the_neighbour_run() {
    on_a_lone_worker(|| async {
        let (stream, _peer) = flooded(1).await;
        assert_lets_a_neighbour_run(|tally| async move {
            for round in 0..ROUNDS {
                match round % 3 {
                    0 => stream.readable().await.expect("the runtime lives"),
                    1 => poll_fn(|cx| stream.poll_write_ready(cx))
                        .await
                        .expect("the runtime lives"),
                    _ => drop(stream.ready(Interest::READABLE | Interest::WRITABLE).await),
                }
                tally.count();
            }
        })
        .await;
    });
}

#[test]
fn sending_without_end_lets_the_neighbour_run() {
    on_a_lone_worker(|| async {
        let (socket, _receiver) = sender().await;
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..ROUNDS {
                // What the receiver has no room for is dropped on the way.
                assert_eq!(socket.send(b"x").await.expect("it is sent"), 1);
                tally.count();
            }
        })
        .await;
        let (socket, _receiver) = sender().await;
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..ROUNDS {
                let sent = poll_fn(|cx| socket.poll_send(cx, b"x")).await;
                assert_eq!(sent.expect("it is sent"), 1);
                tally.count();
            }
        })
        .await;
    });
}

#[test]
fn a_descriptor_that_stays_ready_lets_the_neighbour_run() {
    on_a_lone_worker(|| async {
        let (near, mut far) = StdUnixStream::pair().expect("the system has descriptors");
        near.set_nonblocking(true).expect("it can be set");
        far.write_all(b"x").expect("there is room");
        let near = AsyncFd::new(near).expect("it can be watched");
        assert_lets_a_neighbour_run(|tally| async move {
            for round in 0..ROUNDS {
                if round % 2 == 0 {
                    let mut guard = near.readable().await.expect("the runtime lives");
                    guard.retain_ready();
                } else {
                    near.async_io(Interest::READABLE, |_| Ok(()))
                        .await
                        .expect("the runtime lives");
                }
                tally.count();
            }
        })
        .await;
    });
}

#[test]
fn a_crowd_of_clients_lets_the_neighbour_run() {
    on_a_lone_worker(|| async {
        const CLIENTS: usize = BUDGET + 20;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("it is bound");
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| StdTcpStream::connect(addr).expect("there is room in the backlog"))
            .collect();
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..CLIENTS {
                listener.accept().await.expect("a client waits");
                tally.count();
            }
        })
        .await;
        drop(clients);
    });
}

#[test]
fn waiting_for_data_costs_nothing() {
    on_a_lone_worker(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("it is bound");
        let _peer = StdTcpStream::connect(addr).expect("it listens");
        let (mut stream, _) = listener.accept().await.expect("it has connected");
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        yield_now().await;
        poll_fn(|cx| {
            // An accepted connection is tried once, in vain; after that it is known to be silent.
            for _ in 0..3 * BUDGET {
                let mut byte = [0];
                assert!(pin!(stream.read(&mut byte)).poll(cx).is_pending());
                assert!(pin!(stream.readable()).poll(cx).is_pending());
                assert!(pin!(listener.accept()).poll(cx).is_pending());
                assert!(pin!(socket.recv(&mut byte)).poll(cx).is_pending());
            }
            assert_eq!(take_all(cx), BUDGET);
            Poll::Ready(())
        })
        .await;
    });
}

#[test]
fn a_flood_starves_neither_another_socket_nor_a_timer() {
    on_a_lone_worker(|| async {
        let (mut stream, _peer) = flooded(ROUNDS).await;
        let (near, mut far) = StdUnixStream::pair().expect("the system has descriptors");
        near.set_nonblocking(true).expect("it can be set");
        let mut near = UnixStream::from_std(near).expect("there is a driver");
        let served = mainspring::spawn(async move { near.read_u8().await });
        let timer = mainspring::spawn(sleep(Duration::from_millis(1)));
        for _ in 0..=BUDGET {
            stream.read_u8().await.expect("it was sent");
        }
        // Both wait by now.
        far.write_all(b"x").expect("there is room");
        thread::sleep(Duration::from_millis(2));
        for _ in 0..=BUDGET {
            stream.read_u8().await.expect("it was sent");
        }
        assert!(served.is_finished());
        assert!(timer.is_finished());
    });
}
