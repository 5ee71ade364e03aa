//! `sleep`, `sleep_until`, `Sleep`.

use std::future::Ready;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::thread;

use mainspring_timer::{Duration, Instant, Sleep, Timeout, sleep, sleep_until};

use crate::runtime::{Counter, Runtime, panic_message, poll};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_sleep_is_small() {
    assert!(size_of::<Sleep>() <= 64, "{}", size_of::<Sleep>());
    assert!(
        size_of::<Option<Sleep>>() <= 64,
        "{}",
        size_of::<Option<Sleep>>()
    );
    assert!(
        size_of::<Timeout<Ready<()>>>() <= 80,
        "{}",
        size_of::<Timeout<Ready<()>>>()
    );
}

#[test]
fn a_sleep_may_go_to_any_thread() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Sleep>();
    check::<Timeout<Ready<()>>>();
    check::<mainspring_timer::Interval>();
    check::<mainspring_timer::Handle>();
}

#[test]
fn a_sleep_is_never_early() {
    let runtime = Runtime::new(1);
    runtime.block_on(async {
        for micros in [0, 1, 10, 100, 500, 1_000, 2_345, 40_000, 70_000, 140_000] {
            let duration = Duration::from_micros(micros);
            let start = std::time::Instant::now();
            sleep(duration).await;
            let slept = start.elapsed();
            assert!(slept >= duration, "{slept:?} instead of {duration:?}");
            assert!(
                slept < duration + Duration::from_secs(5),
                "{slept:?} for {duration:?}"
            );
        }
    });
}

#[test]
fn a_passed_deadline_is_ready_at_once_and_leaves_the_wheel_alone() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    for deadline in [Instant::now(), Instant::now() - MS, Instant::now() - HOUR] {
        let mut sleep = pin!(sleep_until(deadline));
        assert_eq!(sleep.deadline(), deadline);
        assert!(sleep.is_elapsed());
        assert_eq!(poll(sleep.as_mut(), Waker::noop()), Poll::Ready(()));
        assert_eq!(runtime.handle.next_deadline(), None);
    }
}

#[test]
fn a_deadline_that_passed_before_the_first_poll_is_ready_by_the_next_turn() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    let mut sleep = pin!(sleep(20 * MS));
    while !sleep.is_elapsed() {
        thread::sleep(MS);
    }
    // The thread did nothing else, so the timers may not have noticed how late it is.
    let polled = poll(sleep.as_mut(), &waker);
    let woken = runtime.handle.turn();
    assert_eq!(
        (woken, counter.count()),
        if polled.is_ready() { (0, 0) } else { (1, 1) }
    );
    assert!(poll(sleep.as_mut(), &waker).is_ready());
    sleep.as_mut().reset(Instant::now());
    assert!(
        poll(sleep.as_mut(), &waker).is_ready(),
        "a reset looks at the clock"
    );
}

#[test]
fn a_sleep_is_registered_from_its_first_poll_to_its_drop() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let deadline = Instant::now() + HOUR;
    let mut sleep = Box::pin(sleep_until(deadline));
    assert_eq!(runtime.handle.next_deadline(), None);
    for _ in 0..3 {
        assert_eq!(poll(sleep.as_mut(), Waker::noop()), Poll::Pending);
        assert_eq!(runtime.handle.next_deadline(), Some(deadline));
    }
    assert!(!sleep.is_elapsed());
    drop(sleep);
    assert_eq!(runtime.handle.next_deadline(), None);
    assert_eq!(runtime.handle.turn(), 0);
}

#[test]
fn only_the_latest_waker_is_woken() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let (first, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let mut sleep = pin!(sleep(MS));
    assert!(poll(sleep.as_mut(), &first_waker).is_pending());
    assert!(poll(sleep.as_mut(), &second_waker).is_pending());
    // The replaced waker is not kept: the counter and the test's own waker are all there is.
    assert_eq!(Arc::strong_count(&first), 2);
    assert!(runtime.handle.advance_to_next());
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(Arc::strong_count(&second), 2);
    assert!(poll(sleep.as_mut(), &first_waker).is_ready());
}

