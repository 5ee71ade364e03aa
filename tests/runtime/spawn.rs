//! Spawned tasks run, end, and give their output.

use std::collections::HashSet;
use std::future::{pending, poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring::sync::oneshot;
use mainspring::task::{JoinHandle, id, try_id, yield_now};
use mainspring::time::sleep;

use crate::counted::Drops;
use crate::each::{in_each_runtime, on_each_runtime};
use crate::runtimes::{current_thread, multi_thread};

const MANY: usize = 10_000;

async fn sum_of(tasks: Vec<JoinHandle<usize>>) -> usize {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("the task ends");
    }
    sum
}

#[test]
fn ten_thousand_tasks_give_their_outputs() {
    in_each_runtime(|| async {
        let tasks = (0..MANY)
            .map(|n| mainspring::spawn(async move { n }))
            .collect();
        assert_eq!(sum_of(tasks).await, MANY * (MANY - 1) / 2);
    });
}

#[test]
fn ten_thousand_tasks_that_wait_and_yield_give_their_outputs() {
    in_each_runtime(|| async {
        let tasks = (0..MANY).map(|n| {
            mainspring::spawn(async move {
                yield_now().await;
                sleep(Duration::from_millis(n as u64 % 7)).await;
                n
            })
        });
        assert_eq!(sum_of(tasks.collect()).await, MANY * (MANY - 1) / 2);
    });
}

#[test]
fn tasks_from_several_outside_threads_all_run() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || (0..1_000).map(|n| handle.spawn(async move { n })).collect())
            })
            .collect();
        for thread in threads {
            let tasks = thread.join().expect("the thread only spawns");
            assert_eq!(runtime.block_on(sum_of(tasks)), 499_500);
        }
    });
}

#[test]
fn tasks_of_a_multi_thread_runtime_run_while_nobody_is_in_block_on() {
    let runtime = multi_thread(1);
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move {
        sleep(Duration::from_millis(1)).await;
        sender.send(7).expect("the test listens");
    });
    assert_eq!(receiver.recv_timeout(crate::bounded::LIMIT), Ok(7));
}

#[test]
fn tasks_of_a_current_thread_runtime_wait_for_block_on_and_go_on_at_the_next() {
    let runtime = current_thread();
    let steps = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&steps);
    let (sender, receiver) = oneshot::channel::<()>();
    let task = runtime.spawn(async move {
        seen.fetch_add(1, Ordering::SeqCst);
        receiver.await.expect("the sender is kept");
        seen.fetch_add(1, Ordering::SeqCst);
    });
    thread::sleep(Duration::from_millis(10));
    assert_eq!(
        steps.load(Ordering::SeqCst),
        0,
        "no thread is there to run it"
    );
    runtime.block_on(yield_now());
    assert_eq!(steps.load(Ordering::SeqCst), 1);
    sender.send(()).expect("the task waits");
    assert_eq!(
        steps.load(Ordering::SeqCst),
        1,
        "no thread is there to run it"
    );
    runtime.block_on(task).expect("the task ends");
    assert_eq!(steps.load(Ordering::SeqCst), 2);
}

#[test]
fn a_tree_of_tasks_that_spawn_tasks_ends() {
    fn tree(depth: usize) -> JoinHandle<usize> {
        mainspring::spawn(async move {
            if depth == 0 {
                return 1;
            }
            let children: Vec<_> = (0..6).map(|_| tree(depth - 1)).collect();
            1 + sum_of(children).await
        })
    }
    in_each_runtime(|| async {
        assert_eq!(
            tree(5).await.expect("the tree ends"),
            (6_usize.pow(6) - 1) / 5
        );
    });
}

#[test]
fn a_task_whose_handle_is_dropped_goes_on() {
    in_each_runtime(|| async {
        let (sender, receiver) = oneshot::channel();
        drop(mainspring::spawn(async move {
            yield_now().await;
            sender.send("done").expect("the test listens");
        }));
        assert_eq!(receiver.await, Ok("done"));
    });
}

#[test]
fn a_handle_can_be_awaited_on_another_runtime_and_on_none() {
    on_each_runtime(|runtime| {
        let other = current_thread();
        let worker = runtime.handle().clone();
        // Somebody must be in `block_on` for tasks of the current-thread flavour to run.
        let (stop, stopped) = oneshot::channel::<()>();
        let driver = thread::spawn(move || runtime.block_on(stopped));
        let task = worker.spawn(async {
            sleep(Duration::from_millis(2)).await;
            5
        });
        assert_eq!(other.block_on(task).expect("the task ends"), 5);
        stop.send(()).expect("the driver waits");
        driver
            .join()
            .expect("the driver ends")
            .expect("it was told to");
    });
}

