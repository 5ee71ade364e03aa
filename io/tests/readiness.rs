//! How readiness is remembered, cleared and waited for.
//!
//! Whether a stream is believed ready is asked by `try_io` with an operation that only notes that
//! it was called: it is not called when the stream is believed not ready.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::net::TcpListener as StdListener;
use std::net::TcpStream as StdStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use mainspring_io::net::TcpStream;
use mainspring_io::{Driver, Interest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

mod support;
use support::{block_on, drive, park_on, with_driver_thread};

const READ: Interest = Interest::READABLE;

/// A stream registered with the current driver, and a peer that blocks.
fn pair() -> (TcpStream, StdStream) {
    let (stream, peer) = std_pair();
    (TcpStream::from_std(stream).expect("a registration"), peer)
}

fn std_pair() -> (StdStream, StdStream) {
    let listener = StdListener::bind("127.0.0.1:0").expect("a listener");
    let addr = listener.local_addr().expect("an address");
    let peer = StdStream::connect(addr).expect("a connection");
    peer.set_nodelay(true).expect("an option");
    let (stream, _) = listener.accept().expect("a connection");
    (stream, peer)
}

fn is_believed_ready(stream: &TcpStream, interest: Interest) -> bool {
    stream.try_io(interest, || Ok(())).is_ok()
}

/// Counts how often it is woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

fn counter() -> (Arc<Counter>, Waker) {
    let counter = Arc::new(Counter::default());
    (counter.clone(), Waker::from(counter))
}

/// Turns until the stream is believed ready.
fn turn_until_ready(driver: &mut Driver, stream: &TcpStream, interest: Interest) {
    for _ in 0..1000 {
        // Arms the source where that is needed.
        let mut cx = Context::from_waker(Waker::noop());
        let _ = stream.poll_read_ready(&mut cx);
        if is_believed_ready(stream, interest) {
            return;
        }
        driver
            .turn(Some(Duration::from_millis(20)))
            .expect("a turn");
    }
    panic!("the event does not come");
}

#[test]
fn a_short_read_needs_no_failing_read_after_it() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (mut stream, mut peer) = pair();
    for _ in 0..10 {
        peer.write_all(&[7; 64]).expect("room");
        turn_until_ready(&mut driver, &stream, READ);
        let mut buf = [0; 4096];
        let n = drive(&mut driver, &handle, stream.read(&mut buf)).expect("a message");
        assert_eq!(n, 64);
        // Where the end of a stream does not come as an event of its own, only a failing read can
        // tell.
        if !cfg!(mainspring_portable) {
            assert!(!is_believed_ready(&stream, READ));
        }
        let _ = stream.try_read(&mut buf);
        assert!(!is_believed_ready(&stream, READ));
    }
}

#[test]
fn a_read_that_fills_the_buffer_leaves_the_stream_ready() -> io::Result<()> {
    block_on(async {
        let (mut stream, mut peer) = pair();
        peer.write_all(&[7; 64])?;
        let mut buf = [0; 32];
        assert_eq!(stream.read(&mut buf).await?, 32);
        assert!(is_believed_ready(&stream, READ));
        assert_eq!(stream.read(&mut buf).await?, 32);
        Ok(())
    })
}

#[test]
fn the_end_of_the_stream_stays_ready() -> io::Result<()> {
    block_on(async {
        let (mut stream, peer) = pair();
        drop(peer);
        for _ in 0..3 {
            assert_eq!(stream.read(&mut [0; 32]).await?, 0);
            assert!(is_believed_ready(&stream, READ));
        }
        Ok(())
    })
}

#[test]
fn a_read_into_nothing_tells_nothing() -> io::Result<()> {
    block_on(async {
        let (mut stream, mut peer) = pair();
        peer.write_all(b"x")?;
        stream.readable().await?;
        assert_eq!(stream.read(&mut []).await?, 0);
        assert!(is_believed_ready(&stream, READ));
        assert_eq!(stream.read_u8().await?, b'x');
        Ok(())
    })
}

/// The event comes between the attempt that blocks and its clearing. It must not be cleared with
/// it.
#[test]
fn an_event_during_a_failing_attempt_is_not_lost() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    peer.write_all(b"a").expect("room");
    turn_until_ready(&mut driver, &stream, READ);

    let attempt = stream.try_io(READ, || {
        // Suppose it drains the stream, and then an event comes.
        peer.write_all(b"b").expect("room");
        for _ in 0..50 {
            driver.turn(Some(Duration::from_millis(2))).expect("a turn");
        }
        io::Result::<()>::Err(io::ErrorKind::WouldBlock.into())
    });
    assert_eq!(
        attempt.expect_err("it has blocked").kind(),
        io::ErrorKind::WouldBlock
    );
    // Where an event disarms the source, the second one only comes when it is armed again.
    turn_until_ready(&mut driver, &stream, READ);
    let mut buf = [0; 8];
    assert!(stream.try_read(&mut buf).expect("two bytes") > 0);
}