#[test]
fn a_later_reset_is_not_woken_at_the_old_time() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let start = Instant::now();
    let (counter, waker) = Counter::new();
    let mut sleep = pin!(sleep(10 * MS));
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    sleep.as_mut().reset(start + 300 * MS);
    assert_eq!(sleep.deadline(), start + 300 * MS);
    assert!(runtime.handle.advance_to_next());
    assert_eq!((start.elapsed(), counter.count()), (300 * MS, 1));
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn an_earlier_reset_is_woken_at_the_new_time() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let start = Instant::now();
    let (counter, waker) = Counter::new();
    let mut sleep = pin!(sleep(HOUR));
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    sleep.as_mut().reset(start + MS);
    assert!(runtime.handle.advance_to_next());
    assert_eq!((start.elapsed(), counter.count()), (MS, 1));
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn an_earlier_reset_to_a_time_that_has_passed_is_woken_in_the_next_turn() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    let mut sleep = pin!(sleep(HOUR));
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    sleep.as_mut().reset(Instant::now() - MS);
    assert_eq!(runtime.handle.prepare_park(None), Some(Duration::ZERO));
    runtime.handle.finish_park();
    assert_eq!((runtime.handle.turn(), counter.count()), (1, 1));
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

#[test]
fn a_sleep_that_has_fired_can_be_reset_and_used_again() {
    let runtime = Runtime::paused();
    runtime.block_on(async {
        let start = Instant::now();
        let mut sleep = pin!(sleep(MS));
        for round in 1..10 {
            sleep.as_mut().await;
            assert_eq!(start.elapsed(), round * MS);
            sleep.as_mut().reset(start + (round + 1) * MS);
        }
    });
}

#[test]
fn a_reset_between_the_wake_and_the_poll_counts() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    let mut sleep = pin!(sleep(MS));
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    assert!(runtime.handle.advance_to_next());
    sleep.as_mut().reset(Instant::now() + MS);
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    assert!(runtime.handle.advance_to_next());
    assert_eq!(counter.count(), 2);
    assert!(poll(sleep.as_mut(), &waker).is_ready());
}

/// Waits until the next timer of a runtime is due.
fn pass_next_deadline(runtime: &Runtime) {
    let next = runtime.handle.next_deadline().expect("a timer");
    while Instant::now() < next {
        thread::sleep(MS);
    }
}

#[test]
fn a_sleep_is_armed_in_the_seat_of_the_thread_that_polls_it() {
    let runtime = Runtime::new(2);
    let mut sleep = {
        let _scope = runtime.handle.enter(Some(0));
        Box::pin(sleep(50 * MS))
    };
    let _scope = runtime.handle.enter(Some(1));
    assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
    pass_next_deadline(&runtime);
    assert_eq!(runtime.handle.turn_seat(0), 0);
    assert_eq!(runtime.handle.turn_seat(1), 1);
}

#[test]
fn an_earlier_reset_moves_the_timer_to_the_seat_of_the_thread() {
    let runtime = Runtime::new(2);
    let mut sleep = {
        let _scope = runtime.handle.enter(Some(0));
        let mut sleep = Box::pin(sleep(HOUR));
        assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
        sleep
    };
    let _scope = runtime.handle.enter(Some(1));
    sleep.as_mut().reset(Instant::now() - MS);
    assert_eq!(runtime.handle.turn_seat(0), 0);
    assert_eq!(runtime.handle.turn_seat(1), 1);
}

#[test]
fn a_sleep_works_on_a_thread_without_a_runtime() {
    let runtime = Runtime::new(1);
    let sleep = {
        let _scope = runtime.handle.enter(Some(0));
        Box::pin(sleep(HOUR))
    };
    let (counter, waker) = Counter::new();
    runtime.handle.prepare_park(None);
    let on_thread = move || {
        let mut sleep = sleep;
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        sleep.as_mut().reset(Instant::now() + MS);
        sleep
    };
    let mut sleep = thread::spawn(on_thread).join().unwrap();
    assert_eq!(
        runtime.bell.unparks(),
        2,
        "such a thread does not look after the seat itself"
    );
    runtime.handle.finish_park();
    pass_next_deadline(&runtime);
    assert_eq!((runtime.handle.turn(), counter.count()), (1, 1));
    assert!(poll(sleep.as_mut(), Waker::noop()).is_ready());
}

