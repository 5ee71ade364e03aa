//! A panic reaches whoever awaits the task, and nobody else.

use std::future::pending;
use std::panic::{catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainspring::io::{AsyncWriteExt, Interest};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::sync::oneshot;
use mainspring::task::{spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::each::{in_each_runtime, on_each_runtime};
use crate::panics;
use crate::wakers::{Panicking, poll_with};

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor that panics");
    }
}

/// That the runtime still runs tasks, timers and jobs.
async fn assert_unharmed() {
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            mainspring::spawn(async move {
                yield_now().await;
                sleep(Duration::from_millis(1)).await;
                n
            })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.expect("the task ends"), n);
    }
    assert_eq!(spawn_blocking(|| 1).await.expect("the job ends"), 1);
}

#[test]
fn a_panic_is_the_handle_s_error_with_its_payload_and_message() {
    in_each_runtime(|| async {
        let task = mainspring::spawn(async { panic!("out of {}", "cheese") });
        let id = task.id();
        let error: mainspring::task::JoinError = task.await.expect_err("it panics");
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.id(), id);
        panics::assert_says(&error.to_string(), &["panicked", "out of cheese"]);
        assert_eq!(panics::text(&*error.into_panic()), "out of cheese");
        assert_unharmed().await;
    });
}

#[test]
fn a_panic_after_a_wait_is_caught_as_well() {
    in_each_runtime(|| async {
        let task = mainspring::spawn(async {
            sleep(Duration::from_millis(1)).await;
            std::panic::panic_any(7_u32);
        });
        let error = task.await.expect_err("it panics");
        let payload = error.try_into_panic().expect("it panicked");
        assert_eq!(payload.downcast_ref::<u32>(), Some(&7));
    });
}

#[test]
fn a_thousand_panicking_tasks_harm_none_of_the_others() {
    in_each_runtime(|| async {
        let good: Vec<_> = (0..1_000)
            .map(|n| {
                drop(mainspring::spawn(async move {
                    assert!(n > 1_000, "a detached task")
                }));
                mainspring::spawn(async move {
                    yield_now().await;
                    n
                })
            })
            .collect();
        for (n, task) in good.into_iter().enumerate() {
            assert_eq!(task.await.expect("this one is good"), n);
        }
        assert_unharmed().await;
    });
}

#[test]
fn a_future_whose_destructor_panics_at_its_abort_gives_a_panic() {
    in_each_runtime(|| async {
        let task = mainspring::spawn(async {
            let _bomb = Bomb;
            pending::<()>().await;
        });
        yield_now().await;
        sleep(Duration::from_millis(1)).await;
        task.abort();
        let error = task.await.expect_err("it was aborted");
        assert!(error.is_panic(), "{error:?}");
        assert_unharmed().await;
    });
}

#[test]
fn an_output_that_nobody_wants_and_whose_drop_panics_harms_nobody() {
    in_each_runtime(|| async {
        // Dropped by the task itself, which nobody joins.
        drop(mainspring::spawn(async { Bomb }));
        // Dropped with the handle, after the end.
        let task = mainspring::spawn(async { Bomb });
        while !task.is_finished() {
            yield_now().await;
        }
        drop(task);
        // Dropped by the end, after the handle.
        let (sender, receiver) = oneshot::channel::<()>();
        let task = mainspring::spawn(async move {
            receiver.await.expect("it is sent");
            Bomb
        });
        drop(task);
        sender.send(()).expect("the task waits");
        assert_unharmed().await;
    });
}

#[test]
fn a_join_waker_that_panics_harms_neither_the_task_nor_its_worker() {
    in_each_runtime(|| async {
        let (sender, receiver) = oneshot::channel::<()>();
        let mut task = mainspring::spawn(async move {
            receiver.await.expect("it is sent");
            11
        });
        let waker = Waker::from(Arc::new(Panicking));
        assert!(poll_with(&mut task, &waker).is_pending());
        sender.send(()).expect("the task waits");
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!(task.await.expect("the task ends"), 11);
        assert_unharmed().await;
    });
}

