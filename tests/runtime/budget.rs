//! A poll has a budget of operations: who is always ready goes behind the others now and then, and
//! loses nothing by it.

use std::future::{Future, pending, poll_fn, ready};
use std::io::Write;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring::io::AsyncReadExt;
use mainspring::net::UnixStream;
use mainspring::task::coop::{cooperative, has_budget_remaining, poll_proceed};
use mainspring::task::{
    JoinHandle, JoinSet, LocalSet, block_in_place, consume_budget, reserve_offload, spawn_local,
    unconstrained, yield_now,
};
use mainspring::time::{sleep, timeout};

use crate::bounded::bounded;
use crate::each::in_each_runtime;
use crate::lone::{BUDGET, assert_lets_a_neighbour_run, on_a_lone_worker, take_all, take_up_to};
use crate::runtimes::{current_thread, multi_thread};
use crate::wakers::Counting;

/// Takes all operations that the present poll of the task may still do, but at most `limit`.
async fn take_all_now(limit: usize) -> usize {
    poll_fn(|cx| Poll::Ready(take_up_to(limit, cx))).await
}

/// Tasks that have ended.
async fn ended_tasks(count: usize) -> Vec<JoinHandle<usize>> {
    let tasks: Vec<_> = (0..count)
        .map(|n| mainspring::spawn(async move { n }))
        .collect();
    while !tasks.iter().all(JoinHandle::is_finished) {
        yield_now().await;
    }
    tasks
}

/// How many polls a future takes.
async fn polls_of(future: impl Future) -> usize {
    let mut future = pin!(future);
    let mut polls = 0;
    poll_fn(|cx| {
        polls += 1;
        future.as_mut().poll(cx).map(drop)
    })
    .await;
    polls
}

#[test]
fn each_poll_has_a_budget() {
    on_a_lone_worker(|| async {
        for _ in 0..3 {
            yield_now().await;
            assert!(has_budget_remaining());
            assert_eq!(take_all_now(1000).await, BUDGET);
            assert!(!has_budget_remaining());
        }
        yield_now().await;
        assert!(has_budget_remaining());
    });
}

#[test]
fn consuming_the_budget_yields_when_it_is_used_up_and_only_then() {
    on_a_lone_worker(|| async {
        yield_now().await;
        let rounds = async {
            for _ in 0..10 * BUDGET {
                consume_budget().await;
            }
        };
        assert_eq!(polls_of(rounds).await, 10);
    });
}

#[test]
fn an_operation_that_makes_no_progress_costs_nothing() {
    on_a_lone_worker(|| async {
        yield_now().await;
        poll_fn(|cx| {
            for _ in 0..10 * BUDGET {
                let budget = poll_proceed(cx);
                assert!(budget.is_ready());
            }
            let mut never = pin!(cooperative(pending::<()>()));
            let mut silent = pin!(cooperative(sleep(Duration::from_secs(3600))));
            for _ in 0..10 * BUDGET {
                assert!(never.as_mut().poll(cx).is_pending());
                assert!(silent.as_mut().poll(cx).is_pending());
            }
            assert_eq!(take_all(cx), BUDGET);
            Poll::Ready(())
        })
        .await;
    });
}

#[test]
fn outside_a_poll_nothing_is_limited() {
    let unlimited = || {
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(take_up_to(100_000, &mut cx), 100_000);
        assert!(has_budget_remaining());
    };
    unlimited();
    let runtime = multi_thread(1);
    {
        let _entered = runtime.enter();
        unlimited();
    }
    runtime.block_on(async move {
        let job = mainspring::task::spawn_blocking(unlimited);
        job.await.expect("no assertion fails");
        let job = mainspring::task::offload(move |_| unlimited());
        job.await.expect("no assertion fails");
        take_all_now(1000).await;
    });
    unlimited();
}

#[test]
fn code_that_blocks_in_place_is_not_limited() {
    on_a_lone_worker(|| async {
        yield_now().await;
        assert_eq!(take_all_now(28).await, 28);
        block_in_place(|| {
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(take_up_to(100_000, &mut cx), 100_000);
        });
        assert_eq!(take_all_now(1000).await, BUDGET - 28);
    });
}

#[test]
fn places_for_jobs_that_are_free_let_the_neighbour_run() {
    on_a_lone_worker(|| async {
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..1000 {
                drop(reserve_offload().await.expect("the runtime lives"));
                tally.count();
            }
        })
        .await;
    });
}

