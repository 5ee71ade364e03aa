//! Peers that reset the connection, at each stage of it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener as StdListener, TcpStream as StdStream, UdpSocket as StdUdp};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream, UdpSocket};
use mainspring::task::yield_now;
use mainspring::time::{Duration, sleep};

use super::{assert_unharmed, on_each};
use crate::process::{self, Belongings};

/// A stream and its peer, which is the system's own and does what it is told to.
async fn pair() -> (TcpStream, StdStream) {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let stream = TcpStream::connect(addr).await.expect("it listens");
    let (peer, _) = listener.accept().expect("it has connected");
    (stream, peer)
}

/// Ends the connection with a reset.
fn reset(peer: StdStream) {
    let socket = std_linger::of(OwnedFd::from(peer));
    socket.expect("it is a socket");
}

/// Closing with a linger of zero, which the standard library does not offer: the runtime's own
/// socket does it.
mod std_linger {
    use super::{OwnedFd, StdStream, TcpStream, io};

    pub(super) fn of(fd: OwnedFd) -> io::Result<()> {
        let stream = StdStream::from(fd);
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream)?;
        stream.set_zero_linger()
    }
}

fn is_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

#[track_caller]
fn assert_cut<T: std::fmt::Debug>(result: io::Result<T>) {
    let error = result.expect_err("the peer has reset it");
    assert!(is_cut(&error), "{error:?}");
}

/// Runs a test on each runtime, and sees to it that no socket is left.
fn with_peers<F: Future<Output = ()>>(body: impl Fn() -> F) {
    let _alone = process::alone();
    let before = Belongings::now();
    on_each(|| async {
        body().await;
        assert_unharmed().await;
    });
    before.wait_until_back().expect("nothing is left");
}

