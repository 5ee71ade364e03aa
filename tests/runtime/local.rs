//! `LocalSet`: tasks that stay on one thread.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::sync::{Notify, oneshot};
use mainspring::task::{JoinSet, LocalSet, spawn_blocking, spawn_local, yield_now};
use mainspring::time::{Instant, interval, sleep, timeout};

use crate::counted::Drops;
use crate::each::on_each_runtime;
use crate::panics;
use crate::runtimes::{current_thread, multi_thread};

#[test]
fn local_tasks_run_on_the_thread_of_their_set() {
    on_each_runtime(|runtime| {
        let here = thread::current().id();
        let shared = Rc::new(Cell::new(0));
        LocalSet::new().block_on(&runtime, async {
            let tasks: Vec<_> = (0..1_000)
                .map(|_| {
                    let shared = Rc::clone(&shared);
                    spawn_local(async move {
                        yield_now().await;
                        sleep(Duration::from_micros(100)).await;
                        assert_eq!(thread::current().id(), here);
                        shared.set(shared.get() + 1);
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("the task ends");
            }
        });
        assert_eq!(shared.get(), 1_000);
    });
}

#[test]
fn timers_sockets_jobs_and_tasks_work_inside() {
    on_each_runtime(|runtime| {
        LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port is free");
            let addr = listener.local_addr().expect("it is bound");
            let server = spawn_local(async move {
                for _ in 0..10 {
                    let (mut stream, _) = listener.accept().await.expect("somebody connects");
                    spawn_local(async move {
                        let byte = stream.read_u8().await.expect("a byte comes");
                        stream.write_u8(byte).await.expect("there is room");
                    });
                }
            });
            let mut clients = JoinSet::new();
            for n in 0..10 {
                clients.spawn_local(async move {
                    let mut stream = TcpStream::connect(addr).await.expect("it listens");
                    stream.write_u8(n).await.expect("there is room");
                    assert_eq!(stream.read_u8().await.expect("it is echoed"), n);
                });
            }
            clients.join_all().await;
            server.await.expect("all were served");
            let start = Instant::now();
            let mut ticks = interval(Duration::from_millis(2));
            for _ in 0..4 {
                ticks.tick().await;
            }
            assert!(start.elapsed() >= Duration::from_millis(6));
            assert!(
                timeout(Duration::from_millis(2), pending::<()>())
                    .await
                    .is_err()
            );
            assert_eq!(spawn_blocking(|| 1).await.expect("the job ends"), 1);
            assert_eq!(
                mainspring::spawn(async { 2 }).await.expect("the task ends"),
                2
            );
        });
    });
}

#[test]
fn local_tasks_are_woken_from_other_threads() {
    on_each_runtime(|runtime| {
        LocalSet::new().block_on(&runtime, async {
            let (there, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let (their_there, their_back) = (Arc::clone(&there), Arc::clone(&back));
            let echo = thread::spawn(move || {
                current_thread().block_on(async {
                    for _ in 0..500 {
                        their_there.notified().await;
                        their_back.notify_one();
                    }
                });
            });
            let task = spawn_local(async move {
                for _ in 0..500 {
                    there.notify_one();
                    back.notified().await;
                }
            });
            task.await.expect("the task ends");
            echo.join().expect("no panic");
        });
    });
}

#[test]
fn a_set_is_a_future_that_ends_with_its_last_task() {
    on_each_runtime(|runtime| {
        let set = LocalSet::new();
        let log = Rc::new(RefCell::new(Vec::new()));
        for n in 0..3_u64 {
            let log = Rc::clone(&log);
            set.spawn_local(async move {
                sleep(Duration::from_millis(3 * (3 - n))).await;
                log.borrow_mut().push(n);
            });
        }
        runtime.block_on(set);
        assert_eq!(log.borrow().len(), 3);
    });
}

#[test]
fn tasks_that_are_left_go_on_at_the_next_run() {
    on_each_runtime(|runtime| {
        let set = LocalSet::new();
        let (sender, receiver) = oneshot::channel();
        let task = set.spawn_local(async move { receiver.await.expect("it is sent") });
        assert_eq!(set.block_on(&runtime, async { 1 }), 1);
        assert!(!task.is_finished());
        sender.send(2).expect("the task waits");
        assert_eq!(set.block_on(&runtime, task).expect("the task ends"), 2);
        runtime.block_on(set.run_until(yield_now()));
    });
}

#[test]
fn dropping_a_set_drops_its_futures_here_and_cancels_its_tasks() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let set = LocalSet::new();
        let kept: Arc<Mutex<Option<Waker>>> = Arc::default();
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let (token, keep) = (drops.token(), Arc::clone(&kept));
                set.spawn_local(async move {
                    let _token = token;
                    std::future::poll_fn(|cx| {
                        *keep.lock().expect("no panic") = Some(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                })
            })
            .collect();
        let unpolled = set.spawn_local(pending::<()>());
        set.block_on(&runtime, yield_now());
        assert_eq!(drops.count(), 0);
        drop(set);
        assert_eq!(drops.count(), 10);
        for handle in handles {
            let outcome = runtime.block_on(handle);
            assert!(outcome.expect_err("its set is gone").is_cancelled());
        }
        assert!(
            runtime
                .block_on(unpolled)
                .expect_err("its set is gone")
                .is_cancelled()
        );
        let waker = kept
            .lock()
            .expect("no panic")
            .take()
            .expect("one was polled");
        thread::spawn(move || waker.wake())
            .join()
            .expect("a late wake is harmless");
    });
}

