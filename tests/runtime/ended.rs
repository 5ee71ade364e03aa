//! What is left of a runtime that has ended: nothing panics, and nothing is silently lost.

use std::future::pending;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring::io::AsyncReadExt;
use mainspring::net::{TcpListener, TcpStream, UdpSocket};
use mainspring::sync::oneshot;
use mainspring::task::{offload, spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::on_each_runtime;
use crate::runtimes::{current_thread, multi_thread};
use crate::wakers::{Counting, poll_with};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn spawns_resolve_to_cancelled() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let drops = Drops::new();
        drop(runtime);
        let other = current_thread();
        let (token, job_token) = (drops.token(), drops.token());
        let task = handle.spawn(async move {
            let _token = token;
            1
        });
        let job = handle.spawn_blocking(move || drop(job_token));
        assert!(
            other
                .block_on(task)
                .expect_err("it cannot run")
                .is_cancelled()
        );
        assert!(
            other
                .block_on(job)
                .expect_err("it cannot run")
                .is_cancelled()
        );
        assert_eq!(drops.count(), 2);

        let _entered = handle.enter();
        let task = mainspring::spawn(async { 1 });
        let jobs = [spawn_blocking(|| 2), offload(|_| 3)];
        drop(_entered);
        assert!(
            other
                .block_on(task)
                .expect_err("it cannot run")
                .is_cancelled()
        );
        for job in jobs {
            assert!(
                other
                    .block_on(job)
                    .expect_err("it cannot run")
                    .is_cancelled()
            );
        }
        assert_eq!(handle.metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn handles_of_tasks_that_were_cut_off_resolve_to_cancelled() {
    on_each_runtime(|runtime| {
        let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(pending::<()>())).collect();
        runtime.block_on(yield_now());
        drop(runtime);
        let other = current_thread();
        for task in tasks {
            assert!(
                other
                    .block_on(task)
                    .expect_err("it was cut off")
                    .is_cancelled()
            );
        }
    });
}

#[test]
fn a_thread_that_waits_for_a_task_of_the_ended_runtime_is_woken() {
    on_each_runtime(|runtime| {
        let task = runtime.spawn(pending::<()>());
        let (begun, has_begun) = mpsc::channel();
        let waiting = thread::spawn(move || {
            current_thread().block_on(async {
                begun.send(()).expect("the test listens");
                task.await
            })
        });
        has_begun.recv().expect("the thread begins");
        thread::sleep(Duration::from_millis(10));
        drop(runtime);
        let outcome = waiting.join().expect("no panic");
        assert!(outcome.expect_err("it was cut off").is_cancelled());
    });
}

#[test]
fn waits_for_sockets_of_the_ended_runtime_end_with_an_error() {
    on_each_runtime(|runtime| {
        let (listener, udp, stream, _peer) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port is free");
            let addr = listener.local_addr().expect("it is bound");
            let stream = TcpStream::connect(addr).await.expect("it listens");
            let peer = listener.accept().await.expect("it has connected").0;
            let udp = UdpSocket::bind("127.0.0.1:0")
                .await
                .expect("a port is free");
            (listener, udp, stream, peer)
        });
        let (begun, has_begun) = mpsc::channel();
        let waiting = thread::spawn(move || {
            // Another runtime, so that the sockets are all that has ended.
            current_thread().block_on(async move {
                let mut block = [0; 8];
                let mut stream = stream;
                begun.send(()).expect("the test listens");
                let accepted = listener.accept();
                let received = udp.recv(&mut block);
                let (accepted, received, read) =
                    mainspring::join!(accepted, received, stream.read_u8());
                accepted.expect_err("the driver has ended");
                received.expect_err("the driver has ended");
                read.expect_err("the driver has ended").to_string()
            })
        });
        has_begun.recv().expect("the thread begins");
        thread::sleep(Duration::from_millis(10));
        drop(runtime);
        let message = waiting.join().expect("no panic");
        assert!(message.contains("shut down"), "{message:?}");
    });
}

#[test]
fn block_on_of_an_ended_runtime_still_runs_what_needs_no_runtime() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        drop(runtime);
        let (sender, receiver) = oneshot::channel();
        let sending = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            sender.send(8)
        });
        assert_eq!(handle.block_on(receiver), Ok(8));
        sending
            .join()
            .expect("no panic")
            .expect("it is listened to");
        let cancelled = handle.block_on(async { mainspring::spawn(async {}).await });
        assert!(cancelled.expect_err("it cannot run").is_cancelled());
    });
}

#[test]
fn timers_that_outlive_their_runtime_stay_pending_and_can_be_dropped_and_reset() {
    on_each_runtime(|runtime| {
        let counting = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&counting));
        let mut timers: Vec<_> = {
            let _entered = runtime.enter();
            (0..3)
                .map(|_| Box::pin(sleep(Duration::from_millis(20))))
                .collect()
        };
        for timer in &mut timers {
            assert_eq!(poll_with(timer, &waker), Poll::Pending);
        }
        drop(runtime);
        assert_eq!(counting.count(), 3, "told of the end");
        let mut reset = timers.pop().expect("there are three");
        reset
            .as_mut()
            .reset(mainspring::time::Instant::now() + HOUR);
        assert_eq!(poll_with(&mut reset, &waker), Poll::Pending);
        thread::sleep(Duration::from_millis(40));
        assert_eq!(counting.count(), 3);
        drop(timers.pop());
        // Its time is over, and that it can tell without a runtime.
        let late = timers.pop().expect("there are three");
        assert!(late.is_elapsed());
        current_thread().block_on(late);
    });
}

#[test]
fn a_thread_in_block_on_outlives_the_runtime_and_then_returns() {
    bounded("block_on at the end", || {
        for runtime in [current_thread(), multi_thread(2)] {
            let handle = runtime.handle().clone();
            let (begun, has_begun) = mpsc::channel();
            let (stop, stopped) = oneshot::channel::<()>();
            let inside = thread::spawn(move || {
                handle.block_on(async {
                    let task = mainspring::spawn(pending::<()>());
                    begun.send(()).expect("the test listens");
                    stopped.await.expect("it is told to stop");
                    let late = mainspring::spawn(async {}).await;
                    (task.await, late)
                })
            });
            has_begun.recv().expect("the thread begins");
            drop(runtime);
            stop.send(()).expect("the thread waits");
            let (task, late) = inside.join().expect("no panic");
            assert!(task.expect_err("it was cut off").is_cancelled());
            assert!(late.expect_err("it came too late").is_cancelled());
        }
    });
}

#[test]
fn sockets_are_closed_with_their_runtime_and_their_peers_see_it() {
    on_each_runtime(|runtime| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        runtime.block_on(async {
            let stream = TcpStream::connect(addr).await.expect("it listens");
            mainspring::spawn(async move {
                let _open = stream;
                pending::<()>().await;
            });
        });
        let (mut peer, _) = listener.accept().expect("it has connected");
        peer.write_all(b"x").expect("there is room");
        drop(runtime);
        peer.set_read_timeout(Some(crate::bounded::LIMIT / 2))
            .expect("it can be set");
        // The end, or a reset, as there was data that nobody had read; but no time-out.
        match peer.read(&mut [0; 1]) {
            Ok(count) => assert_eq!(count, 0),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    });
}
