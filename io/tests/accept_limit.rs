//! A listener whose process has no file descriptor left: it neither spins nor loses connections.
//!
//! The limit is the process's, so each test runs in a child process. The clients are in the parent.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream as StdStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use std::{fs, mem, thread};

use mainspring_io::net::{TcpListener, TcpStream};
use mainspring_io::{Driver, Handle};

mod support;
use support::{park_on, with_driver_thread};

/// What the child is to show, or nothing in the parent.
const ROLE: &str = "MAINSPRING_TEST_ACCEPT_LIMIT";
/// How many connections are made; several times what the child can hold.
const CLIENTS: usize = 30;
/// How many descriptors the child has for connections.
const ROOM: usize = 8;

#[test]
fn a_close_of_a_socket_lets_the_listener_go_on() {
    run("a_close_of_a_socket_lets_the_listener_go_on", || {
        serve(false)
    });
}

#[test]
fn the_listener_goes_on_by_polling_too() {
    run("the_listener_goes_on_by_polling_too", || serve(true));
}

#[test]
fn other_descriptors_that_are_closed_are_noticed_after_a_delay() {
    run(
        "other_descriptors_that_are_closed_are_noticed_after_a_delay",
        serve_beside_files,
    );
}

/// In the parent: starts the child with the same test, and is its clients.
fn run(test: &str, child: impl FnOnce()) {
    if std::env::var_os(ROLE).is_some() {
        return child();
    }
    let process = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut process = Killed(process);
    let stdout = process.0.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| line.split_once("port=")?.1.trim().parse::<u16>().ok())
        .expect("the child tells its port");

    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let mut client = StdStream::connect(("127.0.0.1", port)).expect("the backlog has room");
            client
                .set_read_timeout(Some(Duration::from_secs(50)))
                .expect("a timeout");
            client.write_all(&[number as u8]).expect("room");
            client
        })
        .collect();
    for (number, mut client) in clients.into_iter().enumerate() {
        let mut buf = [0];
        client.read_exact(&mut buf).expect("no connection is lost");
        assert_eq!(buf[0], number as u8);
    }
    let rest: Vec<_> = lines.collect();
    assert!(
        process.0.wait().expect("the child ends").success(),
        "{rest:#?}"
    );
}

/// Kills the child if the test fails before its end.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Leaves room for so many descriptors, and returns files that take up all that is left besides.
///
/// The limit is on the descriptors' numbers, some of which may be in use above it.
fn limit_descriptors(room: usize) -> Vec<fs::File> {
    let limit = libc::rlimit {
        rlim_cur: 100,
        rlim_max: 4096,
    };
    // SAFETY: the pointer is to a structure that lives until the call returns.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let mut files: Vec<_> = std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect();
    files.truncate(
        files
            .len()
            .checked_sub(room)
            .expect("there is so much room"),
    );
    files
}

fn processor_time() -> Duration {
    // SAFETY: the structure consists of numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: the pointer is to a structure that lives until the call returns.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) }, 0);
    let of = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    of(usage.ru_utime) + of(usage.ru_stime)
}

fn bind(handle: &Handle) -> TcpListener {
    let _entered = handle.enter();
    let listener = park_on(TcpListener::bind("127.0.0.1:0")).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    println!("port={port}");
    listener
}

fn accept_one(listener: &TcpListener, by_polling: bool) -> TcpStream {
    let accepted = if by_polling {
        park_on(std::future::poll_fn(|cx| listener.poll_accept(cx)))
    } else {
        park_on(listener.accept())
    };
    accepted.expect("a want of descriptors is no error").0
}

fn answer(stream: TcpStream) {
    park_on(async {
        let mut buf = [0];
        stream.readable().await.expect("a driver");
        assert_eq!(
            stream.try_read(&mut buf).expect("the client has written"),
            1
        );
        assert_eq!(stream.try_write(&buf).expect("room"), 1);
    });
}

/// In the child: holds what it accepts, until it can accept no more; then closes one after the
/// other.
fn serve(by_polling: bool) {
    with_driver_thread(|handle| {
        let listener = bind(handle);
        let _files = limit_descriptors(ROOM);
        let held = Mutex::new(Vec::new());
        let accepted = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..CLIENTS {
                    let stream = accept_one(&listener, by_polling);
                    held.lock().expect("nobody panics").push(stream);
                    accepted.fetch_add(1, Ordering::Release);
                }
            });
            let wait_for = |count: usize| {
                let start = Instant::now();
                while accepted.load(Ordering::Acquire) < count {
                    assert!(
                        start.elapsed() < Duration::from_secs(30),
                        "it does not go on"
                    );
                    thread::sleep(Duration::from_micros(200));
                }
            };
            wait_for(ROOM);
            let before = processor_time();
            thread::sleep(Duration::from_millis(500));
            assert_eq!(accepted.load(Ordering::Acquire), ROOM);
            let spent = processor_time() - before;
            assert!(
                spent < Duration::from_millis(100),
                "it spins: {spent:?} in half a second"
            );

            // There is no delay here: that it goes on is due to the closes alone.
            for closed in 1..=CLIENTS {
                let stream = held
                    .lock()
                    .expect("nobody panics")
                    .pop()
                    .expect("one is held");
                answer(stream);
                wait_for((ROOM + closed).min(CLIENTS));
            }
        });
    });
}

/// In the child: what takes up the descriptors are files, of whose closing the runtime knows
/// nothing.
fn serve_beside_files() {
    with_driver_thread(|handle| {
        handle.set_delay(|duration| Some(Box::pin(ThreadDelay::new(duration))));
        let listener = bind(handle);
        let files = limit_descriptors(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..CLIENTS {
                    answer(accept_one(&listener, false));
                }
            });
            thread::sleep(Duration::from_millis(200));
            drop(files);
        });
    });
}

/// A delay that a thread waits for, which needs no descriptor.
struct ThreadDelay {
    /// Whether it is over, and who waits.
    state: Arc<(AtomicBool, Mutex<Option<Waker>>)>,
}

impl ThreadDelay {
    fn new(duration: Duration) -> Self {
        let state = Arc::new((AtomicBool::new(false), Mutex::new(None::<Waker>)));
        let timer = state.clone();
        thread::spawn(move || {
            thread::sleep(duration);
            timer.0.store(true, Ordering::Release);
            if let Some(waker) = timer.1.lock().expect("nobody panics").take() {
                waker.wake();
            }
        });
        Self { state }
    }
}

impl Future for ThreadDelay {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        *self.state.1.lock().expect("nobody panics") = Some(cx.waker().clone());
        if self.state.0.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

#[test]
fn a_driver_without_descriptors_is_an_error() {
    run_alone("a_driver_without_descriptors_is_an_error", || {
        let _files = limit_descriptors(0);
        let error = Driver::new().expect_err("there is no room");
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    });
}

/// Runs a test in a child without clients.
fn run_alone(test: &str, child: impl FnOnce()) {
    if std::env::var_os(ROLE).is_some() {
        return child();
    }
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--test-threads=1"])
        .env(ROLE, "1")
        .status()
        .expect("a process");
    assert!(status.success());
}
