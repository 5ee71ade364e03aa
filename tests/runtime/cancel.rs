//! Aborting a task drops its future once, soon, whatever it waits for.

use std::future::{pending, poll_fn};
use std::net::UdpSocket as StdUdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring::io::AsyncReadExt;
use mainspring::net::{TcpListener, TcpStream, UdpSocket};
use mainspring::sync::{Notify, mpsc, oneshot};
use mainspring::task::{AbortHandle, yield_now};
use mainspring::time::{interval, sleep};

use crate::counted::Drops;
use crate::each::{in_each_runtime, on_each_runtime};
use crate::runtimes::{current_thread, multi_thread};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn an_aborted_task_drops_its_future_and_resolves_to_cancelled() {
    in_each_runtime(|| async {
        let drops = Drops::new();
        let (begun, has_begun) = oneshot::channel();
        let token = drops.token();
        let task = mainspring::spawn(async move {
            let _token = token;
            begun.send(()).expect("the test listens");
            pending::<()>().await;
        });
        has_begun.await.expect("the task begins");
        assert_eq!(drops.count(), 0);
        task.abort();
        task.abort();
        let error = task.await.expect_err("it was aborted");
        assert!(error.is_cancelled() && !error.is_panic(), "{error:?}");
        assert!(error.to_string().contains("cancelled"), "{error}");
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn a_task_that_is_aborted_before_its_first_poll_is_never_polled() {
    let runtime = current_thread();
    let drops = Drops::new();
    let token = drops.token();
    let polled = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&polled);
    let task = runtime.spawn(async move {
        let _token = token;
        seen.store(true, Ordering::SeqCst);
    });
    task.abort();
    let error = runtime.block_on(task).expect_err("it was aborted");
    assert!(error.is_cancelled());
    assert!(!polled.load(Ordering::SeqCst));
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_task_that_has_finished_keeps_its_output_when_it_is_aborted() {
    in_each_runtime(|| async {
        let task = mainspring::spawn(async { 3 });
        while !task.is_finished() {
            yield_now().await;
        }
        task.abort();
        assert_eq!(task.await.expect("it had finished"), 3);
    });
}

#[test]
fn a_task_that_aborts_itself_ends_with_its_present_poll() {
    in_each_runtime(|| async {
        let (send_handle, handle) = oneshot::channel::<AbortHandle>();
        let after_abort = Arc::new(AtomicBool::new(false));
        let reached = Arc::clone(&after_abort);
        let task = mainspring::spawn(async move {
            handle.await.expect("the test sends it").abort();
            reached.store(true, Ordering::SeqCst);
            yield_now().await;
            unreachable!("the task was aborted");
        });
        send_handle
            .send(task.abort_handle())
            .expect("the task waits");
        let error = task.await.expect_err("it aborted itself");
        assert!(error.is_cancelled(), "{error:?}");
        assert!(after_abort.load(Ordering::SeqCst));
    });
}

#[test]
fn a_task_that_finishes_in_the_poll_in_which_it_is_aborted_keeps_its_output() {
    in_each_runtime(|| async {
        let (send_handle, handle) = oneshot::channel::<AbortHandle>();
        let task = mainspring::spawn(async move {
            handle.await.expect("the test sends it").abort();
            "kept"
        });
        send_handle
            .send(task.abort_handle())
            .expect("the task waits");
        assert_eq!(task.await.expect("it finished"), "kept");
    });
}

#[test]
fn an_aborted_task_frees_its_future_though_its_waker_is_held() {
    in_each_runtime(|| async {
        let drops = Drops::new();
        let kept: Arc<Mutex<Option<Waker>>> = Arc::default();
        let (token, keep) = (drops.token(), Arc::clone(&kept));
        let task = mainspring::spawn(async move {
            let _token = token;
            poll_fn(|cx| {
                *keep.lock().expect("no panic") = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        while kept.lock().expect("no panic").is_none() {
            yield_now().await;
        }
        task.abort();
        assert!(task.await.expect_err("it was aborted").is_cancelled());
        assert_eq!(drops.count(), 1);
        assert!(kept.lock().expect("no panic").is_some());
    });
}

#[test]
fn an_abort_handle_outlives_the_join_handle() {
    in_each_runtime(|| async {
        let drops = Drops::new();
        let token = drops.token();
        let task = mainspring::spawn(async move {
            let _token = token;
            pending::<()>().await;
        });
        let abort = task.abort_handle();
        drop(task);
        yield_now().await;
        assert!(!abort.is_finished(), "dropping the handle detaches");
        abort.clone().abort();
        while !abort.is_finished() {
            yield_now().await;
        }
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn tasks_are_cancelled_whatever_they_wait_for() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let mut stream = TcpStream::connect(addr).await.expect("it listens");
        let (accepted, _) = listener.accept().await.expect("it has connected");
        let udp = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let udp_addr = udp.local_addr().expect("it is bound");
        let (sender, mut receiver) = mpsc::channel::<()>(1);
        let notify = Arc::new(Notify::new());
        let notified = Arc::clone(&notify);
        let tasks = [
            mainspring::spawn(async move { drop(stream.read_u8().await) }),
            mainspring::spawn(async move { drop(listener.accept().await) }),
            mainspring::spawn(async move { drop(udp.recv_from(&mut [0; 8]).await) }),
            mainspring::spawn(sleep(HOUR)),
            mainspring::spawn(async move {
                let mut ticks = interval(HOUR);
                ticks.tick().await;
                ticks.tick().await;
            }),
            mainspring::spawn(async move { assert_eq!(receiver.recv().await, Some(())) }),
            mainspring::spawn(async move { notified.notified().await }),
            mainspring::spawn(async { drop(mainspring::spawn(pending::<()>()).await) }),
        ];
        sleep(Duration::from_millis(5)).await;
        for task in &tasks {
            assert!(!task.is_finished(), "it waits: {task:?}");
            task.abort();
        }
        for task in tasks {
            assert!(task.await.expect_err("it was aborted").is_cancelled());
        }
        // What the tasks owned is closed: the port is free again, the channel has no receiver.
        assert!(sender.is_closed());
        drop(accepted);
        drop(StdUdpSocket::bind(udp_addr).expect("the socket was closed"));
        TcpStream::connect(addr)
            .await
            .expect_err("the listener was closed");
    });
}

#[test]
fn wakes_and_aborts_at_the_same_time_lose_no_task() {
    const TASKS: usize = 500;
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let notify = Arc::new(Notify::new());
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (token, notify) = (drops.token(), Arc::clone(&notify));
                runtime.spawn(async move {
                    let _token = token;
                    loop {
                        notify.notified().await;
                    }
                })
            })
            .collect();
        let aborts: Vec<_> = tasks.iter().map(|task| task.abort_handle()).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, waker) = (Arc::clone(&is_over), Arc::clone(&notify));
        let wakes = thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                waker.notify_waiters();
                thread::yield_now();
            }
        });
        let aborting = thread::spawn(move || aborts.iter().for_each(AbortHandle::abort));
        runtime.block_on(async {
            for task in tasks {
                assert!(task.await.expect_err("it was aborted").is_cancelled());
            }
        });
        is_over.store(true, Ordering::SeqCst);
        wakes.join().expect("it only wakes");
        aborting.join().expect("it only aborts");
        assert_eq!(drops.count(), TASKS);
        // A handle may resolve a moment before the worker has taken the task off the list.
        while runtime.metrics().num_alive_tasks() > 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn a_destructor_that_spawns_and_aborts_while_its_task_is_cancelled_harms_nobody() {
    struct Busy(Option<AbortHandle>, mpsc::UnboundedSender<u8>);
    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.take().iter().for_each(AbortHandle::abort);
            let sender = self.1.clone();
            mainspring::spawn(async move { sender.send(1) });
        }
    }
    let body = || async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let other = mainspring::spawn(pending::<()>());
        let busy = Busy(Some(other.abort_handle()), sender);
        let task = mainspring::spawn(async move {
            let _busy = busy;
            pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert!(task.await.expect_err("it was aborted").is_cancelled());
        assert!(other.await.expect_err("it was aborted, too").is_cancelled());
        assert_eq!(receiver.recv().await, Some(1));
    };
    current_thread().block_on(body());
    multi_thread(2).block_on(body());
}
