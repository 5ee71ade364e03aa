//! `pause`, `resume`, `advance` and the clock of an idle runtime.

use std::pin::pin;
use std::task::Waker;
use std::thread;

use mainspring_timer::{Duration, Instant, advance, pause, resume, sleep, timeout};

use crate::runtime::{Counter, Runtime, panic_message, poll};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_paused_clock_stands_still_until_it_is_resumed() {
    let runtime = Runtime::new(1);
    runtime.handle.allow_pausing();
    let _scope = runtime.handle.enter(Some(0));
    assert!(!runtime.handle.is_paused());
    pause();
    assert!(runtime.handle.is_paused());
    let paused = Instant::now();
    thread::sleep(2 * MS);
    assert_eq!(Instant::now(), paused);
    resume();
    assert!(!runtime.handle.is_paused());
    let resumed = Instant::now();
    assert!(resumed >= paused && resumed < paused + HOUR);
    thread::sleep(2 * MS);
    assert!(resumed.elapsed() >= 2 * MS);
}

#[test]
fn other_runtimes_and_threads_do_not_see_the_pause() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let paused = Instant::now();
    thread::sleep(2 * MS);
    assert!(thread::spawn(Instant::now).join().unwrap() > paused);
    let other = Runtime::new(1);
    let _scope = other.handle.enter(Some(0));
    assert!(Instant::now() > paused);
}

#[test]
fn an_idle_runtime_moves_the_paused_clock_from_timer_to_timer() {
    let runtime = Runtime::paused();
    let real = std::time::Instant::now();
    runtime.block_on(async {
        let start = Instant::now();
        sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);
        sleep(24 * 365 * HOUR).await;
        assert_eq!(start.elapsed(), HOUR + 24 * 365 * HOUR);
        sleep(Duration::from_nanos(1)).await;
        assert_eq!(
            start.elapsed(),
            HOUR + 24 * 365 * HOUR + Duration::from_nanos(1)
        );
        assert!(timeout(HOUR, std::future::pending::<()>()).await.is_err());
    });
    assert!(real.elapsed() < Duration::from_secs(15));
}

#[test]
fn the_clock_does_not_stop_at_timers_that_were_cancelled_or_reset() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let start = Instant::now();
    let mut kept = pin!(sleep(HOUR));
    assert!(poll(kept.as_mut(), Waker::noop()).is_pending());
    kept.as_mut().reset(start + 3 * HOUR);
    {
        let mut cancelled = pin!(sleep(MS));
        assert!(poll(cancelled.as_mut(), Waker::noop()).is_pending());
    }
    assert!(runtime.handle.advance_to_next());
    assert_eq!(start.elapsed(), 3 * HOUR);
    assert!(!runtime.handle.advance_to_next());
    assert_eq!(start.elapsed(), 3 * HOUR);
}

#[test]
fn timers_fire_in_order_while_the_clock_is_paused() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let start = Instant::now();
    let mut timers: Vec<_> = (0..200_u32)
        .map(|i| {
            let duration = Duration::from_nanos(u64::from(i * 7919 % 200) * 1_000_003 + 1);
            let (counter, waker) = Counter::new();
            let mut sleep = Box::pin(sleep(duration));
            assert!(poll(sleep.as_mut(), &waker).is_pending());
            (duration, counter, sleep)
        })
        .collect();
    timers.sort_by_key(|timer| timer.0);
    for (index, (duration, counter, _)) in timers.iter().enumerate() {
        assert!(runtime.handle.advance_to_next());
        assert_eq!(
            (start.elapsed(), counter.count()),
            (*duration, 1),
            "timer {index}"
        );
    }
    assert!(!runtime.handle.advance_to_next());
}

#[test]
fn advance_wakes_what_is_due_and_yields_once() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let start = Instant::now();
    let (counter, waker) = Counter::new();
    let mut due = pin!(sleep(10 * MS));
    let mut later = pin!(sleep(11 * MS));
    assert!(poll(due.as_mut(), &waker).is_pending());
    assert!(poll(later.as_mut(), &waker).is_pending());
    let (yielded, yield_waker) = Counter::new();
    let mut advance = pin!(advance(10 * MS));
    assert!(poll(advance.as_mut(), &yield_waker).is_pending());
    assert_eq!(
        (start.elapsed(), counter.count(), yielded.count()),
        (10 * MS, 1, 1)
    );
    assert!(poll(advance.as_mut(), &yield_waker).is_ready());
    assert!(poll(due.as_mut(), &waker).is_ready());
    assert!(poll(later.as_mut(), &waker).is_pending());
}

#[test]
fn a_paused_clock_does_not_bound_the_wait() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let mut timer = pin!(sleep(MS));
    assert!(poll(timer.as_mut(), Waker::noop()).is_pending());
    assert_eq!(runtime.handle.prepare_park(None), None);
    assert_eq!(runtime.handle.prepare_park(Some(HOUR)), Some(HOUR));
    runtime.handle.finish_park();
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    assert!(panic_message(pause).contains("`pause` was called outside a runtime"));
    assert!(panic_message(resume).contains("`resume` was called outside a runtime"));
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    assert!(panic_message(pause).contains("current-thread"));
    runtime.handle.allow_pausing();
    assert!(panic_message(resume).contains("not paused"));
    let not_paused = panic_message(|| {
        let _ = poll(pin!(advance(MS)), Waker::noop());
    });
    assert!(not_paused.contains("not paused"));
    assert!(!runtime.handle.advance_to_next());
    pause();
    assert!(panic_message(pause).contains("already paused"));
    let too_far = panic_message(|| {
        let _ = poll(pin!(advance(Duration::MAX)), Waker::noop());
    });
    assert!(too_far.contains("too long"));
}
