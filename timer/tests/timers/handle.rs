//! `Handle`: scopes, turns, shutdown.

use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;
use std::thread;

use mainspring_timer::{Duration, Handle, Instant, sleep, sleep_until};

use crate::runtime::{Counter, Runtime, panic_message, poll};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn is_current(runtime: &Runtime) -> bool {
    let deadline = Instant::now() + HOUR;
    let mut sleep = pin!(sleep_until(deadline));
    let _ = poll(sleep.as_mut(), Waker::noop());
    runtime.handle.next_deadline() == Some(deadline)
}

#[test]
fn scopes_nest_and_restore_what_was_current() {
    let (outer, inner) = (Runtime::new(1), Runtime::new(1));
    assert!(Handle::try_current().is_none());
    {
        let _outer = outer.handle.enter(Some(0));
        assert!(is_current(&outer));
        {
            let _inner = inner.handle.enter(None);
            assert!(is_current(&inner) && !is_current(&outer));
        }
        assert!(is_current(&outer) && !is_current(&inner));
    }
    assert!(Handle::try_current().is_none());
    assert!(panic_message(|| drop(Handle::current())).contains("`Handle::current`"));
}

#[test]
fn a_scope_belongs_to_its_thread() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    assert!(
        thread::spawn(|| Handle::try_current().is_none())
            .join()
            .unwrap()
    );
    assert!(Handle::try_current().is_some());
}

#[test]
fn a_seat_that_does_not_exist_is_reported() {
    let runtime = Runtime::new(2);
    let message = panic_message(|| drop(runtime.handle.enter(Some(2))));
    assert!(
        message.contains("no timer seat 2") && message.contains("2 seats"),
        "{message}"
    );
    assert!(Handle::try_current().is_none());
}

#[test]
fn a_turn_wakes_every_seat_and_turning_a_seat_only_its_own() {
    let runtime = Runtime::new(2);
    let (counter, waker) = Counter::new();
    let mut sleeps = Vec::new();
    let deadline = Instant::now() + 50 * MS;
    for seat in [Some(0), Some(1), None] {
        let _scope = runtime.handle.enter(seat);
        let mut sleep = Box::pin(sleep_until(deadline));
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        sleeps.push(sleep);
    }
    while Instant::now() < deadline {
        thread::sleep(MS);
    }
    assert_eq!(runtime.handle.turn_seat(1), 1);
    assert_eq!(runtime.handle.turn_seat(1), 0);
    assert_eq!(runtime.handle.turn(), 2);
    assert_eq!(counter.count(), 3);
    assert_eq!(runtime.handle.next_deadline(), None);
}

#[test]
fn many_timers_that_are_due_at_once_are_all_woken_in_one_turn() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    let deadline = Instant::now() + HOUR;
    let mut sleeps: Vec<_> = (0..1000).map(|_| Box::pin(sleep_until(deadline))).collect();
    for sleep in &mut sleeps {
        assert!(poll(sleep.as_mut(), &waker).is_pending());
    }
    assert!(runtime.handle.advance_to_next());
    assert_eq!(counter.count(), 1000);
    assert!(
        sleeps
            .iter_mut()
            .all(|sleep| poll(sleep.as_mut(), &waker).is_ready())
    );
    assert!(!runtime.handle.advance_to_next());
}

#[test]
fn after_a_shutdown_timers_of_outside_threads_stay_pending_and_nothing_panics() {
    let runtime = Runtime::paused();
    let scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    let mut sleeps: Vec<_> = (0..100).map(|_| Box::pin(sleep(HOUR))).collect();
    for sleep in &mut sleeps {
        assert!(poll(sleep.as_mut(), &waker).is_pending());
    }
    assert_eq!(Arc::strong_count(&counter), 102);
    runtime.handle.shutdown();
    // The timers' wakers are gone, so tasks that hold their own timers are not kept alive.
    assert_eq!((Arc::strong_count(&counter), counter.count()), (2, 100));
    let mut late = pin!(sleep(HOUR));
    drop(scope);
    assert_eq!(runtime.handle.next_deadline(), None);
    sleeps[0].as_mut().reset(Instant::now() + 2 * HOUR);
    sleeps[0].as_mut().reset(Instant::now() + HOUR / 2);
    assert!(poll(sleeps[0].as_mut(), &waker).is_pending());
    assert!(poll(late.as_mut(), &waker).is_pending());
    assert_eq!(Arc::strong_count(&counter), 2);
    assert!(!runtime.handle.advance_to_next());
    assert_eq!((runtime.handle.turn(), counter.count()), (0, 100));
    runtime.handle.shutdown();
}

#[test]
fn after_a_shutdown_a_thread_that_is_inside_still_arms_and_turns_timers() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    let mut early = pin!(sleep(HOUR));
    assert!(poll(early.as_mut(), &waker).is_pending());
    runtime.handle.shutdown();
    assert_eq!(counter.count(), 1, "woken to arm itself again");
    assert!(poll(early.as_mut(), &waker).is_pending());
    assert!(runtime.handle.advance_to_next());
    assert_eq!(counter.count(), 2);
    assert!(poll(early.as_mut(), &waker).is_ready());
}

#[test]
fn a_million_cancelled_timers_leave_nothing_behind() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let (counter, waker) = Counter::new();
    for _ in 0..1_000_000 {
        let mut sleep = pin!(sleep(HOUR));
        let _ = poll(sleep.as_mut(), &waker);
    }
    assert_eq!(Arc::strong_count(&counter), 2);
    assert_eq!(runtime.handle.next_deadline(), None);
}
