//! `sleep`: never early, wherever it is awaited.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant as StdInstant};

use mainspring::sync::oneshot;
use mainspring::task::yield_now;
use mainspring::time::{Instant, sleep, sleep_until};

use crate::each::{in_each_runtime, on_each_runtime};

const HOUR: Duration = Duration::from_secs(3600);

/// Durations of all magnitudes that a test can wait for.
fn durations() -> impl Iterator<Item = Duration> {
    let micros = [
        0, 1, 7, 50, 99, 500, 999, 1_000, 1_001, 1_500, 4_321, 10_000, 33_333, 64_000,
    ];
    micros
        .into_iter()
        .map(Duration::from_micros)
        .chain([Duration::from_nanos(1)])
}

async fn assert_not_early(duration: Duration) {
    let start = StdInstant::now();
    sleep(duration).await;
    let took = start.elapsed();
    assert!(took >= duration, "{took:?} instead of {duration:?}");
}

#[test]
fn never_early_in_the_root_in_tasks_and_in_jobs() {
    in_each_runtime(|| async {
        let tasks: Vec<_> = durations()
            .flat_map(|duration| {
                let handle = mainspring::runtime::Handle::current();
                let job = mainspring::task::spawn_blocking(move || {
                    handle.block_on(assert_not_early(duration));
                });
                [mainspring::spawn(assert_not_early(duration)), job]
            })
            .collect();
        for duration in durations() {
            assert_not_early(duration).await;
        }
        for task in tasks {
            task.await.expect("no assertion fails");
        }
    });
}

#[test]
fn never_early_on_an_outside_thread_that_has_entered_the_runtime() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        // Somebody has to be in the driver of a current-thread runtime.
        let (stop, stopped) = oneshot::channel::<()>();
        let driving = thread::spawn(move || runtime.block_on(stopped));
        let other = crate::runtimes::current_thread();
        for duration in durations() {
            let start = StdInstant::now();
            let timer = {
                let _entered = handle.enter();
                sleep(duration)
            };
            other.block_on(timer);
            assert!(start.elapsed() >= duration);
        }
        // Several threads at once, inside the scope for the whole of their wait.
        let threads: Vec<_> = durations()
            .map(|duration| {
                let handle = handle.clone();
                thread::spawn(move || handle.block_on(assert_not_early(duration)))
            })
            .collect();
        for thread in threads {
            thread.join().expect("no assertion fails");
        }
        stop.send(()).expect("the driver waits");
        driving
            .join()
            .expect("no panic")
            .expect("it was told to stop");
    });
}

#[test]
fn ten_thousand_timers_at_once_all_fire_and_none_early() {
    in_each_runtime(|| async {
        let tasks: Vec<_> = (0..10_000_u64)
            .map(|n| {
                let duration = Duration::from_micros(n * 37 % 100_000);
                mainspring::spawn(assert_not_early(duration))
            })
            .collect();
        for task in tasks {
            task.await.expect("no assertion fails");
        }
    });
}

