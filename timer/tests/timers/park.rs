//! The protocol between a parked thread and those that arm timers.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::thread;

use mainspring_timer::{Duration, Instant, Sleep, sleep};

use crate::runtime::{Counter, Runtime, poll};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn armed(duration: Duration) -> Pin<Box<Sleep>> {
    armed_in_time(duration).expect("it is pending")
}

/// None if the thread was stopped for so long that the time has passed before the first poll.
fn armed_in_time(duration: Duration) -> Option<Pin<Box<Sleep>>> {
    let mut sleep = Box::pin(sleep(duration));
    let is_pending = poll(sleep.as_mut(), Waker::noop()).is_pending();
    is_pending.then_some(sleep)
}

#[test]
fn the_wait_ends_with_the_next_timer_or_the_limit() {
    let runtime = Runtime::new(1);
    let handle = &runtime.handle;
    let _scope = handle.enter(Some(0));
    let wait = |limit| {
        let wait = handle.prepare_park(limit);
        handle.finish_park();
        wait
    };
    assert_eq!(wait(None), None);
    assert_eq!(wait(Some(MS)), Some(MS));
    assert_eq!(wait(Some(Duration::ZERO)), Some(Duration::ZERO));
    assert!(wait(Some(Duration::MAX)).is_some_and(|wait| wait > 24 * 365 * 100 * HOUR));
    let timer = armed(HOUR);
    assert!(wait(None).is_some_and(|wait| wait <= HOUR && wait > HOUR / 2));
    assert_eq!(wait(Some(MS)), Some(MS));
    let _sooner = armed(HOUR / 4);
    assert!(wait(None).is_some_and(|wait| wait <= HOUR / 4));
    drop(timer);
    assert!(wait(None).is_some_and(|wait| wait <= HOUR / 4));
}

#[test]
fn a_timer_that_is_due_allows_no_wait() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let timer = armed(50 * MS);
    while !timer.is_elapsed() {
        thread::sleep(MS);
    }
    assert_eq!(runtime.handle.prepare_park(None), Some(Duration::ZERO));
    runtime.handle.finish_park();
}

#[test]
fn what_is_due_soon_after_a_wake_waits_for_company() {
    let runtime = Runtime::new(1);
    let handle = &runtime.handle;
    let _scope = handle.enter(Some(0));
    let gap = MS / 10;
    let attempt = || {
        let timer = armed_in_time(MS / 10)?;
        while !timer.is_elapsed() {}
        assert_eq!(handle.turn(), 1);
        let _soon = armed_in_time(gap / 5)?;
        let wait = handle.prepare_park(None).expect("there is a timer");
        handle.finish_park();
        assert!(wait <= gap, "{wait:?}");
        Some(wait > gap / 2)
    };
    assert!((0..1000).any(|_| attempt() == Some(true)));
    let _later = (0..1000).find_map(|_| armed_in_time(MS));
    let wait = handle.prepare_park(None).expect("there is a timer");
    handle.finish_park();
    assert!(wait <= MS, "{wait:?}");
}

/// The same after a turn that has woken four, also if a straggler comes after them.
#[test]
fn what_is_due_soon_after_a_wake_of_many_waits_longer() {
    let runtime = Runtime::new(1);
    let handle = &runtime.handle;
    let _scope = handle.enter(Some(0));
    let gap = 3 * MS / 10;
    let attempt = || {
        let arm = || armed_in_time(MS / 10);
        let timers = [arm()?, arm()?, arm()?, arm()?];
        let straggler = armed_in_time(MS / 9)?;
        while !timers.iter().all(|timer| timer.is_elapsed()) {}
        let woken = handle.turn();
        while !straggler.is_elapsed() {}
        let woken = (woken, handle.turn());
        let _soon = armed_in_time(gap / 20)?;
        let wait = handle.prepare_park(None).expect("there is a timer");
        handle.finish_park();
        assert!(wait <= gap, "{wait:?}");
        Some(woken == (4, 1) && wait > gap / 2)
    };
    assert!((0..1000).any(|_| attempt() == Some(true)));
}

#[test]
fn a_cancelled_timer_costs_one_early_wake_at_most() {
    let runtime = Runtime::new(1);
    let handle = &runtime.handle;
    let _scope = handle.enter(Some(0));
    let cancelled = armed(50 * MS);
    let deadline = cancelled.deadline();
    let _other = armed(HOUR);
    drop(cancelled);
    while Instant::now() <= deadline {
        thread::sleep(MS);
    }
    assert_eq!(handle.turn(), 0);
    assert!(
        handle
            .prepare_park(None)
            .is_some_and(|wait| wait > HOUR / 2)
    );
    handle.finish_park();
}