#[test]
fn awaiting_a_handle_by_reference_can_be_given_up_and_begun_again() {
    in_each_runtime(|| async {
        let (sender, receiver) = oneshot::channel();
        let mut task = mainspring::spawn(async move { receiver.await.expect("it is sent") });
        for _ in 0..3 {
            mainspring::select! {
                biased;
                _ = &mut task => panic!("it cannot have ended"),
                () = ready(()) => {}
            }
        }
        assert!(!task.is_finished());
        sender.send(9).expect("the task waits");
        assert_eq!((&mut task).await.expect("the task ends"), 9);
        assert!(task.is_finished());
    });
}

#[test]
fn a_waker_that_outlives_its_task_keeps_no_future_and_wakes_nothing() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let kept: Arc<Mutex<Option<Waker>>> = Arc::default();
        let (token, keep) = (drops.token(), Arc::clone(&kept));
        let mut first = true;
        let task = runtime.spawn(async move {
            poll_fn(move |cx| {
                if !std::mem::replace(&mut first, false) {
                    return Poll::Ready(());
                }
                *keep.lock().expect("no panic") = Some(cx.waker().clone());
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            drop(token);
        });
        runtime.block_on(task).expect("the task ends");
        assert_eq!(drops.count(), 1);
        let waker = kept
            .lock()
            .expect("no panic")
            .take()
            .expect("the task was polled");
        waker.wake_by_ref();
        let handle = runtime.handle().clone();
        drop(runtime);
        waker.wake_by_ref();
        drop(handle);
        waker.wake();
    });
}

#[test]
fn a_wake_during_the_poll_makes_for_another_poll() {
    in_each_runtime(|| async {
        let mut polls = 0;
        let task = mainspring::spawn(poll_fn(move |cx| {
            polls += 1;
            if polls == 100 {
                return Poll::Ready(polls);
            }
            let waker = cx.waker().clone();
            if polls % 2 == 0 {
                thread::spawn(move || waker.wake());
            } else {
                waker.wake();
            }
            Poll::Pending
        }));
        assert_eq!(task.await.expect("the task ends"), 100);
    });
}

#[test]
fn a_large_future_and_a_large_output_arrive_whole() {
    in_each_runtime(|| async {
        let task = mainspring::spawn(async {
            let mut block = [1_u8; 64 * 1024];
            yield_now().await;
            block[0] = 2;
            block
        });
        let block = task.await.expect("the task ends");
        assert_eq!(
            block.iter().map(|byte| usize::from(*byte)).sum::<usize>(),
            block.len() + 1
        );
    });
}

#[test]
fn a_task_knows_its_id_and_the_root_has_none() {
    in_each_runtime(|| async {
        assert_eq!(try_id(), None);
        let task = mainspring::spawn(async {
            let before = id();
            let inner = mainspring::spawn(async { id() });
            let inner_id = inner.id();
            assert_eq!(inner.await.expect("the task ends"), inner_id);
            sleep(Duration::from_millis(1)).await;
            assert_eq!(id(), before);
            assert_ne!(inner_id, before);
            before
        });
        let known = task.id();
        assert_eq!(task.abort_handle().id(), known);
        assert_eq!(task.await.expect("the task ends"), known);
        assert_eq!(try_id(), None);
    });
}

#[test]
fn a_destructor_inside_a_cancelled_task_sees_the_task_s_id() {
    struct AtDrop(mpsc::Sender<Option<mainspring::task::Id>>);
    impl Drop for AtDrop {
        fn drop(&mut self) {
            let _ = self.0.send(try_id());
        }
    }
    in_each_runtime(|| async {
        let (sender, receiver) = mpsc::channel();
        let guard = AtDrop(sender);
        let task = mainspring::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        yield_now().await;
        let known = task.id();
        task.abort();
        let error = task.await.expect_err("it was aborted");
        assert_eq!(error.id(), known);
        assert_eq!(receiver.try_recv(), Ok(Some(known)));
    });
}

#[test]
fn ids_are_never_given_twice() {
    in_each_runtime(|| async {
        let seen: HashSet<_> = (0..MANY)
            .map(|_| mainspring::spawn(async {}).id())
            .collect();
        assert_eq!(seen.len(), MANY);
    });
}
