//! The parent's runtime in the child: each use is refused, at once.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::runtime::Runtime;
use mainspring::task::{JoinHandle, JoinSet};
use mainspring::time::{Sleep, sleep};

use crate::alone;
use crate::child::{Child, End, leave};
use crate::panics::{assert_says, message_of, text};
use crate::runtimes::{current_thread, multi_thread};
use crate::work::on_new_runtimes;

/// The code with which a child ends that took longer than it may.
const TOO_SLOW: i32 = 3;

/// How long a refusal may take.
const AT_ONCE: Duration = Duration::from_millis(10);

/// Other processes want the machine, too.
const ATTEMPTS: usize = 5;

/// Fails unless `call` panics, says why, and takes next to no time for it.
#[track_caller]
fn refused<R>(call: impl Fn() -> R) {
    for attempt in 1.. {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(&call));
        let took = start.elapsed();
        let Err(payload) = outcome else {
            panic!("it was to be refused, and was not");
        };
        assert_says(&text(&*payload), &["fork", "Runtime", "child"]);
        if took < AT_ONCE {
            return;
        }
        assert!(attempt < ATTEMPTS, "the refusal took {took:?}");
    }
}

/// Polls a future once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A runtime of each kind, with something to do.
fn busy_runtimes() -> [Runtime; 2] {
    let runtimes = [multi_thread(2), current_thread()];
    for runtime in &runtimes {
        runtime.spawn(async {
            loop {
                sleep(Duration::from_micros(200)).await;
            }
        });
        runtime.block_on(async { sleep(Duration::from_millis(1)).await });
    }
    runtimes
}

#[test]
fn every_call_is_refused_by_a_panic() {
    let _alone = alone();
    for runtime in busy_runtimes() {
        Child::working_at(|| {
            refused(|| runtime.spawn(async {}));
            refused(|| runtime.spawn_blocking(|| ()));
            refused(|| runtime.block_on(async {}));
            refused(|| runtime.enter());
            let handle = runtime.handle();
            refused(|| handle.spawn(async {}));
            refused(|| handle.spawn_blocking(|| ()));
            refused(|| handle.block_on(async {}));
            refused(|| handle.enter());
            refused(|| handle.shutdown(Duration::from_secs(1)));
            refused(|| handle.shutdown_signal());
            refused(|| JoinSet::new().spawn_on(async {}, handle));
            refused(|| JoinSet::new().spawn_blocking_on(|| (), handle));
        })
        .expect_success();
    }
}

#[test]
fn a_grace_is_refused() {
    let _alone = alone();
    for runtime in busy_runtimes() {
        Child::working_at(|| {
            let message = message_of(|| runtime.shutdown(Duration::from_secs(10)));
            assert_says(&message, &["fork", "Runtime", "child"]);
        })
        .expect_success();
    }
}

#[test]
fn what_was_current_is_so_no_more() {
    let _alone = alone();
    for runtime in busy_runtimes() {
        let _entered = runtime.enter();
        Child::working_at(|| {
            assert!(mainspring::runtime::Handle::try_current().is_err());
            refused(|| mainspring::spawn(async {}));
            refused(|| mainspring::task::spawn_blocking(|| ()));
            refused(|| poll(pin!(sleep(Duration::from_secs(1)))));
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
            let error = mainspring::net::UdpSocket::from_std(socket).expect_err("nobody is there");
            assert_says(&error.to_string(), &["fork", "Runtime", "child"]);
        })
        .expect_success();
    }
}

/// Things of a runtime that somebody can wait for.
struct Waits {
    listener: TcpListener,
    stream: TcpStream,
    /// The other end of `stream`, which stays silent.
    _peer: TcpStream,
    /// Armed already, and not due for long.
    timer: Pin<Box<Sleep>>,
    /// A task that goes on for ever.
    endless: JoinHandle<()>,
    /// A task that has ended.
    ended: JoinHandle<u32>,
}

async fn waits() -> Waits {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let stream = TcpStream::connect(addr).await.expect("a listener");
    let (peer, _) = listener.accept().await.expect("a connection");
    let mut timer = Box::pin(sleep(Duration::from_secs(3600)));
    assert!(poll(timer.as_mut()).is_pending());
    let ended = mainspring::spawn(async { 7 });
    while !ended.is_finished() {
        sleep(Duration::from_millis(1)).await;
    }
    Waits {
        listener,
        stream,
        _peer: peer,
        timer,
        endless: mainspring::spawn(pending()),
        ended,
    }
}

#[test]
fn whoever_would_wait_is_told_that_it_is_in_vain() {
    let _alone = alone();
    for runtime in busy_runtimes() {
        let waits = runtime.block_on(waits());
        Child::working_at(|| {
            let fork = &["fork", "child", "Runtime"];
            let mut waits = waits;
            let timer = RefCell::new(waits.timer);
            refused(|| poll(timer.borrow_mut().as_mut()));
            multi_thread(1).block_on(async {
                let error = waits.listener.accept().await.expect_err("a stale listener");
                assert_says(&error.to_string(), fork);
                let error = waits.stream.read_u8().await.expect_err("a stale stream");
                assert_says(&error.to_string(), fork);
                let error = waits.stream.readable().await.expect_err("a stale stream");
                assert_says(&error.to_string(), fork);
                // What needs no waiting needs no runtime.
                waits.stream.write_u8(1).await.expect("room");
                assert_eq!(waits.ended.await.expect("it had ended before"), 7);
                let error = waits.endless.await.expect_err("it is the parent's");
                assert!(error.is_cancelled());
                assert_says(&error.to_string(), &["fork", "parent"]);
            });
        })
        .expect_success();
    }
}

#[test]
fn it_is_dropped_at_once_and_without_a_panic() {
    let _alone = alone();
    for end in [
        |runtime: Runtime| drop(runtime),
        |runtime: Runtime| runtime.shutdown_background(),
        |runtime: Runtime| runtime.shutdown_timeout(Duration::from_secs(10)),
    ] {
        for runtime in busy_runtimes() {
            runtime.spawn_blocking(|| thread::sleep(Duration::from_millis(50)));
            let waits = runtime.block_on(waits());
            // Once it is dropped it is gone: the attempts are children.
            let mut runtime = Some(runtime);
            let mut waits = Some(waits);
            let is_quick = (0..ATTEMPTS).any(|_| {
                let child = Child::working_at(|| {
                    let start = Instant::now();
                    drop(waits.take());
                    if let Some(runtime) = runtime.take() {
                        end(runtime);
                    }
                    let took = start.elapsed();
                    on_new_runtimes();
                    if took >= AT_ONCE {
                        leave(TOO_SLOW);
                    }
                });
                match child.end() {
                    End::Code(0) => true,
                    End::Code(TOO_SLOW) => false,
                    other => panic!("the child has ended with {other:?}"),
                }
            });
            assert!(is_quick, "it took longer than {AT_ONCE:?}");
        }
    }
}
