//! The streams of `mainspring::loom::io`.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use loom::future::block_on;
use loom::thread;
use mainspring::loom::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use mainspring_loom::model;

async fn write(stream: &mut DuplexStream, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await
}

/// Reads into a buffer of 8 bytes; an empty answer is the end.
async fn read(stream: &mut DuplexStream) -> Vec<u8> {
    let mut bytes = [0; 8];
    let mut buffer = ReadBuf::new(&mut bytes);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer))
        .await
        .unwrap();
    buffer.filled().to_vec()
}

/// A writer that finds no room ∥ a reader that finds nothing: all bytes arrive, in their order, and
/// neither waits for ever.
#[test]
fn neither_side_is_forgotten() {
    model(|| {
        let (mut near, mut far) = duplex(1);
        let writer = thread::spawn(move || {
            block_on(async {
                for byte in *b"abc" {
                    assert_eq!(write(&mut near, &[byte]).await.unwrap(), 1);
                }
            });
        });
        let received = block_on(async {
            let mut received = Vec::new();
            loop {
                let bytes = read(&mut far).await;
                if bytes.is_empty() {
                    return received;
                }
                received.extend(bytes);
            }
        });
        assert_eq!(received, b"abc");
        writer.join().unwrap();
    });
}

/// A writer that waits for room ∥ the reader goes away: the writer gets an error.
#[test]
fn a_writer_learns_that_the_reader_has_gone() {
    model(|| {
        let (mut near, far) = duplex(1);
        let writer = thread::spawn(move || {
            block_on(async { while write(&mut near, b"x").await.is_ok() {} });
        });
        drop(far);
        writer.join().unwrap();
    });
}
