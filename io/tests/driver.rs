//! The driver: turns, unparking, its end, and its failure.

use std::future::Future;
use std::io::{self, Write};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use mainspring_io::net::{TcpListener, TcpStream};
use mainspring_io::{Driver, Handle, Interest};
use tokio::io::AsyncReadExt;

mod support;
use support::{LIMIT, park_on, with_driver_thread};

/// Much longer than a turn that is ended early takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

fn std_pair() -> (StdStream, StdStream) {
    let listener = StdListener::bind("127.0.0.1:0").expect("a listener");
    let peer = StdStream::connect(listener.local_addr().expect("an address"));
    (
        listener.accept().expect("a connection").0,
        peer.expect("a connection"),
    )
}

/// A stream registered with the current driver, and a peer that blocks.
fn pair() -> (TcpStream, StdStream) {
    let (stream, peer) = std_pair();
    (TcpStream::from_std(stream).expect("a registration"), peer)
}

#[test]
fn a_turn_ends_after_its_timeout_and_not_before() {
    let (mut driver, _handle) = Driver::new().expect("a driver");
    for timeout in [0, 1, 100, 1_000, 20_000].map(Duration::from_micros) {
        let start = Instant::now();
        assert_eq!(driver.turn(Some(timeout)).expect("a turn"), 0);
        assert!(start.elapsed() >= timeout);
        assert!(start.elapsed() < LONG);
    }
}

#[test]
fn an_unpark_before_a_turn_ends_it_at_once() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    for _ in 0..5 {
        handle.unpark();
        let start = Instant::now();
        assert_eq!(driver.turn(Some(LONG)).expect("a turn"), 0);
        assert!(start.elapsed() < LONG / 2);
    }
}

#[test]
fn an_unpark_during_a_turn_ends_it() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let (turned, has_turned) = std::sync::mpsc::channel();
    let unparker = std::thread::spawn(move || {
        for () in has_turned {
            std::thread::sleep(Duration::from_millis(2));
            handle.unpark();
        }
    });
    let start = Instant::now();
    for _ in 0..20 {
        turned.send(()).expect("the thread unparks");
        driver.turn(Some(LIMIT)).expect("a turn");
    }
    assert!(start.elapsed() < LONG);
    drop(turned);
    unparker.join().expect("the thread unparks");
}

#[test]
fn a_turn_counts_the_sources_that_had_events() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let pairs: Vec<_> = (0..3).map(|_| pair()).collect();
    // Arms the sources where that is needed, and takes their first events.
    for (stream, _) in &pairs {
        let _ = stream.poll_read_ready(&mut Context::from_waker(Waker::noop()));
    }
    while driver
        .turn(Some(Duration::from_millis(20)))
        .expect("a turn")
        > 0
    {}
    for (_, peer) in &pairs {
        let mut peer = peer;
        peer.write_all(b"x").expect("room");
    }
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(driver.turn(Some(LONG)).expect("a turn"), 3);
}

#[test]
fn handles_nest_and_belong_to_their_thread() {
    let (_driver, handle) = Driver::new().expect("a driver");
    let (_other_driver, other) = Driver::new().expect("a driver");
    assert!(Handle::try_current().is_none());
    {
        let _entered = handle.enter();
        let (_stream, _peer) = pair();
        assert!(handle.has_sources() && Handle::current().has_sources());
        {
            let _entered = other.enter();
            assert!(!Handle::current().has_sources());
        }
        assert!(Handle::current().has_sources());
        let is_inside = std::thread::spawn(|| Handle::try_current().is_some());
        assert!(!is_inside.join().expect("the thread asks"));
    }
    assert!(Handle::try_current().is_none());
    assert!(!handle.has_sources());
}

#[test]
#[should_panic(expected = "`Handle::current` was called on a thread that is not inside")]
fn the_current_handle_outside_a_runtime_says_what_to_do() {
    let _ = Handle::current();
}

fn assert_is_shut_down<T>(result: io::Result<T>) {
    let error = result.err().expect("there is no driver any more");
    assert_eq!(error.to_string(), "the runtime has been shut down");
}

