//! `block_on`: the calling thread works for the runtime until its future is ready.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::runtime::{Handle, Runtime};
use mainspring::sync::{Notify, oneshot};
use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::bounded::{LIMIT, bounded};
use crate::counted::Drops;
use crate::each::{in_each_runtime, on_each_runtime};
use crate::runtimes::{current_thread, multi_thread};

#[test]
fn the_root_may_borrow_and_need_not_be_send() {
    on_each_runtime(|runtime| {
        let count = Rc::new(Cell::new(0));
        let mut text = String::from("a");
        let thread = thread::current().id();
        runtime.block_on(async {
            for _ in 0..100 {
                yield_now().await;
                sleep(Duration::from_micros(50)).await;
                count.set(count.get() + 1);
                assert_eq!(thread::current().id(), thread);
            }
            text.push('b');
        });
        assert_eq!((count.get(), text.as_str()), (100, "ab"));
    });
}

#[test]
fn the_root_is_dropped_before_block_on_returns() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let token = drops.token();
        runtime.block_on(async move {
            let _token = token;
            yield_now().await;
        });
        assert_eq!(drops.count(), 1);
    });
}

/// Asks for the runtime, its timers and its pool when it is dropped.
struct Parting(mpsc::Sender<bool>);

impl Drop for Parting {
    fn drop(&mut self) {
        drop(sleep(LIMIT));
        drop(mainspring::task::spawn_blocking(|| {}));
        drop(mainspring::spawn(async {}));
        let is_inside = Handle::try_current().is_ok();
        self.0.send(is_inside).expect("the test listens");
    }
}

/// A root that owns a [`Parting`] until it is dropped itself, not only until it is ready.
fn keeps(parting: Parting) -> impl Future<Output = ()> {
    poll_fn(move |_| {
        let _ = &parting;
        Poll::Ready(())
    })
}

#[test]
fn what_the_root_owns_is_dropped_inside_the_runtime() {
    on_each_runtime(|runtime| {
        let (sender, received) = mpsc::channel();
        runtime.block_on(keeps(Parting(sender.clone())));
        assert_eq!(received.recv(), Ok(true), "the runtime is current");
        // Without a seat: a job of the pool.
        let handle = runtime.handle().clone();
        let job = runtime.spawn_blocking(move || handle.block_on(keeps(Parting(sender))));
        runtime.block_on(job).expect("the job ends");
        assert_eq!(received.recv(), Ok(true), "the runtime is current");
    });
}

#[test]
fn what_a_root_owns_that_panics_is_dropped_inside_the_runtime() {
    on_each_runtime(|runtime| {
        let (sender, received) = mpsc::channel();
        let parting = Parting(sender);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(poll_fn(move |_| -> Poll<()> {
                let _ = &parting;
                panic!("on purpose")
            }));
        }));
        assert!(panicked.is_err());
        assert_eq!(received.recv(), Ok(true), "the runtime is current");
    });
}

#[test]
fn the_root_is_woken_by_threads_tasks_timers_sockets_and_jobs() {
    in_each_runtime(|| async {
        for round in 0..50 {
            let (sender, receiver) = oneshot::channel();
            thread::spawn(move || sender.send(round));
            assert_eq!(receiver.await, Ok(round));

            let (sender, receiver) = oneshot::channel();
            mainspring::spawn(async move { sender.send(round) });
            assert_eq!(receiver.await, Ok(round));

            sleep(Duration::from_micros(100)).await;
            mainspring::task::spawn_blocking(|| {})
                .await
                .expect("the job ends");
        }
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let client = thread::spawn(move || std::net::TcpStream::connect(addr));
        let (mut stream, _) = listener.accept().await.expect("somebody connects");
        drop(client.join().expect("it connects").expect("it listens"));
        assert_eq!(stream.read(&mut [0; 1]).await.expect("the end comes"), 0);
    });
}

#[test]
fn a_wake_from_a_thread_that_races_with_the_root_s_sleep_is_not_lost() {
    on_each_runtime(|runtime| {
        let notify = Arc::new(Notify::new());
        let answer = Arc::new(Notify::new());
        let (there, back) = (Arc::clone(&notify), Arc::clone(&answer));
        let other = current_thread();
        let peer = thread::spawn(move || {
            other.block_on(async {
                for _ in 0..2_000 {
                    there.notified().await;
                    back.notify_one();
                }
            });
        });
        runtime.block_on(async {
            for _ in 0..2_000 {
                notify.notify_one();
                answer.notified().await;
            }
        });
        peer.join().expect("the peer ends");
    });
}