#[test]
fn blocking_in_one_direction_says_nothing_about_the_other() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    peer.write_all(b"a").expect("room");
    turn_until_ready(&mut driver, &stream, READ);
    let blocked: io::Result<()> =
        stream.try_io(Interest::WRITABLE, || Err(io::ErrorKind::WouldBlock.into()));
    assert!(blocked.is_err());
    assert!(!is_believed_ready(&stream, Interest::WRITABLE));
    assert!(is_believed_ready(&stream, READ));
}

#[test]
fn every_future_that_waits_in_one_direction_is_woken() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    let mut waiting: Vec<_> = (0..20)
        .map(|_| {
            let (counter, waker) = counter();
            (Box::pin(stream.readable()), counter, waker)
        })
        .collect();
    for (future, _, waker) in &mut waiting {
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
    }
    peer.write_all(b"x").expect("room");
    turn_until_ready(&mut driver, &stream, READ);
    for (future, counter, waker) in &mut waiting {
        assert_eq!(counter.count(), 1);
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_ready()
        );
    }
}

#[test]
fn many_threads_share_one_stream() {
    const MESSAGES: usize = 500;
    with_driver_thread(|handle| {
        let (stream, mut peer) = {
            let _entered = handle.enter();
            pair()
        };
        let received = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    park_on(async {
                        loop {
                            let mut buf = [0; 16];
                            let n = stream
                                .async_io(READ, || stream.try_read_once(&mut buf))
                                .await
                                .expect("a message");
                            if n == 0 {
                                return;
                            }
                            received.fetch_add(n, Ordering::Relaxed);
                        }
                    });
                });
            }
            for _ in 0..MESSAGES {
                peer.write_all(&[1; 16]).expect("room");
            }
            drop(peer);
        });
        assert_eq!(received.load(Ordering::Relaxed), MESSAGES * 16);
    });
}

/// A read that does not go through the stream's own readiness.
trait TryReadOnce {
    fn try_read_once(&self, buf: &mut [u8]) -> io::Result<usize>;
}

impl TryReadOnce for TcpStream {
    fn try_read_once(&self, buf: &mut [u8]) -> io::Result<usize> {
        (&*socket2::SockRef::from(self)).read(buf)
    }
}