#[test]
fn who_is_refused_is_woken_by_its_own_waker() {
    on_a_lone_worker(|| async {
        take_all_now(1000).await;
        let counting = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&counting));
        for refused in 1..=3 {
            let polled = poll_proceed(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            assert_eq!(counting.count(), refused);
        }
    });
}

#[test]
fn an_unconstrained_future_is_never_refused_and_takes_nothing() {
    on_a_lone_worker(|| async {
        yield_now().await;
        let rounds = async {
            for _ in 0..100 * BUDGET {
                consume_budget().await;
            }
        };
        assert_eq!(polls_of(unconstrained(rounds)).await, 1);
        assert_eq!(take_all_now(1000).await, BUDGET);
        unconstrained(consume_budget()).await;
        assert!(!has_budget_remaining());
    });
}

#[test]
fn ended_tasks_that_are_awaited_in_a_loop_let_the_neighbour_run() {
    on_a_lone_worker(|| async {
        let tasks = ended_tasks(1000).await;
        assert_lets_a_neighbour_run(|tally| async move {
            for (n, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.expect("no panic"), n);
                tally.count();
            }
        })
        .await;
    });
}

#[test]
fn a_set_of_ended_tasks_lets_the_neighbour_run_and_gives_each_output_once() {
    on_a_lone_worker(|| async {
        let mut set = JoinSet::new();
        let ended = Arc::new(AtomicUsize::new(0));
        for n in 0..1000_usize {
            let ended = Arc::clone(&ended);
            set.spawn(async move {
                ended.fetch_add(1, Ordering::SeqCst);
                n
            });
        }
        while ended.load(Ordering::SeqCst) < 1000 {
            yield_now().await;
        }
        assert_lets_a_neighbour_run(|tally| async move {
            let mut missing = vec![true; 1000];
            while let Some(joined) = set.join_next().await {
                let n = joined.expect("no panic");
                assert!(std::mem::take(&mut missing[n]), "{n} comes twice");
                tally.count();
            }
            assert!(!missing.contains(&true));
        })
        .await;
    });
}

#[test]
fn what_is_asked_without_waiting_is_answered_without_a_budget() {
    on_a_lone_worker(|| async {
        let mut set = JoinSet::new();
        for n in 0..300 {
            set.spawn(async move { n });
        }
        yield_now().await;
        take_all_now(1000).await;
        for _ in 0..300 {
            set.try_join_next()
                .expect("it has ended")
                .expect("no panic");
            assert!(!has_budget_remaining());
        }
        assert!(set.is_empty());
    });
}

#[test]
fn a_handle_that_was_refused_gives_its_output_later() {
    on_a_lone_worker(|| async {
        let mut task = ended_tasks(1).await.remove(0);
        take_all_now(1000).await;
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut task).poll(cx).is_pending())).await;
        assert!(first, "there was no budget");
        assert_eq!(task.await.expect("no panic"), 0);
    });
}

#[test]
fn cooperative_futures_let_the_neighbour_run() {
    on_a_lone_worker(|| async {
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..1000 {
                cooperative(ready(())).await;
                tally.count();
            }
        })
        .await;
    });
}

#[test]
fn a_task_of_a_local_set_lets_its_neighbours_within_and_without_run() {
    on_a_lone_worker(|| async {
        // A local set is not Send: it lives on a thread of its own.
        let other = thread::spawn(|| {
            LocalSet::new().block_on(current_thread(), async {
                let busy = spawn_local(assert_lets_a_neighbour_run(|tally| async move {
                    let is_over = Arc::new(AtomicBool::new(false));
                    let (over, seen) = (Arc::clone(&is_over), tally.clone());
                    let within = spawn_local(async move {
                        let (mut before, mut longest) = (0, 0);
                        while !over.load(Ordering::SeqCst) {
                            let now = seen.operations();
                            longest = longest.max(now - before);
                            before = now;
                            yield_now().await;
                        }
                        longest
                    });
                    for _ in 0..1000 {
                        consume_budget().await;
                        tally.count();
                    }
                    is_over.store(true, Ordering::SeqCst);
                    let longest = within.await.expect("it only counts");
                    assert!(longest <= BUDGET, "{longest} operations in a row");
                }));
                busy.await.expect("no assertion fails");
            });
        });
        let joined = mainspring::task::spawn_blocking(|| other.join()).await;
        joined.expect("it only joins").expect("no assertion fails");
    });
}

