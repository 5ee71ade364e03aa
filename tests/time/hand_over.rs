//! A timer that is armed by one thread while another waits in the driver fires in time.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::Runtime;
use mainspring::sync::oneshot;
use mainspring::time::sleep;

use crate::bounded::{LIMIT, bounded};
use crate::runtimes::{current_thread, multi_thread};

/// Later than this is not in time: nobody waited for the timer. A loaded machine takes less.
const IN_TIME: Duration = Duration::from_secs(5);

/// Lets all workers go to sleep, one of them in the driver.
fn settle() {
    thread::sleep(Duration::from_millis(5));
}

#[track_caller]
fn assert_in_time(start: Instant, duration: Duration) {
    let took = start.elapsed();
    assert!(took >= duration, "early: {took:?} instead of {duration:?}");
    assert!(took < IN_TIME, "late: {took:?} instead of {duration:?}");
}

#[test]
fn armed_by_a_task_while_the_other_worker_waits_without_a_deadline() {
    bounded("two workers", || {
        for workers in [2, 3] {
            let runtime = multi_thread(workers);
            for round in 0..40 {
                settle();
                let duration = Duration::from_millis(1 + round % 5);
                let (sender, receiver) = mpsc::channel();
                let start = Instant::now();
                runtime.spawn(async move {
                    sleep(duration).await;
                    sender.send(()).expect("the test listens");
                });
                receiver.recv_timeout(LIMIT / 2).expect("the timer fires");
                assert_in_time(start, duration);
            }
        }
    });
}

#[test]
fn armed_by_a_task_while_the_other_worker_waits_for_a_later_timer() {
    bounded("two workers", || {
        let runtime = multi_thread(2);
        // The worker that waits in the driver knows of this one.
        runtime.spawn(async { sleep(Duration::from_secs(3600)).await });
        for round in 0..40 {
            settle();
            let duration = Duration::from_millis(1 + round % 5);
            let (sender, receiver) = mpsc::channel();
            let start = Instant::now();
            runtime.spawn(async move {
                sleep(duration).await;
                sender.send(()).expect("the test listens");
            });
            receiver.recv_timeout(LIMIT / 2).expect("the timer fires");
            assert_in_time(start, duration);
        }
    });
}

#[test]
fn armed_by_both_workers_at_the_same_time() {
    bounded("two workers", || {
        let runtime = multi_thread(2);
        for _ in 0..40 {
            // Both workers run a task that blocks until the other does, and then arm and sleep.
            let barrier = Arc::new(Barrier::new(2));
            let (sender, receiver) = mpsc::channel();
            let start = Instant::now();
            for n in 0..2 {
                let (barrier, sender) = (Arc::clone(&barrier), sender.clone());
                runtime.spawn(async move {
                    barrier.wait();
                    sleep(Duration::from_millis(1 + n)).await;
                    sender.send(()).expect("the test listens");
                });
            }
            for _ in 0..2 {
                receiver.recv_timeout(LIMIT / 2).expect("the timer fires");
            }
            assert_in_time(start, Duration::from_millis(2));
        }
    });
}

#[test]
fn armed_by_outside_threads_while_all_workers_sleep() {
    for make in [
        current_thread as fn() -> Runtime,
        || multi_thread(1),
        || multi_thread(2),
    ] {
        bounded("outside threads", move || {
            let runtime = make();
            let handle = runtime.handle().clone();
            let (stop, stopped) = oneshot::channel::<()>();
            let driving = thread::spawn(move || runtime.block_on(stopped));
            for round in 0..20 {
                settle();
                let threads: Vec<_> = (0..4)
                    .map(|n| {
                        let handle = handle.clone();
                        thread::spawn(move || {
                            let duration = Duration::from_millis(1 + (n + round) % 4);
                            let start = Instant::now();
                            // Armed here, by an outside thread, which is then woken.
                            let timer = {
                                let _entered = handle.enter();
                                sleep(duration)
                            };
                            current_thread().block_on(timer);
                            assert_in_time(start, duration);
                        })
                    })
                    .collect();
                for thread in threads {
                    thread.join().expect("no assertion fails");
                }
            }
            stop.send(()).expect("the driver waits");
            driving
                .join()
                .expect("no panic")
                .expect("it was told to stop");
        });
    }
}

#[test]
fn an_earlier_timer_from_outside_shortens_a_wait_that_has_begun() {
    bounded("outside", || {
        let runtime = multi_thread(2);
        let handle = runtime.handle().clone();
        runtime.spawn(async { sleep(Duration::from_secs(3600)).await });
        for _ in 0..20 {
            settle();
            let _entered = handle.enter();
            let (start, duration) = (Instant::now(), Duration::from_millis(2));
            let mut timer = Box::pin(sleep(duration));
            let (sender, receiver) = mpsc::channel::<()>();
            let waker = Waker::from(Arc::new(Sending(sender)));
            assert_eq!(
                timer.as_mut().poll(&mut Context::from_waker(&waker)),
                Poll::Pending
            );
            receiver.recv_timeout(LIMIT / 2).expect("the timer wakes");
            assert_in_time(start, duration);
            assert!(timer.is_elapsed());
        }
    });
}

/// A waker that sends a message.
struct Sending(mpsc::Sender<()>);

impl std::task::Wake for Sending {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

#[test]
fn armed_in_a_root_while_the_workers_sleep_and_the_root_waits_for_something_else() {
    bounded("a root", || {
        for workers in [1, 2] {
            let runtime = multi_thread(workers);
            for _ in 0..20 {
                settle();
                let start = Instant::now();
                runtime.block_on(async {
                    let first = sleep(Duration::from_millis(2));
                    let (sender, receiver) = oneshot::channel::<()>();
                    mainspring::spawn(async move {
                        sleep(Duration::from_millis(3)).await;
                        sender.send(())
                    });
                    let (received, ()) = mainspring::join!(receiver, first);
                    received.expect("it is sent");
                });
                assert_in_time(start, Duration::from_millis(3));
            }
        }
    });
}