#[test]
fn ten_thousand_timers_for_one_instant_all_fire() {
    in_each_runtime(|| async {
        let deadline = Instant::now() + Duration::from_millis(30);
        let tasks: Vec<_> = (0..10_000)
            .map(|_| mainspring::spawn(sleep_until(deadline)))
            .collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn timers_that_are_dropped_by_the_thousand_fire_nothing_and_harm_no_other() {
    in_each_runtime(|| async {
        let start = StdInstant::now();
        let kept = mainspring::spawn(assert_not_early(Duration::from_millis(20)));
        for round in 0..5_000_u64 {
            let mut timer = pin!(sleep(Duration::from_micros(10 * round)));
            let mut cx = Context::from_waker(Waker::noop());
            let _ = timer.as_mut().poll(&mut cx);
        }
        kept.await.expect("no assertion fails");
        assert!(start.elapsed() >= Duration::from_millis(20));
    });
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_the_first_poll() {
    in_each_runtime(|| async {
        let past = Instant::now();
        thread::sleep(Duration::from_millis(2));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(
            pin!(sleep_until(past)).as_mut().poll(&mut cx),
            Poll::Ready(())
        );
        assert_eq!(
            pin!(sleep(Duration::ZERO)).as_mut().poll(&mut cx),
            Poll::Ready(())
        );
        let timer = sleep(HOUR);
        assert!(!timer.is_elapsed());
        assert!(timer.deadline() > Instant::now() + Duration::from_secs(3500));
    });
}

#[test]
fn the_longest_duration_is_not_an_error_and_does_not_fire() {
    in_each_runtime(|| async {
        let mut timers = [sleep(Duration::MAX), sleep(HOUR * 24 * 365 * 300)].map(Box::pin);
        mainspring::select! {
            () = &mut timers[0] => panic!("it fired"),
            () = sleep(Duration::from_millis(5)) => {}
        }
        timers[1]
            .as_mut()
            .reset(Instant::now() + Duration::from_millis(2));
        timers[1].as_mut().await;
    });
}

#[test]
fn a_reset_to_an_earlier_time_fires_then() {
    in_each_runtime(|| async {
        let (ready, is_ready) = oneshot::channel();
        let (sender, receiver) = oneshot::channel();
        let task = mainspring::spawn(async move {
            let mut timer = pin!(sleep(HOUR));
            ready.send(()).expect("the test listens");
            mainspring::select! {
                () = &mut timer => panic!("it fired"),
                deadline = receiver => timer.as_mut().reset(deadline.expect("it is sent")),
            }
            timer.await;
        });
        is_ready.await.expect("the task begins");
        let deadline = Instant::now() + Duration::from_millis(10);
        sender.send(deadline).expect("the task waits");
        task.await.expect("the task ends");
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn a_reset_to_a_later_time_does_not_fire_before() {
    in_each_runtime(|| async {
        let start = StdInstant::now();
        let mut timer = pin!(sleep(Duration::from_millis(4)));
        let mut resets = 0;
        while resets < 10 {
            mainspring::select! {
                () = &mut timer => break,
                () = sleep(Duration::from_millis(1)) => {
                    resets += 1;
                    timer.as_mut().reset(Instant::now() + Duration::from_millis(30));
                }
            }
        }
        // A slow machine may let it fire before a reset; never before its own time.
        let last = start + Duration::from_millis(if resets > 0 { 30 } else { 4 });
        timer.as_mut().await;
        assert!(StdInstant::now() >= last);
        timer.as_mut().reset(Instant::now() + HOUR);
        assert!(!timer.is_elapsed());
        timer
            .as_mut()
            .reset(Instant::now() + Duration::from_millis(2));
        timer.await;
    });
}

#[test]
fn a_timer_may_move_from_task_to_task_while_it_runs() {
    in_each_runtime(|| async {
        let start = StdInstant::now();
        let mut timer = Box::pin(sleep(Duration::from_millis(20)));
        for _ in 0..20 {
            (timer,) = mainspring::spawn(async move {
                poll_fn(|cx| {
                    let _ = timer.as_mut().poll(cx);
                    Poll::Ready(())
                })
                .await;
                (timer,)
            })
            .await
            .expect("the task ends");
        }
        mainspring::spawn(timer).await.expect("the task ends");
        assert!(start.elapsed() >= Duration::from_millis(20));
    });
}

#[test]
fn select_with_a_timer_takes_what_comes_first_and_drops_the_rest() {
    in_each_runtime(|| async {
        for _ in 0..200 {
            mainspring::select! {
                () = sleep(HOUR) => panic!("an hour has not passed"),
                () = pending() => unreachable!("it never ends"),
                () = yield_now() => {}
            }
            mainspring::select! {
                () = sleep(Duration::from_micros(50)) => {}
                () = sleep(HOUR) => panic!("an hour has not passed"),
            }
        }
    });
}

#[test]
fn timers_fire_while_tasks_are_busy() {
    on_each_runtime(|runtime| {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let timer = runtime.spawn(async move {
            for _ in 0..20 {
                assert_not_early(Duration::from_millis(1)).await;
            }
            over.store(true, Ordering::SeqCst);
        });
        runtime.block_on(async {
            while !is_over.load(Ordering::SeqCst) {
                mainspring::spawn(yield_now()).await.expect("the task ends");
            }
            timer.await.expect("no assertion fails");
        });
    });
}