#[test]
fn a_future_whose_data_another_took_goes_on_waiting() -> io::Result<()> {
    block_on(async {
        let (stream, mut peer) = pair();
        let (_, waker) = counter();
        let calls = AtomicUsize::new(0);
        let mut late = pin!(stream.async_io(READ, || {
            calls.fetch_add(1, Ordering::Relaxed);
            let mut buf = [0; 8];
            let n = stream.try_read_once(&mut buf)?;
            Ok(buf[..n].to_vec())
        }));
        assert!(
            late.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        peer.write_all(b"a")?;
        stream.readable().await?;
        assert_eq!(stream.try_read(&mut [0; 8])?, 1);
        assert!(
            late.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        peer.write_all(b"b")?;
        assert_eq!(late.await?, b"b");
        assert!(calls.load(Ordering::Relaxed) <= 2);
        Ok(())
    })
}

#[test]
fn a_future_that_is_dropped_leaves_no_waker_behind() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (mut stream, mut peer) = pair();
    let (dropped, waker) = counter();
    let (kept, kept_waker) = counter();
    {
        let mut kept_future = pin!(stream.readable());
        assert!(
            kept_future
                .as_mut()
                .poll(&mut Context::from_waker(&kept_waker))
                .is_pending()
        );
        {
            let mut future = pin!(stream.readable());
            assert!(
                future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            // The test's, the waker's, and the one that waits.
            assert_eq!(Arc::strong_count(&dropped), 3);
        }
        assert_eq!(Arc::strong_count(&dropped), 2);
        peer.write_all(b"x").expect("room");
        turn_until_ready(&mut driver, &stream, READ);
        assert_eq!((dropped.count(), kept.count()), (0, 1));
    }
    // What the dropped read did not take is still there.
    assert_eq!(
        drive(&mut driver, &handle, stream.read_u8()).expect("a byte"),
        b'x'
    );
}

#[test]
fn a_read_that_is_cancelled_loses_nothing() -> io::Result<()> {
    block_on(async {
        let (mut stream, mut peer) = pair();
        let mut buf = [0; 8];
        for byte in 0..50 {
            {
                let mut read = pin!(stream.read(&mut buf));
                poll_fn(|cx| {
                    assert!(read.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                peer.write_all(&[byte])?;
            }
            assert_eq!(stream.read_u8().await?, byte);
        }
        Ok(())
    })
}

#[test]
fn the_last_task_that_polls_a_direction_is_woken() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    let (first, first_waker) = counter();
    let (last, last_waker) = counter();
    assert!(
        stream
            .poll_read_ready(&mut Context::from_waker(&first_waker))
            .is_pending()
    );
    assert!(
        stream
            .poll_read_ready(&mut Context::from_waker(&last_waker))
            .is_pending()
    );
    // The waker that was replaced is gone.
    assert_eq!(Arc::strong_count(&first), 2);
    peer.write_all(b"x").expect("room");
    for _ in 0..1000 {
        if last.count() > 0 {
            break;
        }
        driver
            .turn(Some(Duration::from_millis(20)))
            .expect("a turn");
    }
    assert_eq!((first.count(), last.count()), (0, 1));
}

#[test]
fn the_directions_do_not_wake_each_other() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    // Fills the buffers, so that a writer waits.
    while stream.try_write(&[0; 1 << 16]).is_ok() {}
    let (writer, writer_waker) = counter();
    assert!(
        stream
            .poll_write_ready(&mut Context::from_waker(&writer_waker))
            .is_pending()
    );
    peer.write_all(b"x").expect("room");
    turn_until_ready(&mut driver, &stream, READ);
    assert!(!is_believed_ready(&stream, Interest::WRITABLE));
    // Where an event disarms the source, the writer is woken to arm it again.
    if !cfg!(mainspring_portable) {
        assert_eq!(writer.count(), 0);
    }
}

#[test]
fn an_event_of_a_closed_stream_does_not_touch_the_next_one() {
    use std::os::fd::AsRawFd;

    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let mut reused = 0;
    for _ in 0..50 {
        let (old, mut peer) = pair();
        let number = old.as_raw_fd();
        // A duplicate keeps the old connection open, and its events coming.
        let duplicate = old.try_duplicate();
        let (next, _next_peer) = std_pair();
        peer.write_all(b"x").expect("room");
        drop(old);
        // The system gives the lowest free number, which is mostly the one that has just become
        // free.
        let new = TcpStream::from_std(next.try_clone().expect("a descriptor"));
        let new = new.expect("a registration");
        reused += usize::from(new.as_raw_fd() == number);
        peer.write_all(b"y").expect("room");
        driver.turn(Some(Duration::from_millis(1))).expect("a turn");
        assert!(!is_believed_ready(&new, READ));
        drop(duplicate);
    }
    assert!(reused > 0, "the descriptor's number was never used again");
}

#[test]
fn a_closed_stream_has_no_events_though_a_duplicate_is_open() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    let duplicate = stream.try_duplicate();
    let _ = stream.poll_read_ready(&mut Context::from_waker(Waker::noop()));
    drop(stream);
    let timeout = Duration::from_millis(20);
    while driver.turn(Some(timeout)).expect("a turn") > 0 {}
    peer.write_all(b"x").expect("room");
    // An event, though it finds nobody, would end the turn.
    let start = Instant::now();
    driver.turn(Some(timeout)).expect("a turn");
    assert!(start.elapsed() >= timeout);
    drop(duplicate);
}

/// Another descriptor of the same connection.
trait TryDuplicate {
    fn try_duplicate(&self) -> std::os::fd::OwnedFd;
}

impl TryDuplicate for TcpStream {
    fn try_duplicate(&self) -> std::os::fd::OwnedFd {
        use std::os::fd::AsFd;
        self.as_fd().try_clone_to_owned().expect("a descriptor")
    }
}

#[test]
fn streams_that_come_and_go_leave_nothing_behind() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    assert!(!handle.has_sources());
    for _ in 0..200 {
        let (mut stream, mut peer) = pair();
        assert!(handle.has_sources());
        peer.write_all(b"x").expect("room");
        assert_eq!(
            drive(&mut driver, &handle, stream.read_u8()).expect("a byte"),
            b'x'
        );
        drive(&mut driver, &handle, stream.write_all(b"y")).expect("room");
    }
    assert!(!handle.has_sources());
}