#[test]
fn shutdown_ends_present_and_future_waits() {
    let (_driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (mut stream, _peer) = pair();
    let listener = park_on(TcpListener::bind("127.0.0.1:0")).expect("a listener");
    let mut cx = Context::from_waker(Waker::noop());
    {
        let (woken, waker) = wake_counter();
        let mut waiting_cx = Context::from_waker(&waker);
        let mut readable = pin!(stream.readable());
        let mut accept = pin!(listener.accept());
        assert!(readable.as_mut().poll(&mut waiting_cx).is_pending());
        assert!(stream.poll_read_ready(&mut waiting_cx).is_pending());
        assert!(accept.as_mut().poll(&mut waiting_cx).is_pending());
        handle.shutdown();
        assert_eq!(woken.0.load(Ordering::Acquire), 3);
        assert_is_shut_down(park_on(readable));
        assert_is_shut_down(park_on(accept));
    }
    let Poll::Ready(ready) = stream.poll_write_ready(&mut cx) else {
        panic!("nobody would ever wake it")
    };
    assert_is_shut_down(ready);
    assert_is_shut_down(park_on(stream.read_u8()));
    assert_is_shut_down(stream.try_io(Interest::WRITABLE, || Ok(())));
    let (late, _late_peer) = std_pair();
    assert_is_shut_down(TcpStream::from_std(late));
    handle.shutdown();
}

#[test]
fn dropping_the_driver_ends_waits() {
    let (driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, _peer) = pair();
    let mut readable = pin!(stream.readable());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(readable.as_mut().poll(&mut cx).is_pending());
    drop(driver);
    assert_is_shut_down(park_on(readable));
    // Harmless, though there is nobody to hear it.
    handle.unpark();
}

struct WakeCounter(AtomicUsize);

impl Wake for WakeCounter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

fn wake_counter() -> (Arc<WakeCounter>, Waker) {
    let counter = Arc::new(WakeCounter(AtomicUsize::new(0)));
    (counter.clone(), Waker::from(counter))
}

struct Panicking;

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panic!("a test's waker panics");
    }
}

#[test]
fn a_waker_that_panics_takes_nobody_elses_wake_up() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    let (counter, waker) = wake_counter();
    let panicking = Waker::from(Arc::new(Panicking));
    let mut futures: Vec<_> = (0..5).map(|_| Box::pin(stream.readable())).collect();
    for (number, future) in futures.iter_mut().enumerate() {
        let waker = if number % 2 == 0 { &panicking } else { &waker };
        assert!(
            future
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
    }
    peer.write_all(b"x").expect("room");
    let start = Instant::now();
    while counter.0.load(Ordering::Acquire) < 2 {
        driver
            .turn(Some(Duration::from_millis(20)))
            .expect("a turn survives the panics");
        assert!(start.elapsed() < LONG);
    }
}

/// A waker that uses the stream it was woken for, and then closes it.
struct Closing(Mutex<Option<Arc<TcpStream>>>);

impl Wake for Closing {
    fn wake(self: Arc<Self>) {
        let stream = self.0.lock().expect("nobody panics").take();
        if let Some(stream) = stream {
            let mut cx = Context::from_waker(Waker::noop());
            assert!(stream.poll_read_ready(&mut cx).is_ready());
            let _ = stream.try_read(&mut [0; 8]);
            assert!(stream.poll_read_ready(&mut cx).is_pending() || cfg!(mainspring_portable));
        }
    }
}

#[test]
fn a_waker_may_use_and_close_what_it_was_woken_for() {
    let (mut driver, handle) = Driver::new().expect("a driver");
    let _entered = handle.enter();
    let (stream, mut peer) = pair();
    let stream = Arc::new(stream);
    let closing = Arc::new(Closing(Mutex::new(None)));
    let waker = Waker::from(closing.clone());
    assert!(
        stream
            .poll_read_ready(&mut Context::from_waker(&waker))
            .is_pending()
    );
    *closing.0.lock().expect("nobody panics") = Some(stream);
    peer.write_all(b"x").expect("room");
    let start = Instant::now();
    while handle.has_sources() {
        driver
            .turn(Some(Duration::from_millis(20)))
            .expect("a turn");
        assert!(start.elapsed() < LONG);
    }
}