#[test]
fn many_threads_block_on_one_runtime() {
    on_each_runtime(|runtime| {
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let server = runtime.spawn(async move {
            for _ in 0..8 {
                let (mut stream, _) = listener.accept().await.expect("somebody connects");
                stream.write_all(b"hi").await.expect("there is room");
            }
        });
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let handle = runtime.handle().clone();
                thread::spawn(move || {
                    handle.block_on(async {
                        for _ in 0..10 {
                            sleep(Duration::from_millis(1)).await;
                            let task = mainspring::spawn(async move {
                                yield_now().await;
                                n
                            });
                            assert_eq!(task.await.expect("the task ends"), n);
                        }
                        let mut stream = TcpStream::connect(addr).await.expect("it listens");
                        let mut text = String::new();
                        stream.read_to_string(&mut text).await.expect("it is text");
                        assert_eq!(text, "hi");
                    });
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("the thread ends");
        }
        runtime.block_on(server).expect("all were served");
    });
}

#[test]
fn a_waiting_caller_takes_over_when_the_one_before_it_returns() {
    bounded("taking over", || {
        let runtime = Arc::new(current_thread());
        let (first_begun, begun) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let first = Arc::clone(&runtime);
        let first = thread::spawn(move || {
            first.block_on(async {
                first_begun.send(()).expect("the test listens");
                stopped.await.expect("it is told to stop");
            });
        });
        begun.recv().expect("the first begins");
        let second = Arc::clone(&runtime);
        let second = thread::spawn(move || {
            second.block_on(async {
                for _ in 0..200 {
                    sleep(Duration::from_millis(1)).await;
                    mainspring::spawn(async {}).await.expect("the task ends");
                }
            });
        });
        thread::sleep(Duration::from_millis(30));
        stop.send(()).expect("the first waits");
        first.join().expect("the first ends");
        second.join().expect("the second ends");
    });
}

#[test]
fn timers_that_were_armed_by_a_thread_that_has_left_block_on_still_fire() {
    // Several times, since it depends on which thread ran the task and which one waits.
    for _ in 0..10 {
        bounded("a timer left behind", || {
            for workers in [1, 2, 3] {
                let runtime = multi_thread(workers);
                // The workers have gone to sleep, one of them in the driver.
                thread::sleep(Duration::from_millis(10));
                let (sender, fired) = mpsc::channel();
                runtime.block_on(async {
                    mainspring::spawn(async move {
                        sleep(Duration::from_millis(20)).await;
                        sender.send(()).expect("the test listens");
                    });
                    yield_now().await;
                });
                let fired = fired.recv_timeout(LIMIT / 4);
                assert!(
                    fired.is_ok(),
                    "{workers} workers, and nobody waited for the timer"
                );
            }
        });
    }
}

#[test]
fn timers_polled_once_by_a_root_fire_after_it_has_left() {
    bounded("a timer left behind", || {
        let runtime = multi_thread(2);
        thread::sleep(Duration::from_millis(10));
        let (sender, fired) = mpsc::channel();
        let (timer,) = runtime.block_on(async {
            let mut timer = Box::pin(sleep(Duration::from_millis(20)));
            poll_fn(|cx| {
                assert!(timer.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            (timer,)
        });
        runtime.spawn(async move {
            timer.await;
            sender.send(()).expect("the test listens");
        });
        fired.recv().expect("the timer fires");
    });
}

#[test]
fn block_on_of_another_runtime_inside_a_task_works() {
    bounded("nested", || {
        let pairs: [fn() -> Runtime; 2] = [current_thread, || multi_thread(2)];
        for outer in pairs {
            for inner in pairs {
                let outer = outer();
                let task = outer.spawn(async move {
                    let inner = inner();
                    let answer = inner.block_on(async {
                        sleep(Duration::from_millis(1)).await;
                        let deepest = current_thread();
                        deepest.block_on(async { mainspring::spawn(async { 40 }).await })
                    });
                    let answer = answer.expect("the task ends");
                    answer
                        + mainspring::spawn(async { 2 })
                            .await
                            .expect("the outer one again")
                });
                assert_eq!(outer.block_on(task).expect("the task ends"), 42);
            }
        }
    });
}

#[test]
fn entering_nests_and_ends_in_order() {
    bounded("entering", || {
        let runtimes = [multi_thread(1), current_thread(), multi_thread(2)];
        let workers = |handle: &Handle| handle.metrics().num_workers();
        assert!(Handle::try_current().is_err());
        {
            let _one = runtimes[0].enter();
            let flavor = Handle::current().runtime_flavor();
            assert_eq!(flavor, runtimes[0].handle().runtime_flavor());
            {
                let _two = runtimes[1].enter();
                let _three = runtimes[2].handle().enter();
                assert_eq!(workers(&Handle::current()), 2);
                // Inside, `block_on` makes its own runtime the current one, and leaves it again.
                runtimes[1].block_on(async {
                    assert_eq!(
                        Handle::current().runtime_flavor(),
                        mainspring::runtime::RuntimeFlavor::CurrentThread
                    );
                });
                assert_eq!(workers(&Handle::current()), 2);
            }
            assert_eq!(
                Handle::current().runtime_flavor(),
                mainspring::runtime::RuntimeFlavor::MultiThread
            );
            assert_eq!(workers(&Handle::current()), 1);
        }
        assert!(Handle::try_current().is_err());
    });
}

#[test]
fn entering_another_runtime_inside_a_task_directs_spawns_timers_and_sockets_there() {
    bounded("entering in a task", || {
        let other = Arc::new(multi_thread(1));
        let inner = Arc::clone(&other);
        let outer = current_thread();
        let before = other.metrics().num_alive_tasks();
        outer.block_on(async move {
            let (task, timer) = {
                let _entered = inner.enter();
                (
                    mainspring::spawn(pending::<()>()),
                    sleep(Duration::from_millis(2)),
                )
            };
            assert_eq!(inner.metrics().num_alive_tasks(), before + 1);
            timer.await;
            task.abort();
            assert!(task.await.expect_err("it was aborted").is_cancelled());
            // Outside the scope, spawns are this runtime's again.
            mainspring::spawn(async {}).await.expect("the task ends");
        });
    });
}
