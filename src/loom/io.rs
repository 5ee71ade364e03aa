//! Streams for a model, which has no sockets.
//!
//! Two pipes, one for each way. A pipe is a buffer behind one lock, with a place for the waker of its
//! reader and one for its writer's. Whoever changes the buffer takes the other side's waker under the
//! lock, and wakes it afterwards; whoever finds nothing to do leaves its own under the same lock. So no
//! wake-up is lost.
//!
//! Checked by: loom-tests/tests/models/duplex.rs

#[doc(no_inline)]
pub use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker, ready};

use mainspring_executor::coop::poll_proceed;

use super::mutant;
use super::sync::{Arc, Mutex, MutexGuard};

/// Two connected streams in memory: what is written to one is read from the other. Each way holds
/// `capacity` bytes; a writer that finds no room waits for the reader.
///
/// It is made of this module's locks, so that in a model loom explores it. In a normal build it is a
/// stream for tests all the same.
///
/// # Panics
///
/// If `capacity` is 0: nothing could ever be written.
///
/// # Examples
///
/// ```
/// use std::pin::Pin;
/// use mainspring::loom::io::{AsyncRead, AsyncWrite, ReadBuf, duplex};
/// use mainspring::loom::{model_with_preemptions, run};
///
/// model_with_preemptions(1, || {
///     let (mut client, mut server) = duplex(16);
///     run(0, async {
///         let written = std::future::poll_fn(|cx| Pin::new(&mut client).poll_write(cx, b"hi")).await;
///         assert_eq!(written.unwrap(), 2);
///         let mut bytes = [0; 16];
///         let mut buffer = ReadBuf::new(&mut bytes);
///         let read = std::future::poll_fn(|cx| Pin::new(&mut server).poll_read(cx, &mut buffer));
///         read.await.unwrap();
///         assert_eq!(buffer.filled(), b"hi");
///     });
/// });
/// ```
#[track_caller]
pub fn duplex(capacity: usize) -> (DuplexStream, DuplexStream) {
    assert!(
        capacity > 0,
        "`duplex(0)`: nothing could ever be written to a stream without room"
    );
    let (there, back) = (Pipe::new(capacity), Pipe::new(capacity));
    let first = DuplexStream {
        incoming: back.clone(),
        outgoing: there.clone(),
    };
    let second = DuplexStream {
        incoming: there,
        outgoing: back,
    };
    (first, second)
}

/// One end of a [`duplex`]. Dropping it ends both ways: the other end reads what is left and then the
/// end of the stream, and its writes fail.
pub struct DuplexStream {
    /// What the other end writes.
    incoming: Arc<Pipe>,
    /// What the other end reads.
    outgoing: Arc<Pipe>,
}

/// One way.
struct Pipe {
    /// How many bytes there may be.
    capacity: usize,
    /// Nothing is locked, and no code of the user's is run, within it.
    state: Mutex<State>,
}

struct State {
    bytes: VecDeque<u8>,
    /// Nothing more will be written.
    is_finished: bool,
    /// Nobody will read any more.
    is_abandoned: bool,
    /// Waits for bytes.
    reader: Option<Waker>,
    /// Waits for room.
    writer: Option<Waker>,
}

impl Pipe {
    fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            state: Mutex::new(State {
                bytes: VecDeque::new(),
                is_finished: false,
                is_abandoned: false,
                reader: None,
                writer: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<()> {
        let waiter = cx.waker().clone();
        let mut state = self.lock();
        let count = state.bytes.len().min(buffer.remaining());
        if count == 0 && buffer.remaining() > 0 && !state.is_finished {
            let former = state.reader.replace(waiter);
            drop(state);
            drop(former);
            return Poll::Pending;
        }
        let (front, back) = state.bytes.as_slices();
        let first = count.min(front.len());
        buffer.put_slice(&front[..first]);
        buffer.put_slice(&back[..count - first]);
        state.bytes.drain(..count);
        let writer = if count > 0 { state.writer.take() } else { None };
        drop(state);
        if !mutant!("duplex: room wakes no writer") {
            wake(writer);
        }
        Poll::Ready(())
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let waiter = cx.waker().clone();
        let mut state = self.lock();
        if state.is_abandoned || state.is_finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let count = bytes.len().min(self.capacity - state.bytes.len());
        if count == 0 && !bytes.is_empty() {
            let former = state.writer.replace(waiter);
            drop(state);
            drop(former);
            return Poll::Pending;
        }
        state.bytes.extend(&bytes[..count]);
        let reader = if count > 0 { state.reader.take() } else { None };
        drop(state);
        if !mutant!("duplex: bytes wake no reader") {
            wake(reader);
        }
        Poll::Ready(Ok(count))
    }

    /// Nothing more will be written.
    fn finish(&self) {
        let mut state = self.lock();
        state.is_finished = true;
        let reader = state.reader.take();
        drop(state);
        if !mutant!("duplex: the end wakes no reader") {
            wake(reader);
        }
    }

    /// Nobody will read any more.
    fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        let writer = state.writer.take();
        drop(state);
        if !mutant!("duplex: the reader's going wakes no writer") {
            wake(writer);
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.incoming.poll_read(cx, buffer));
        budget.made_progress();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let budget = ready!(poll_proceed(cx));
        let written = ready!(self.outgoing.poll_write(cx, bytes));
        budget.made_progress();
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.finish();
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.outgoing.finish();
        self.incoming.abandon();
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream")
            .field("capacity", &self.outgoing.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(mainspring_loom), feature = "io-util"))]
mod tests {
    use std::io::ErrorKind;

    use super::duplex;
    use crate::io::{AsyncReadExt, AsyncWriteExt};
    use crate::loom::run;

    #[test]
    fn more_bytes_than_fit_arrive_in_order() {
        let sent: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let expected = sent.clone();
        let received = run(2, async move {
            let (mut near, mut far) = duplex(7);
            let writer = crate::spawn(async move { near.write_all(&sent).await });
            let mut received = Vec::new();
            far.read_to_end(&mut received).await.expect("it ends");
            writer.await.expect("no panic").expect("somebody reads");
            received
        });
        assert_eq!(received, expected);
    }

    #[test]
    fn both_ways_are_independent_and_a_shutdown_ends_one() {
        run(0, async {
            let (mut near, mut far) = duplex(4);
            near.write_all(b"ab").await.expect("there is room");
            far.write_all(b"cd").await.expect("there is room");
            near.shutdown().await.expect("it is open");
            let mut text = String::new();
            far.read_to_string(&mut text).await.expect("it ends");
            assert_eq!(text, "ab");
            far.write_all(b"ef").await.expect("the other way is open");
            let error = near.write_all(b"x").await.expect_err("it was shut down");
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            drop(far);
            let mut rest = Vec::new();
            near.read_to_end(&mut rest).await.expect("it ends");
            assert_eq!(rest, b"cdef");
        });
    }

    #[test]
    fn a_writer_without_room_learns_that_the_reader_has_gone() {
        run(1, async {
            let (mut near, far) = duplex(1);
            let writer = crate::spawn(async move { near.write_all(b"two").await });
            crate::task::yield_now().await;
            drop(far);
            let error = writer.await.expect("no panic").expect_err("nobody reads");
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
    }
}