#[test]
fn a_set_that_is_dropped_while_threads_wake_its_tasks_drops_them_here() {
    on_each_runtime(|runtime| {
        for _ in 0..30 {
            let here = thread::current().id();
            let set = LocalSet::new();
            let notify = Arc::new(Notify::new());
            let count = Rc::new(Cell::new(0));
            for _ in 0..20 {
                struct Here(Rc<Cell<i32>>, thread::ThreadId);
                impl Drop for Here {
                    fn drop(&mut self) {
                        assert_eq!(thread::current().id(), self.1);
                        self.0.set(self.0.get() + 1);
                    }
                }
                let guard = Here(Rc::clone(&count), here);
                let notify = Arc::clone(&notify);
                set.spawn_local(async move {
                    let _guard = guard;
                    loop {
                        notify.notified().await;
                    }
                });
            }
            let waking = thread::spawn(move || {
                for _ in 0..50 {
                    notify.notify_waiters();
                }
            });
            set.block_on(&runtime, async {
                for _ in 0..5 {
                    yield_now().await;
                }
            });
            drop(set);
            assert_eq!(count.get(), 20);
            waking.join().expect("late wakes are harmless");
        }
    });
}

#[test]
fn a_panic_of_a_local_task_is_its_handle_s_error() {
    on_each_runtime(|runtime| {
        LocalSet::new().block_on(&runtime, async {
            let task = spawn_local(async { panic!("a local task panics") });
            let error = task.await.expect_err("it panics");
            assert_eq!(panics::text(&*error.into_panic()), "a local task panics");
            let task = spawn_local(pending::<()>());
            task.abort();
            assert!(task.await.expect_err("it was aborted").is_cancelled());
            spawn_local(async {}).await.expect("the set goes on");
        });
    });
}

#[test]
fn a_set_may_be_entered_and_sets_nest() {
    let (outer, inner) = (LocalSet::new(), LocalSet::new());
    let runtime = multi_thread(1);
    let first = {
        let _outer = outer.enter();
        let _inner = inner.enter();
        spawn_local(async { "inner" })
    };
    let second = {
        let _outer = outer.enter();
        spawn_local(async { "outer" })
    };
    outer.block_on(&runtime, async {
        assert_eq!(second.await.expect("it is this set's"), "outer");
        assert!(!first.is_finished());
        assert_eq!(
            inner.run_until(first).await.expect("it runs there"),
            "inner"
        );
        // Inside the outer set again.
        spawn_local(async {}).await.expect("the task ends");
    });
}
