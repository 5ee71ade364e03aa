//! The traits of futures-io, and readiness by hand.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;

use mainspring::io::Interest;
use mainspring::net::{TcpListener, TcpStream, UnixStream};

use crate::each::in_each_runtime;

async fn write_all(stream: &mut (impl futures_io::AsyncWrite + Unpin), mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await;
        bytes = &bytes[written.expect("the peer is well")..];
    }
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx))
        .await
        .expect("the peer is well");
}

async fn read_to_end(stream: &mut (impl futures_io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    let mut block = [0; 1024];
    loop {
        match poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut block)).await {
            Ok(0) => return all,
            Ok(count) => all.extend_from_slice(&block[..count]),
            Err(error) => panic!("the peer is well, but: {error}"),
        }
    }
}

#[test]
fn the_traits_of_futures_io_carry_a_conversation() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let answering = mainspring::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            let question = read_to_end(&mut stream).await;
            write_all(&mut stream, &question).await;
        });
        let question: Vec<u8> = (0..500_000_u32).map(|n| n as u8).collect();
        let mut stream = TcpStream::connect(addr).await.expect("it listens");
        write_all(&mut stream, &question).await;
        poll_fn(|cx| futures_io::AsyncWrite::poll_close(Pin::new(&mut stream), cx))
            .await
            .expect("it is connected");
        assert!(read_to_end(&mut stream).await == question);
        answering.await.expect("no panic");
    });
}

#[test]
fn readiness_by_hand_misses_nothing() {
    in_each_runtime(|| async {
        let (near, far) = UnixStream::pair().expect("the system has descriptors");
        let writing = mainspring::spawn(async move {
            let mut left = 300_000_usize;
            while left > 0 {
                far.writable().await.expect("the driver is well");
                match far.try_write(&vec![9; left.min(10_000)]) {
                    Ok(count) => left -= count,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
        });
        let mut got = 0;
        let mut block = [0; 3_000];
        loop {
            let ready = near
                .ready(Interest::READABLE)
                .await
                .expect("the driver is well");
            assert!(ready.is_readable() || ready.is_read_closed(), "{ready:?}");
            match near.try_read(&mut block) {
                Ok(0) => break,
                Ok(count) => got += count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        assert_eq!(got, 300_000);
        writing.await.expect("no panic");
    });
}