#[test]
fn a_sleep_outlives_its_runtime() {
    let (counter, waker) = Counter::new();
    let mut sleep = {
        let runtime = Runtime::new(1);
        let _scope = runtime.handle.enter(Some(0));
        let mut sleep = Box::pin(sleep(HOUR));
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        sleep
    };
    assert!(poll(sleep.as_mut(), &waker).is_pending());
    sleep.as_mut().reset(Instant::now() - MS);
    assert!(sleep.is_elapsed());
    drop(sleep);
    assert_eq!((Arc::strong_count(&counter), counter.count()), (2, 0));
}

#[test]
fn creating_one_outside_a_runtime_says_what_to_do() {
    let message = panic_message(|| drop(sleep(MS)));
    assert!(
        message.starts_with("mainspring: `sleep` was called outside a runtime"),
        "{message}"
    );
    assert!(message.contains("Handle::enter()"), "{message}");
    let message = panic_message(|| drop(sleep_until(Instant::now())));
    assert!(message.contains("`sleep_until`"), "{message}");
}

#[test]
fn the_longest_durations_are_waited_for() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    for duration in [100 * year, Duration::from_secs(u64::MAX / 4), Duration::MAX] {
        let mut sleep = pin!(sleep(duration));
        assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
        assert!(sleep.deadline() > Instant::now() + 99 * year);
        assert!(
            runtime
                .handle
                .prepare_park(None)
                .is_none_or(|wait| wait > 99 * year)
        );
        runtime.handle.finish_park();
        assert_eq!(runtime.handle.turn(), 0);
        sleep.as_mut().reset(Instant::now() + 200 * year);
        sleep.as_mut().reset(Instant::now() + year);
        assert!(
            runtime
                .handle
                .prepare_park(None)
                .is_some_and(|wait| wait <= year)
        );
        runtime.handle.finish_park();
    }
    assert_eq!(runtime.handle.next_deadline(), None);
}

#[test]
fn a_waker_that_panics_does_not_keep_the_others_from_being_woken() {
    struct Bomb(AtomicUsize);
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a waker of a test panics, as it should");
        }
    }
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let bomb = Arc::new(Bomb(AtomicUsize::new(0)));
    let (counter, waker) = Counter::new();
    let mut sleeps: Vec<_> = (0..100).map(|_| Box::pin(sleep(MS))).collect();
    for (index, sleep) in sleeps.iter_mut().enumerate() {
        let waker = if index % 10 == 3 {
            Waker::from(bomb.clone())
        } else {
            waker.clone()
        };
        assert!(poll(sleep.as_mut(), &waker).is_pending());
    }
    assert!(runtime.handle.advance_to_next());
    assert_eq!((bomb.0.load(Ordering::SeqCst), counter.count()), (10, 90));
}

#[test]
fn a_waker_may_use_the_timers_while_it_is_woken_or_dropped() {
    /// Arms and cancels a timer wherever it is used: that must find no lock held.
    struct Reentrant;
    fn arm_and_cancel() {
        let mut sleep = pin!(sleep(MS));
        assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
    }
    impl Wake for Reentrant {
        fn wake(self: Arc<Self>) {
            arm_and_cancel();
        }
    }
    impl Drop for Reentrant {
        fn drop(&mut self) {
            arm_and_cancel();
        }
    }
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let waker = || Waker::from(Arc::new(Reentrant));
    let mut fired = pin!(sleep(MS));
    assert!(poll(fired.as_mut(), &waker()).is_pending());
    assert!(poll(fired.as_mut(), &waker()).is_pending());
    assert!(runtime.handle.advance_to_next());
    let mut cancelled = Box::pin(sleep(MS));
    assert!(poll(cancelled.as_mut(), &waker()).is_pending());
    drop(cancelled);
    let mut forgotten = pin!(sleep(MS));
    assert!(poll(forgotten.as_mut(), &waker()).is_pending());
    runtime.handle.shutdown();
}