#[test]
fn polls_within_polls_have_budgets_of_their_own() {
    bounded("a local set in a poll", || {
        let set = LocalSet::new();
        set.block_on(current_thread(), async {
            yield_now().await;
            let mut inner = LocalSet::new();
            let tasks: Vec<_> = (0..3)
                .map(|_| inner.spawn_local(take_all_now(1000)))
                .collect();
            assert_eq!(take_all_now(28).await, 28);
            let polled = poll_fn(|cx| Poll::Ready(pin!(&mut inner).poll(cx))).await;
            assert!(polled.is_ready());
            assert_eq!(take_all_now(1000).await, BUDGET - 28);
            yield_now().await;
            for task in tasks {
                assert_eq!(task.await.expect("no panic"), BUDGET);
            }
        });
    });
    bounded("block_on in a poll", || {
        let inner = current_thread();
        current_thread().block_on(async {
            yield_now().await;
            assert_eq!(take_all_now(28).await, 28);
            inner.block_on(async {
                assert_eq!(take_all_now(1000).await, BUDGET);
                let task = mainspring::spawn(take_all_now(1000));
                assert_eq!(task.await.expect("no panic"), BUDGET);
            });
            assert_eq!(take_all_now(1000).await, BUDGET - 28);
        });
    });
}

#[test]
fn a_foreign_block_on_inside_a_task_is_not_refused_for_ever() {
    /// Polls again and again, as a `block_on` does that knows no budget.
    fn foreign_block_on<F: Future>(future: F) -> F::Output {
        let mut future = pin!(future);
        let counting = Arc::new(Counting::default());
        let waker = Waker::from(Arc::clone(&counting));
        loop {
            let woken = counting.count();
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            assert!(counting.count() > woken, "it would wait for ever");
        }
    }
    on_a_lone_worker(|| async {
        let tasks = ended_tasks(1000).await;
        foreign_block_on(async {
            for task in tasks {
                task.await.expect("no panic");
            }
        });
    });
}

#[test]
fn a_flood_of_results_starves_no_socket() {
    on_a_lone_worker(|| async {
        let (near, mut far) = StdUnixStream::pair().expect("the system has descriptors");
        near.set_nonblocking(true).expect("it can be set");
        let mut near = UnixStream::from_std(near).expect("there is a driver");
        let mut flood = ended_tasks(1000).await.into_iter();
        let served = mainspring::spawn(async move { near.read_u8().await });
        for _ in 0..=BUDGET {
            flood
                .next()
                .expect("there are more")
                .await
                .expect("no panic");
        }
        far.write_all(b"x").expect("there is room");
        for _ in 0..=BUDGET {
            flood
                .next()
                .expect("there are more")
                .await
                .expect("no panic");
        }
        assert!(served.is_finished());
    });
}

#[test]
fn a_flood_of_results_starves_no_timer() {
    on_a_lone_worker(|| async {
        let mut flood = ended_tasks(1000).await.into_iter();
        let timer = mainspring::spawn(sleep(Duration::from_millis(1)));
        for _ in 0..=BUDGET {
            flood
                .next()
                .expect("there are more")
                .await
                .expect("no panic");
        }
        // The timer has been armed, and is due after this.
        thread::sleep(Duration::from_millis(2));
        for _ in 0..=BUDGET {
            flood
                .next()
                .expect("there are more")
                .await
                .expect("no panic");
        }
        assert!(timer.is_finished());
    });
}

#[test]
fn a_time_limit_ends_a_future_that_is_always_ready() {
    in_each_runtime(|| async {
        let endless = async {
            loop {
                consume_budget().await;
            }
        };
        let limited = timeout(Duration::from_millis(5), endless).await;
        assert!(limited.is_err());
    });
}

#[test]
fn a_time_limit_that_has_passed_is_told_though_the_budget_is_used_up() {
    on_a_lone_worker(|| async {
        yield_now().await;
        let greedy = async {
            loop {
                consume_budget().await;
            }
        };
        assert_eq!(polls_of(timeout(Duration::ZERO, greedy)).await, 1);
        // It was used up before: the timeout itself goes behind the others.
        assert_eq!(polls_of(timeout(Duration::ZERO, pending::<()>())).await, 2);
    });
}