#[test]
fn a_connection_that_nobody_takes_is_refused() {
    with_peers(|| async {
        let listener = StdListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        drop(listener);
        let error = TcpStream::connect(addr).await.expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_connection_whose_listener_closes_before_it_is_accepted_is_reset() {
    with_peers(|| async {
        let listener = StdListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let mut stream = TcpStream::connect(addr).await.expect("it listens");
        let waiting = mainspring::spawn(async move {
            let read = stream.read(&mut [0; 8]).await;
            let wrote = stream.write_all(b"late").await;
            (read, wrote)
        });
        sleep(Duration::from_millis(5)).await;
        drop(listener);
        let (read, wrote) = waiting.await.expect("it does not panic");
        assert_cut(read);
        assert_cut(wrote);
    });
}

#[test]
fn a_client_that_resets_before_it_is_accepted_harms_no_other() {
    with_peers(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        for _ in 0..5 {
            reset(StdStream::connect(addr).expect("it listens"));
        }
        let mut good = StdStream::connect(addr).expect("it listens");
        good.write_all(b"good").expect("there is room");
        let mut cut = 0;
        loop {
            let (mut stream, _) = listener.accept().await.expect("the listener is well");
            let mut buffer = [0; 4];
            match stream.read_exact(&mut buffer).await {
                Ok(_) => break assert_eq!(&buffer, b"good"),
                Err(error) => assert!(is_cut(&error), "{error:?}"),
            }
            cut += 1;
            assert!(cut <= 5, "the good one does not come");
        }
    });
}

#[test]
fn a_reset_before_the_first_byte_wakes_the_reader() {
    with_peers(|| async {
        let (mut stream, peer) = pair().await;
        let reader = mainspring::spawn(async move { stream.read(&mut [0; 8]).await });
        yield_now().await;
        sleep(Duration::from_millis(2)).await;
        assert!(!reader.is_finished());
        reset(peer);
        assert_cut(reader.await.expect("it does not panic"));
    });
}

#[test]
fn a_reset_in_mid_stream_comes_after_what_was_read() {
    with_peers(|| async {
        let (mut stream, mut peer) = pair().await;
        peer.write_all(b"half a mess").expect("there is room");
        let mut buffer = [0; 11];
        stream
            .read_exact(&mut buffer)
            .await
            .expect("it was sent before");
        assert_eq!(&buffer, b"half a mess");
        let reader = mainspring::spawn(async move {
            let read = stream.read(&mut [0; 8]).await;
            (stream, read)
        });
        sleep(Duration::from_millis(2)).await;
        reset(peer);
        let (mut stream, read) = reader.await.expect("it does not panic");
        assert_cut(read);
        // The error is told once. From then on it is a stream that has ended.
        assert_eq!(stream.read(&mut [0; 8]).await.ok(), Some(0));
        assert_cut(stream.write_all(b"late").await);
    });
}

#[test]
fn a_reset_wakes_a_writer_that_waits_for_room() {
    with_peers(|| async {
        let (mut stream, peer) = pair().await;
        let blocks = Arc::new(AtomicUsize::new(0));
        let sent = Arc::clone(&blocks);
        let writer = mainspring::spawn(async move {
            let block = vec![7; 1 << 16];
            loop {
                match stream.write_all(&block).await {
                    Ok(()) => sent.fetch_add(1, Ordering::SeqCst),
                    Err(error) => return error,
                };
            }
        });
        // It waits when nothing is sent any more.
        let mut before = 0;
        loop {
            sleep(Duration::from_millis(20)).await;
            let now = blocks.load(Ordering::SeqCst);
            if now > 0 && now == before {
                break;
            }
            before = now;
        }
        assert!(!writer.is_finished());
        reset(peer);
        let error = writer.await.expect("it does not panic");
        assert!(is_cut(&error), "{error:?}");
    });
}

#[test]
fn a_reset_wakes_both_halves_of_a_split_stream() {
    with_peers(|| async {
        let (stream, peer) = pair().await;
        let (mut reader, mut writer) = stream.into_split();
        let reading = mainspring::spawn(async move { reader.read(&mut [0; 8]).await });
        let writing = mainspring::spawn(async move {
            let block = vec![7; 1 << 16];
            loop {
                if let Err(error) = writer.write_all(&block).await {
                    return error;
                }
            }
        });
        sleep(Duration::from_millis(20)).await;
        assert!(!reading.is_finished() && !writing.is_finished());
        reset(peer);
        let error = writing.await.expect("it does not panic");
        let read = reading.await.expect("it does not panic");
        // The socket tells its error once: one of the two learns it, the other finds the stream
        // ended.
        let told = is_cut(&error) && read.as_ref().is_ok_and(|count| *count == 0)
            || read.as_ref().is_err_and(is_cut) && is_cut(&error);
        assert!(told, "{read:?}, {error:?}");
    });
}

#[test]
fn a_reset_after_our_shutdown_is_the_reader_s_error() {
    with_peers(|| async {
        let (mut stream, mut peer) = pair().await;
        stream.write_all(b"all").await.expect("there is room");
        stream.shutdown().await.expect("it is connected");
        let mut all = String::new();
        peer.read_to_string(&mut all).expect("it was sent");
        assert_eq!(all, "all");
        let reader = mainspring::spawn(async move { stream.read(&mut [0; 8]).await });
        sleep(Duration::from_millis(2)).await;
        reset(peer);
        assert_cut(reader.await.expect("it does not panic"));
    });
}

#[test]
fn a_peer_that_closes_with_our_bytes_unread_resets() {
    with_peers(|| async {
        let (mut stream, peer) = pair().await;
        stream
            .write_all(b"nobody reads this")
            .await
            .expect("there is room");
        drop(peer);
        assert_cut(stream.read(&mut [0; 8]).await);
    });
}

#[test]
fn a_peer_s_shutdown_and_then_its_reset_are_an_end_and_then_an_error() {
    with_peers(|| async {
        let (mut stream, mut peer) = pair().await;
        peer.write_all(b"bye").expect("there is room");
        peer.shutdown(Shutdown::Write).expect("it is connected");
        let mut all = String::new();
        stream.read_to_string(&mut all).await.expect("it has ended");
        assert_eq!(all, "bye");
        reset(peer);
        let mut result = Ok(());
        for _ in 0..1_000 {
            result = stream.write_all(b"late").await;
            if result.is_err() {
                break;
            }
            sleep(Duration::from_millis(1)).await;
        }
        assert_cut(result);
    });
}

#[test]
fn a_datagram_to_nobody_is_the_next_call_s_error_and_the_socket_lives() {
    with_peers(|| async {
        let peer = StdUdp::bind("127.0.0.1:0").expect("a port is free");
        let addr = peer.local_addr().expect("it is bound");
        let socket = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        socket.connect(addr).await.expect("it is an address");
        drop(peer);
        socket
            .send(b"to nobody")
            .await
            .expect("the system takes it");
        let error = socket.recv(&mut [0; 8]).await.expect_err("nobody is there");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let peer = StdUdp::bind(addr).expect("the port is still free");
        peer.send_to(b"alive", socket.local_addr().expect("it is bound"))
            .expect("it is bound");
        let mut buffer = [0; 8];
        assert_eq!(socket.recv(&mut buffer).await.expect("it was sent"), 5);
    });
}
