//! One task: spawned, joined, aborted, panicking.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mainspring_executor::{id, spawn, try_id, yield_now};

use crate::support::{Dropped, executor, flavours};
use crate::wakers::cloning_by;

#[test]
fn a_task_gives_its_output_to_whoever_joins_it() {
    for executor in flavours() {
        let output = executor.handle().block_on(async {
            let task = spawn(async { 41 });
            task.await.unwrap() + 1
        });
        assert_eq!(output, 42);
    }
}

#[test]
fn a_task_knows_its_id() {
    for executor in flavours() {
        executor.handle().block_on(async {
            assert_eq!(try_id(), None, "the root is not a task");
            let task = spawn(async { id() });
            let expected = task.id();
            assert_eq!(task.await.unwrap(), expected);
        });
    }
}

#[test]
fn an_aborted_task_drops_its_future_and_says_so() {
    for executor in flavours() {
        let dropped = Dropped::new();
        let guard = dropped.guard();
        executor.handle().block_on(async {
            let task = spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!(dropped.count(), 1);
    }
}

#[test]
fn a_panic_reaches_the_join_handle_and_nobody_else() {
    for executor in flavours() {
        executor.handle().block_on(async {
            let neighbour = spawn(async {
                for _ in 0..10 {
                    yield_now().await;
                }
                7
            });
            let error = spawn(async { panic!("on purpose") }).await.unwrap_err();
            assert!(error.is_panic());
            assert!(error.to_string().contains("on purpose"), "{error}");
            assert_eq!(
                error.into_panic().downcast_ref::<&str>(),
                Some(&"on purpose")
            );
            assert_eq!(neighbour.await.unwrap(), 7);
        });
    }
}

#[test]
fn a_panic_in_a_futures_destructor_reaches_the_join_handle() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    for executor in flavours() {
        executor.handle().block_on(async {
            let task = spawn(async {
                let _bomb = Bomb;
                pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_panic());
        });
    }
}

#[test]
fn a_leaked_waker_does_not_keep_the_future_and_may_outlive_the_executor() {
    for executor in flavours() {
        let dropped = Dropped::new();
        let guard = dropped.guard();
        let waker: Waker = executor.handle().block_on(async {
            spawn(async move {
                let _guard = guard;
                std::future::poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
            })
            .await
            .unwrap()
        });
        assert_eq!(dropped.count(), 1);
        waker.wake_by_ref();
        drop(executor);
        waker.wake();
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_handle_is_woken_although_another_waker_panicked_when_it_was_cloned() {
    for executor in flavours() {
        let mut task = executor.handle().spawn(pending::<()>());
        let mut poll = |waker: &Waker| Pin::new(&mut task).poll(&mut Context::from_waker(waker));
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        assert!(poll(&waker).is_pending());
        let panicking = cloning_by(|| panic!("a clone that panics, as it is meant to"));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&panicking))).is_err());
        assert!(poll(&waker).is_pending());
        task.abort();
        executor.handle().block_on(async {
            while !task.is_finished() {
                yield_now().await;
            }
        });
        // It is woken right after the end.
        let until = Instant::now() + Duration::from_secs(20);
        while woken.0.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < until, "it is not woken");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn an_unread_output_is_dropped_once() {
    for executor in flavours() {
        let dropped = Dropped::new();
        let (one, two) = (dropped.guard(), dropped.guard());
        executor.handle().block_on(async {
            let finished = spawn(async { one });
            while !finished.is_finished() {
                yield_now().await;
            }
            drop(finished);
            drop(spawn(async { two }));
            while dropped.count() < 2 {
                yield_now().await;
            }
        });
        assert_eq!(dropped.count(), 2);
    }
}

#[test]
fn a_task_that_wakes_itself_shares_its_worker() {
    let executor = executor(0);
    executor.handle().block_on(async {
        let turns = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&turns);
        let selfish = spawn(async move {
            std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if count.fetch_add(1, Ordering::Relaxed) < 1000 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        });
        let seen = spawn(async move { turns.load(Ordering::Relaxed) })
            .await
            .unwrap();
        assert!(seen < 10, "the neighbour waited for {seen} polls");
        selfish.await.unwrap();
    });
}

#[test]
fn yielding_lets_every_ready_task_go_first() {
    let executor = executor(0);
    executor.handle().block_on(async {
        for tasks in [1, 5, 100, 1000] {
            let ran = Arc::new(AtomicUsize::new(0));
            for _ in 0..tasks {
                let ran = Arc::clone(&ran);
                spawn(async move { ran.fetch_add(1, Ordering::Relaxed) });
            }
            yield_now().await;
            assert_eq!(ran.load(Ordering::Relaxed), tasks, "from the root");
            let ran = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&ran);
            let seen = spawn(async move {
                for _ in 0..tasks {
                    let count = Arc::clone(&count);
                    spawn(async move { count.fetch_add(1, Ordering::Relaxed) });
                }
                yield_now().await;
                count.load(Ordering::Relaxed)
            });
            assert_eq!(seen.await.unwrap(), tasks, "from a task");
        }
    });
}

#[test]
fn two_tasks_that_wake_each_other_do_not_starve_a_third() {
    use std::sync::Mutex;
    #[derive(Default)]
    struct Pair {
        turn: AtomicUsize,
        wakers: [Mutex<Option<Waker>>; 2],
    }
    let executor = executor(0);
    executor.handle().block_on(async {
        let pair = Arc::new(Pair::default());
        let players: Vec<_> = (0..2)
            .map(|me| {
                let pair = Arc::clone(&pair);
                spawn(std::future::poll_fn(move |cx| {
                    *pair.wakers[me].lock().unwrap() = Some(cx.waker().clone());
                    let turn = pair.turn.load(Ordering::Relaxed);
                    if turn >= 10_000 {
                        if let Some(other) = pair.wakers[1 - me].lock().unwrap().take() {
                            other.wake();
                        }
                        return Poll::Ready(());
                    }
                    if turn % 2 == me {
                        pair.turn.store(turn + 1, Ordering::Relaxed);
                        if let Some(other) = pair.wakers[1 - me].lock().unwrap().take() {
                            other.wake();
                        }
                    }
                    Poll::Pending
                }))
            })
            .collect();
        let watched = Arc::clone(&pair);
        let third = spawn(async move {
            for _ in 0..5 {
                yield_now().await;
            }
            watched.turn.load(Ordering::Relaxed)
        });
        let seen = third.await.unwrap();
        assert!(
            seen < 5_000,
            "the third task waited for {seen} turns of the pair"
        );
        for player in players {
            player.await.unwrap();
        }
    });
}
