//! Many threads: spawns and wakes from outside, stealing, `block_on` from several threads, ends.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mainspring_executor::{spawn, yield_now};

use crate::support::{executor, flavours};

#[test]
fn outside_threads_spawn_and_wake() {
    for workers in [1, 2, 4] {
        let executor = executor(workers);
        let handle = executor.handle().clone();
        let total = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (handle, total) = (handle.clone(), Arc::clone(&total));
                thread::spawn(move || {
                    for _ in 0..2_000 {
                        let total = Arc::clone(&total);
                        handle.spawn(async move {
                            yield_now().await;
                            total.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        let started = Instant::now();
        while total.load(Ordering::Relaxed) < 8_000 {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "a task was lost"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn a_wake_from_another_thread_is_never_lost() {
    for executor in flavours() {
        let rounds = 5_000;
        let (wakers, woken) = mpsc::channel::<(Waker, Arc<AtomicBool>)>();
        let helper = thread::spawn(move || {
            for (waker, flag) in woken {
                flag.store(true, Ordering::Release);
                waker.wake();
            }
        });
        let root = wakers.clone();
        let wait = |wakers: mpsc::Sender<(Waker, Arc<AtomicBool>)>| {
            let flag = Arc::new(AtomicBool::new(false));
            let mut sent = false;
            poll_fn(move |cx| {
                if flag.load(Ordering::Acquire) {
                    return Poll::Ready(());
                }
                if !std::mem::replace(&mut sent, true) {
                    wakers
                        .send((cx.waker().clone(), Arc::clone(&flag)))
                        .unwrap();
                }
                Poll::Pending
            })
        };
        executor.handle().block_on(async move {
            let task = spawn(async move {
                for _ in 0..rounds {
                    wait(wakers.clone()).await;
                }
            });
            for _ in 0..rounds {
                wait(root.clone()).await;
            }
            task.await.unwrap();
        });
        helper.join().unwrap();
    }
}

#[test]
fn idle_workers_steal_from_a_busy_one() {
    let executor = executor(2);
    let threads = executor.handle().block_on(async {
        let seen = Arc::new(Mutex::new(std::collections::HashSet::new()));
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let seen = Arc::clone(&seen);
                spawn(async move {
                    seen.lock().unwrap().insert(thread::current().id());
                    thread::sleep(Duration::from_micros(200));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        seen.lock().unwrap().len()
    });
    assert!(threads >= 2, "all tasks ran on one thread");
}

#[test]
fn several_threads_may_block_on_one_executor() {
    for executor in flavours() {
        let handle = executor.handle().clone();
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let handle = handle.clone();
                thread::spawn(move || {
                    for round in 0..200 {
                        let output = handle.block_on(async move {
                            yield_now().await;
                            spawn(async move { n + round }).await.unwrap()
                        });
                        assert_eq!(output, n + round);
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn blocking_inside_a_task_of_the_same_runtime_needs_another_thread() {
    for (workers, executor) in flavours().into_iter().enumerate() {
        let handle = executor.handle().clone();
        let outcome = executor
            .handle()
            .block_on(async move { spawn(async move { handle.block_on(async { 7 }) }).await });
        if workers > 0 {
            assert_eq!(outcome.unwrap(), 7);
            continue;
        }
        let error = outcome.unwrap_err();
        assert!(
            error.to_string().contains("`block_on` was called inside"),
            "{error}"
        );
    }
}

#[test]
fn an_executor_may_be_dropped_inside_its_own_task_and_in_anothers() {
    for executor in flavours() {
        let handle = executor.handle().clone();
        handle.block_on(async move {
            drop(spawn(async move { drop(executor) }).await);
        });
    }
    let (outer, inner) = (executor(1), executor(1));
    outer
        .handle()
        .block_on(async move { spawn(async move { drop(inner) }).await.unwrap() });
}

#[test]
fn a_root_that_blocks_its_thread_does_not_hold_up_what_it_spawned() {
    for workers in [1, 2] {
        let executor = executor(workers);
        executor.handle().block_on(async {
            let (send, receive) = mpsc::channel();
            spawn(async move { send.send(()).unwrap() });
            receive
                .recv_timeout(Duration::from_secs(5))
                .expect("the task runs elsewhere");
        });
    }
}

#[test]
fn a_task_that_blocks_its_thread_does_not_hold_up_what_it_woke_or_spawned() {
    let executor = executor(2);
    let (send, receive) = mpsc::channel();
    executor.handle().spawn(async move {
        let begun = Instant::now();
        spawn(async move { send.send(begun.elapsed()).unwrap() });
        thread::sleep(Duration::from_secs(2));
    });
    let waited = receive.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(waited < Duration::from_secs(1), "it waited for {waited:?}");
}
