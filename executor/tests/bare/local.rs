//! Tasks that are not `Send`.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring_executor::{LocalSet, spawn, spawn_local, yield_now};

use crate::support::{Dropped, flavours};
use crate::wakers::cloning_by;

#[test]
fn local_tasks_share_what_is_not_send() {
    for executor in flavours() {
        let local = LocalSet::new();
        let sum = Rc::new(Cell::new(0));
        let seen = Rc::clone(&sum);
        local.block_on(AsHandle(&executor), async move {
            let tasks: Vec<_> = (1..=10)
                .map(|n| {
                    let sum = Rc::clone(&sum);
                    spawn_local(async move {
                        yield_now().await;
                        sum.set(sum.get() + n);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(seen.get(), 55);
    }
}

#[test]
fn a_local_task_is_woken_from_other_threads() {
    for executor in flavours() {
        let local = LocalSet::new();
        let (wakers, woken) = mpsc::channel::<Waker>();
        let helper = thread::spawn(move || woken.into_iter().for_each(Waker::wake));
        local.block_on(AsHandle(&executor), async move {
            spawn_local(async move {
                for _ in 0..1000 {
                    let mut first = true;
                    poll_fn(|cx| {
                        if !std::mem::replace(&mut first, false) {
                            return Poll::Ready(());
                        }
                        wakers.send(cx.waker().clone()).unwrap();
                        Poll::Pending
                    })
                    .await;
                    spawn(async {}).await.unwrap();
                }
            })
            .await
            .unwrap();
        });
        helper.join().unwrap();
    }
}

#[test]
fn a_dropped_set_drops_its_futures_at_once_whatever_wakes_them() {
    for executor in flavours() {
        for _ in 0..200 {
            let (dropped, local) = (Dropped::new(), LocalSet::new());
            let (wakers, woken) = mpsc::channel::<Waker>();
            let helper = thread::spawn(move || woken.into_iter().for_each(Waker::wake));
            let guards: Vec<_> = (0..10).map(|_| dropped.guard()).collect();
            local.block_on(AsHandle(&executor), async {
                for guard in guards {
                    let wakers = wakers.clone();
                    spawn_local(async move {
                        let _guard = guard;
                        poll_fn::<(), _>(|cx| {
                            wakers.send(cx.waker().clone()).unwrap();
                            Poll::Pending
                        })
                        .await;
                    });
                }
                yield_now().await;
            });
            drop(local);
            assert_eq!(dropped.count(), 10);
            drop(wakers);
            helper.join().unwrap();
        }
    }
}

#[test]
fn an_aborted_local_task_ends_and_a_set_is_ready_when_it_is_empty() {
    for executor in flavours() {
        let local = LocalSet::new();
        let task = local.spawn_local(pending::<()>());
        task.abort();
        executor.handle().block_on(local);
        assert!(executor.handle().block_on(task).unwrap_err().is_cancelled());
    }
}

/// Polls, with a waker whose clone wakes the set's only task, the set in which it waits. How often
/// the task was polled by that.
fn polls_of_a_task_that_the_clone_of_a_waker_wakes() -> usize {
    let set = LocalSet::new();
    let polls = Rc::new(Cell::new(0));
    let waker_of_task = Arc::new(Mutex::new(None::<Waker>));
    let (seen, left) = (Rc::clone(&polls), Arc::clone(&waker_of_task));
    let _task = set.spawn_local(poll_fn(move |cx| {
        seen.set(seen.get() + 1);
        if seen.get() == 1 {
            *left.lock().unwrap() = Some(cx.waker().clone());
        }
        Poll::<()>::Pending
    }));
    let mut set = pin!(set);
    let mut poll = |waker: &Waker| set.as_mut().poll(&mut Context::from_waker(waker));
    assert!(poll(Waker::noop()).is_pending());
    let before = polls.get();
    let waker = cloning_by(move || {
        let waker = waker_of_task.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    });
    assert!(poll(&waker).is_pending());
    polls.get() - before
}

#[test]
fn a_waker_whose_clone_wakes_into_the_set_loses_nothing() {
    let (sender, receiver) = mpsc::channel();
    // Of its own thread, which would wait for itself if the clone were made under a lock.
    thread::spawn(move || sender.send(polls_of_a_task_that_the_clone_of_a_waker_wakes()));
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(1));
}

#[test]
#[should_panic(expected = "`spawn_local` was called outside a `LocalSet`")]
fn outside_a_set_a_local_spawn_says_what_is_missing() {
    drop(spawn_local(async {}));
}

struct AsHandle<'a>(&'a mainspring_executor::Executor);

impl AsRef<mainspring_executor::Handle> for AsHandle<'_> {
    fn as_ref(&self) -> &mainspring_executor::Handle {
        self.0.handle()
    }
}
