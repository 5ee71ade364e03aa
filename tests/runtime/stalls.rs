//! A task that blocks its thread does not hold up the others, as long as a worker is left.
//!
//! The stuck task waits for what the others do. If they were held up, it would wait in vain.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::TcpStream;
use mainspring::runtime::Runtime;
use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::bounded::{LIMIT, bounded};
use crate::runtimes::multi_thread;

/// Enough rounds for either worker to be the stuck one, and the one that was in the driver.
const ROUNDS: usize = 20;

/// Blocks the thread until a message comes. False if none does.
fn stuck_until(released: &mpsc::Receiver<()>) -> bool {
    released.recv_timeout(LIMIT / 3).is_ok()
}

/// Lets all workers go to sleep, one of them in the driver.
fn settle() {
    thread::sleep(Duration::from_millis(3));
}

/// Runs a task to its end while this thread stays outside the runtime.
#[track_caller]
fn assert_released(runtime: &Runtime, task: impl Future<Output = bool> + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move { sender.send(task.await) });
    assert!(
        receiver.recv().expect("the task ends"),
        "the others were held up"
    );
}

#[test]
fn timers_and_tasks_go_on_beside_a_stuck_task() {
    bounded("a stuck task", || {
        let runtime = multi_thread(2);
        for _ in 0..ROUNDS {
            settle();
            let (release, released) = mpsc::channel();
            let handle = runtime.handle().clone();
            assert_released(&runtime, async move {
                handle.spawn(async move {
                    for _ in 0..5 {
                        sleep(Duration::from_millis(1)).await;
                        let child = mainspring::spawn(yield_now());
                        child.await.expect("the task ends");
                    }
                    release.send(())
                });
                stuck_until(&released)
            });
        }
    });
}

#[test]
fn what_a_stuck_task_has_spawned_is_run_elsewhere() {
    bounded("a stuck task", || {
        let runtime = multi_thread(2);
        for round in 0..ROUNDS {
            settle();
            let (release, released) = mpsc::channel();
            assert_released(&runtime, async move {
                // One goes to the place for the task that is next here; more go to the queue.
                for _ in 0..=round % 3 {
                    let release = release.clone();
                    mainspring::spawn(async move { release.send(()) });
                }
                (0..=round % 3).all(|_| stuck_until(&released))
            });
        }
    });
}

#[test]
fn a_task_that_has_yielded_is_run_elsewhere() {
    bounded("a stuck task", || {
        for runtime in [multi_thread(1), multi_thread(2)] {
            for _ in 0..ROUNDS {
                settle();
                let (release, released) = mpsc::channel();
                let (sender, ended) = mpsc::channel();
                runtime.spawn(async move {
                    mainspring::spawn(async move { sender.send(stuck_until(&released)) });
                    // The latest goes first: it has yielded when the other one blocks.
                    mainspring::spawn(async move {
                        yield_now().await;
                        release.send(())
                    });
                });
                assert!(ended.recv().expect("the task ends"), "it was held up");
            }
        }
    });
}

#[test]
fn what_a_stuck_task_has_spawned_is_run_though_the_other_worker_is_never_idle() {
    bounded("a stuck task", || {
        let runtime = multi_thread(2);
        for _ in 0..ROUNDS {
            let is_over = Arc::new(AtomicBool::new(false));
            // So many that the worker that goes on has always more than the one that it polls.
            let busy = [(); 8].map(|()| {
                let is_over = Arc::clone(&is_over);
                runtime.spawn(poll_fn(move |cx| {
                    if is_over.load(Ordering::Relaxed) {
                        return Poll::Ready(());
                    }
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }))
            });
            settle();
            let (release, released) = mpsc::channel();
            assert_released(&runtime, async move {
                mainspring::spawn(async move { release.send(()) });
                // It takes the other one's place, which goes to the queue.
                mainspring::spawn(async {});
                stuck_until(&released)
            });
            is_over.store(true, Ordering::Relaxed);
            for task in busy {
                runtime.block_on(task).expect("it ends");
            }
        }
    });
}

#[test]
fn a_socket_is_served_while_a_task_is_stuck() {
    bounded("a stuck task", || {
        let runtime = multi_thread(2);
        let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        runtime.spawn(async move {
            let mut stream = TcpStream::connect(addr).await.expect("it listens");
            while let Ok(byte) = stream.read_u8().await {
                stream.write_u8(byte).await.expect("there is room");
            }
        });
        let (peer, _) = listener.accept().expect("somebody connects");
        peer.set_nodelay(true).expect("it can be set");
        for round in 0..ROUNDS {
            settle();
            let (release, released) = mpsc::channel();
            let mut peer: StdTcpStream = peer.try_clone().expect("a descriptor is free");
            let asking = thread::spawn(move || {
                thread::sleep(Duration::from_millis(2));
                peer.write_all(&[round as u8]).expect("there is room");
                let mut answer = [0];
                peer.read_exact(&mut answer).expect("it is echoed");
                release.send(()).expect("the task waits")
            });
            assert_released(&runtime, async move { stuck_until(&released) });
            asking.join().expect("no panic");
        }
        drop(peer);
    });
}

#[test]
fn a_timer_that_was_armed_on_a_worker_fires_though_the_worker_is_stuck() {
    bounded("a stuck worker", || {
        let runtime = multi_thread(2);
        for _ in 0..ROUNDS {
            settle();
            let (release, released) = mpsc::channel();
            assert_released(&runtime, async move {
                mainspring::spawn(async move {
                    sleep(Duration::from_millis(5)).await;
                    release.send(())
                });
                // The timer is armed on this worker, which then gets stuck.
                yield_now().await;
                stuck_until(&released)
            });
        }
    });
}

#[test]
fn a_root_that_blocks_its_thread_holds_up_nobody() {
    bounded("a stuck root", || {
        for workers in [1, 2] {
            let runtime = multi_thread(workers);
            for _ in 0..ROUNDS {
                settle();
                let (release, released) = mpsc::channel();
                let is_released = runtime.block_on(async move {
                    mainspring::spawn(async move {
                        sleep(Duration::from_millis(2)).await;
                        mainspring::spawn(async move { release.send(()) });
                    });
                    yield_now().await;
                    stuck_until(&released)
                });
                assert!(is_released, "{workers} workers: the others were held up");
            }
        }
    });
}

#[test]
fn a_task_that_blocks_does_not_hold_up_the_future_of_block_on() {
    bounded("a stuck task", || {
        for workers in [1, 2] {
            let runtime = multi_thread(workers);
            let stuck = async || {
                let (release, released) = mpsc::channel();
                let task = mainspring::spawn(async move { stuck_until(&released) });
                sleep(Duration::from_millis(1)).await;
                release.send(()).expect("the task waits");
                task.await.expect("the task ends")
            };
            runtime.block_on(async {
                for _ in 0..ROUNDS {
                    assert!(stuck().await, "{workers} workers: it was held up");
                }
            });
        }
    });
}