#[test]
fn a_timer_s_waker_that_panics_keeps_no_other_timer_from_firing() {
    in_each_runtime(|| async {
        let waker = Waker::from(Arc::new(Panicking));
        let mut armed: Vec<_> = (0..3)
            .map(|_| Box::pin(sleep(Duration::from_millis(5))))
            .collect();
        for timer in &mut armed {
            assert_eq!(poll_with(timer, &waker), Poll::Pending);
        }
        let others: Vec<_> = (0..10)
            .map(|_| mainspring::spawn(sleep(Duration::from_millis(5))))
            .collect();
        for other in others {
            other.await.expect("the timer fires");
        }
        for timer in armed {
            timer.await;
        }
        assert_unharmed().await;
    });
}

#[test]
fn a_socket_s_waker_that_panics_keeps_no_other_socket_from_being_served() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let mut pairs = Vec::new();
        for _ in 0..3 {
            let client = TcpStream::connect(addr).await.expect("it listens");
            pairs.push((client, listener.accept().await.expect("it has connected").0));
        }
        let waker = Waker::from(Arc::new(Panicking));
        {
            let mut waiting: Vec<_> = pairs
                .iter()
                .map(|pair| Box::pin(pair.0.readable()))
                .collect();
            for wait in &mut waiting {
                assert!(poll_with(wait, &waker).is_pending());
            }
            for (_, server) in &mut pairs.iter().map(|pair| ((), &pair.1)) {
                server.writable().await.expect("there is room");
                assert_eq!(server.try_write(b"x").expect("there is room"), 1);
            }
            sleep(Duration::from_millis(5)).await;
        }
        for (client, server) in &mut pairs {
            client
                .ready(Interest::READABLE)
                .await
                .expect("it is readable");
            assert_eq!(client.try_read(&mut [0; 4]).expect("a byte has come"), 1);
            server.write_all(b"y").await.expect("there is room");
            client.readable().await.expect("it is readable");
        }
        assert_unharmed().await;
    });
}

#[test]
fn a_panic_of_the_root_leaves_block_on_and_the_runtime_is_still_good() {
    on_each_runtime(|runtime| {
        for _ in 0..3 {
            let left = runtime.spawn(async {
                sleep(Duration::from_millis(1)).await;
                1
            });
            let message = panics::message_of(|| {
                runtime.block_on(async {
                    yield_now().await;
                    panic!("the root panics");
                })
            });
            assert_eq!(message, "the root panics");
            assert_eq!(runtime.block_on(left).expect("the task ends"), 1);
        }
        runtime.block_on(assert_unharmed());
    });
}

#[test]
fn a_root_whose_destructor_panics_leaves_the_runtime_good() {
    on_each_runtime(|runtime| {
        let message = panics::message_of(|| {
            runtime.block_on(async {
                let _bomb = Bomb;
                yield_now().await;
            })
        });
        assert_eq!(message, "a destructor that panics");
        runtime.block_on(assert_unharmed());
    });
}

#[test]
fn a_panic_in_a_blocking_job_is_its_handle_s_error() {
    in_each_runtime(|| async {
        for _ in 0..20 {
            let error = spawn_blocking(|| panic!("the job panics")).await;
            let error = error.expect_err("it panics");
            assert_eq!(panics::text(&*error.into_panic()), "the job panics");
        }
        drop(spawn_blocking(|| Bomb));
        assert_unharmed().await;
    });
}

#[test]
fn a_panic_while_another_unwinds_is_contained() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            // A panic inside a destructor that runs because of a panic, caught within it. Without the
            // hook: of such a panic std prints the whole backtrace, which can take longer than a test may.
            let inner = catch_unwind(|| resume_unwind(Box::new("inner")));
            assert!(inner.is_err());
        }
    }
    in_each_runtime(|| async {
        let task = mainspring::spawn(async {
            let _panics = Panics;
            panic!("outer");
        });
        let error = task.await.expect_err("it panics");
        assert_eq!(panics::text(&*error.into_panic()), "outer");
        assert_unharmed().await;
    });
}

#[test]
fn a_handle_polled_after_its_output_says_so() {
    in_each_runtime(|| async {
        let mut task = mainspring::spawn(async {});
        (&mut task).await.expect("the task ends");
        let message = panics::message_of(|| {
            let mut cx = Context::from_waker(Waker::noop());
            pin!(&mut task).as_mut().poll(&mut cx).is_ready()
        });
        panics::assert_says(&message, &["JoinHandle", "after it gave its output"]);
    });
}