#[test]
fn sockets_are_made_and_dropped_while_another_thread_turns() {
    with_driver_thread(|handle| {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _entered = handle.enter();
                    for _ in 0..100 {
                        let (mut stream, mut peer) = pair();
                        peer.write_all(b"x").expect("room");
                        assert_eq!(park_on(stream.read_u8()).expect("a byte"), b'x');
                    }
                });
            }
        });
        assert!(!handle.has_sources());
    });
}

#[cfg(target_os = "linux")]
mod linux {
    //! What needs the system's own calls.

    use super::*;

    #[test]
    fn a_signal_is_not_an_error() {
        extern "C" fn ignore(_signal: libc::c_int) {}

        let (mut driver, _handle) = Driver::new().expect("a driver");
        // SAFETY: the handler does nothing, which is allowed at any time.
        let previous = unsafe {
            libc::signal(
                libc::SIGUSR1,
                ignore as extern "C" fn(libc::c_int) as libc::size_t,
            )
        };
        assert_ne!(previous, libc::SIG_ERR);
        // SAFETY: it cannot fail.
        let thread = unsafe { libc::pthread_self() } as usize;
        let signaller = std::thread::spawn(move || {
            for _ in 0..5 {
                std::thread::sleep(Duration::from_millis(5));
                // SAFETY: the thread is alive; it joins this one.
                unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGUSR1) };
            }
        });
        let start = Instant::now();
        while !signaller.is_finished() {
            assert_eq!(
                driver
                    .turn(Some(Duration::from_millis(50)))
                    .expect("a turn"),
                0
            );
        }
        assert!(start.elapsed() < LONG);
        signaller.join().expect("the thread signals");
    }
}

#[cfg(all(target_os = "linux", not(mainspring_portable)))]
mod failing {
    //! The driver's own descriptor is replaced by one that cannot be waited on. It is found by its
    //! number, which is the lowest one that was free: so this runs in a process of its own, by the
    //! test harness with one test.

    use std::os::fd::AsRawFd;
    use std::process::Command;

    use super::support::drive;
    use super::*;

    const CHILD: &str = "MAINSPRING_TEST_FAILING_DRIVER";

    #[test]
    fn a_broken_driver_ends_waits_and_does_not_spin() {
        if std::env::var_os(CHILD).is_some() {
            return child();
        }
        let name = "failing::a_broken_driver_ends_waits_and_does_not_spin";
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name, "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .expect("a process");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }

    fn epoll_descriptor() -> i32 {
        let all = std::fs::read_dir("/proc/self/fd").expect("the list of descriptors");
        all.flatten()
            .find(|entry| {
                std::fs::read_link(entry.path())
                    .is_ok_and(|target| target.as_os_str() == "anon_inode:[eventpoll]")
            })
            .and_then(|entry| entry.file_name().to_str()?.parse().ok())
            .expect("the driver has an epoll object")
    }

    fn child() {
        let (mut driver, handle) = Driver::new().expect("a driver");
        let _entered = handle.enter();
        let (stream, _peer) = pair();
        let null = std::fs::File::open("/dev/null").expect("a file");
        // SAFETY: both descriptors are open. Whoever owns the second one finds another file there,
        // which is the failure that is tested.
        let replaced = unsafe { libc::dup2(null.as_raw_fd(), epoll_descriptor()) };
        assert!(replaced >= 0);

        let read = drive(&mut driver, &handle, stream.readable());
        let error = read.expect_err("there are no events any more");
        assert!(
            error.to_string().contains("the I/O driver has failed"),
            "{error}"
        );
        let (late, _late_peer) = std_pair();
        assert!(TcpStream::from_std(late).is_err());

        // Later turns wait as they should, and can be ended.
        let start = Instant::now();
        assert_eq!(
            driver
                .turn(Some(Duration::from_millis(30)))
                .expect("a turn"),
            0
        );
        assert!(start.elapsed() >= Duration::from_millis(30));
        handle.unpark();
        assert_eq!(driver.turn(None).expect("a turn"), 0);
        let unparker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            handle.unpark();
        });
        assert_eq!(driver.turn(Some(LIMIT)).expect("a turn"), 0);
        assert!(start.elapsed() < LONG);
        unparker.join().expect("the thread unparks");
    }
}
