//! `yield_now` lets every task that is ready on the worker, and one turn of the driver, go first.

use std::future::Future;
use std::io::Write;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::io::AsyncReadExt;
use mainspring::net::UnixStream;
use mainspring::runtime::Builder;
use mainspring::task::{LocalSet, spawn_local, yield_now};
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::runtimes::current_thread;

/// Runs `body` as a task where one worker runs everything: on a current-thread runtime, and on one
/// with one worker thread while nobody helps it from `block_on`. And as the root of the former.
fn on_a_lone_worker<F>(body: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    bounded("a root", move || current_thread().block_on(body()));
    bounded("a task of a current-thread runtime", move || {
        let runtime = current_thread();
        runtime
            .block_on(runtime.spawn(body()))
            .expect("no assertion fails");
    });
    bounded("a task of one worker", move || {
        let (sender, receiver) = mpsc::channel();
        // On a machine that is too slow the monitor would see a poll that is stuck, and let another
        // worker help.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .disable_monitor()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(async move { sender.send(mainspring::spawn(body()).await) });
        receiver
            .recv()
            .expect("the task ends")
            .expect("no assertion fails");
    });
}

/// A task that counts up when it has read a byte, and where to send it.
async fn reader(served: &Arc<AtomicUsize>) -> StdUnixStream {
    let (near, far) = StdUnixStream::pair().expect("the system has descriptors");
    near.set_nonblocking(true).expect("it can be set");
    let mut near = UnixStream::from_std(near).expect("there is a driver");
    let served = Arc::clone(served);
    mainspring::spawn(async move {
        while near.read_u8().await.is_ok() {
            served.fetch_add(1, Ordering::SeqCst);
        }
    });
    far
}

#[test]
fn every_ready_task_goes_first() {
    on_a_lone_worker(|| async {
        let count = Arc::new(AtomicUsize::new(0));
        for round in 1..=5 {
            for _ in 0..200 {
                let count = Arc::clone(&count);
                mainspring::spawn(async move { count.fetch_add(1, Ordering::SeqCst) });
            }
            yield_now().await;
            assert_eq!(count.load(Ordering::SeqCst), 200 * round);
        }
    });
}

#[test]
fn two_that_yield_keep_up_with_one_another() {
    on_a_lone_worker(|| async {
        let steps = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&steps);
        let other = mainspring::spawn(async move {
            for _ in 0..500 {
                theirs.fetch_add(1, Ordering::SeqCst);
                yield_now().await;
            }
        });
        for round in 1..=500 {
            yield_now().await;
            let steps = steps.load(Ordering::SeqCst);
            // The root may let several rounds of the others go first, but not ever more of them.
            let bounds = round.min(500)..=4 * round + 4;
            assert!(
                bounds.contains(&steps),
                "{steps} steps of the other in round {round}"
            );
        }
        other.await.expect("it ends as well");
    });
}

#[test]
fn a_socket_that_is_ready_is_served_first() {
    on_a_lone_worker(|| async {
        let served = Arc::new(AtomicUsize::new(0));
        let mut far = reader(&served).await;
        yield_now().await;
        for round in 1..=100 {
            far.write_all(b"x").expect("there is room");
            yield_now().await;
            assert_eq!(served.load(Ordering::SeqCst), round);
        }
    });
}

#[test]
fn a_timer_that_is_due_fires_first() {
    on_a_lone_worker(|| async {
        for _ in 0..10 {
            let task = mainspring::spawn(sleep(Duration::from_millis(1)));
            yield_now().await;
            // Longer than the timer, without a chance for anybody else.
            thread::sleep(Duration::from_millis(3));
            yield_now().await;
            assert!(task.is_finished());
        }
    });
}

#[test]
fn what_comes_from_outside_goes_first_too() {
    on_a_lone_worker(|| async {
        let handle = mainspring::runtime::Handle::current();
        for _ in 0..20 {
            let outside = handle.clone();
            let spawning = thread::spawn(move || outside.spawn(async {}));
            let task = spawning.join().expect("it only spawns");
            yield_now().await;
            assert!(task.is_finished());
        }
    });
}

#[test]
fn in_a_local_set_the_others_of_the_set_go_first() {
    bounded("a local set", || {
        let set = LocalSet::new();
        set.block_on(current_thread(), async {
            for _ in 0..20 {
                let other = spawn_local(async {});
                yield_now().await;
                assert!(other.is_finished());
            }
        });
    });
}

#[test]
fn in_a_local_set_a_ready_socket_and_a_ready_task_go_before_a_local_task_that_yields() {
    bounded("a local set", || {
        let set = LocalSet::new();
        set.block_on(current_thread(), async {
            let served = Arc::new(AtomicUsize::new(0));
            let mut far = reader(&served).await;
            yield_now().await;
            let local = spawn_local(async move {
                for round in 1..=20 {
                    let task = mainspring::spawn(async {});
                    far.write_all(b"x").expect("there is room");
                    yield_now().await;
                    assert!(
                        task.is_finished(),
                        "round {round}: a task of this worker was ready"
                    );
                    assert_eq!(served.load(Ordering::SeqCst), round);
                }
            });
            local.await.expect("no assertion fails");
        });
    });
}