#[test]
fn an_idle_runtime_with_one_far_timer_makes_no_wake_ups() {
    let runtime = Runtime::new(1);
    let handle = &runtime.handle;
    let _scope = handle.enter(Some(0));
    for days in [1, 10, 1000, 10_000] {
        let far = days * 24 * HOUR;
        let _timer = armed(far);
        let wait = handle.prepare_park(None);
        assert!(wait.is_some_and(|wait| wait > far - HOUR), "{wait:?}");
        handle.finish_park();
    }
}

#[test]
fn arming_on_a_seated_thread_never_unparks() {
    let runtime = Runtime::new(2);
    let handle = &runtime.handle;
    handle.prepare_park(None);
    let _scope = handle.enter(Some(1));
    let mut timer = armed(HOUR);
    timer.as_mut().reset(Instant::now() + MS);
    let elsewhere = {
        let _scope = handle.enter(Some(0));
        armed(HOUR)
    };
    // A timer of another worker's seat, reset here to an earlier time, becomes ours.
    let mut elsewhere = elsewhere;
    elsewhere.as_mut().reset(Instant::now());
    assert_eq!(runtime.bell.unparks(), 0);
    handle.finish_park();
}

#[test]
fn arming_outside_unparks_if_the_parked_thread_would_sleep_too_long() {
    let runtime = Runtime::new(1);
    let handle = &runtime.handle;
    let _scope = handle.enter(None);
    let _early = armed(HOUR);
    assert_eq!(runtime.bell.unparks(), 0, "nobody is parked");
    handle.prepare_park(None);
    let _later = armed(2 * HOUR);
    assert_eq!(runtime.bell.unparks(), 0, "it wakes up before that anyway");
    let _sooner = armed(HOUR / 2);
    assert_eq!(runtime.bell.unparks(), 1);
    let _between = armed(HOUR / 2 + 1000 * MS);
    assert_eq!(runtime.bell.unparks(), 1, "it has been told to wake up");
    handle.finish_park();
    let _soonest = armed(HOUR / 4);
    assert_eq!(runtime.bell.unparks(), 1, "nobody is parked any more");
    handle.prepare_park(Some(HOUR / 8));
    let _after_the_limit = armed(HOUR / 6);
    assert_eq!(runtime.bell.unparks(), 1, "the limit comes first");
    handle.finish_park();
}

#[test]
fn a_worker_that_sleeps_elsewhere_hands_its_deadline_over() {
    let runtime = Runtime::new(2);
    let handle = &runtime.handle;
    handle.before_sleep(1);
    assert_eq!(runtime.bell.unparks(), 0, "it has no timer");
    handle.prepare_park(None);
    let _scope = handle.enter(Some(1));
    let _timer = armed(HOUR);
    handle.before_sleep(1);
    assert_eq!(runtime.bell.unparks(), 1);
    handle.before_sleep(1);
    assert_eq!(runtime.bell.unparks(), 1, "the parked thread knows already");
    handle.finish_park();
    handle.prepare_park(None);
    handle.before_sleep(1);
    assert_eq!(
        runtime.bell.unparks(),
        1,
        "it sleeps until that very deadline"
    );
    handle.finish_park();
}

#[test]
fn a_timer_armed_outside_wakes_a_parked_thread_in_time() {
    let runtime = Runtime::new(1);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _scope = runtime.handle.enter(None);
            let (counter, waker) = Counter::new();
            for woken in 1..=50 {
                thread::sleep(MS / 2);
                let mut sleep = pin!(sleep(MS));
                let start = Instant::now();
                while poll(sleep.as_mut(), &waker).is_pending() {
                    assert!(
                        start.elapsed() < Duration::from_secs(10),
                        "the wait went on: {woken}"
                    );
                    thread::sleep(MS / 10);
                }
            }
            assert!(counter.count() > 0, "no timer was ever armed");
            is_over.store(true, Ordering::SeqCst);
            runtime.bell.clone().wake();
        });
        while !is_over.load(Ordering::SeqCst) {
            let wait = runtime.handle.prepare_park(None);
            // Longer than the other thread's patience: only an unpark ends it in time.
            runtime
                .bell
                .wait(Some(wait.unwrap_or(Duration::from_secs(15))));
            runtime.handle.finish_park();
            runtime.handle.turn();
        }
    });
}
