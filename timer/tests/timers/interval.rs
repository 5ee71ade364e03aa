//! `interval`, `interval_at`, `Interval`.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mainspring_timer::{Duration, Instant, Interval, MissedTickBehavior, interval, interval_at};
use mainspring_timer::{advance, sleep};

use crate::runtime::{Runtime, panic_message, poll};

const MS: Duration = Duration::from_millis(1);

/// Awaits ticks and returns when they came, and when they were due, in milliseconds from `start`.
async fn ticks(interval: &mut Interval, start: Instant, count: usize) -> Vec<(u128, u128)> {
    let mut ticks = Vec::new();
    for _ in 0..count {
        let due = interval.tick().await;
        ticks.push((start.elapsed().as_millis(), (due - start).as_millis()));
    }
    ticks
}

#[test]
fn the_first_tick_comes_at_once_and_the_others_every_period() {
    Runtime::paused().block_on(async {
        let start = Instant::now();
        let mut interval = interval(10 * MS);
        assert_eq!(interval.period(), 10 * MS);
        assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Burst);
        let seen = ticks(&mut interval, start, 4).await;
        assert_eq!(seen, [(0, 0), (10, 10), (20, 20), (30, 30)]);
    });
}

#[test]
fn interval_at_starts_when_it_is_told_to() {
    Runtime::paused().block_on(async {
        let start = Instant::now();
        let mut later = interval_at(start + 50 * MS, 10 * MS);
        assert_eq!(
            ticks(&mut later, start, 3).await,
            [(50, 50), (60, 60), (70, 70)]
        );
        // A start in the past is caught up with.
        let mut earlier = interval_at(start + 35 * MS, 20 * MS);
        assert_eq!(
            ticks(&mut earlier, start, 3).await,
            [(70, 35), (70, 55), (75, 75)]
        );
    });
}

/// Ticks at 0, then 25 ms of other work with a period of 10, then four ticks.
fn after_a_delay(behavior: MissedTickBehavior) -> Vec<(u128, u128)> {
    Runtime::paused().block_on(async {
        let start = Instant::now();
        let mut interval = interval(10 * MS);
        interval.set_missed_tick_behavior(behavior);
        assert_eq!(interval.missed_tick_behavior(), behavior);
        interval.tick().await;
        advance(25 * MS).await;
        ticks(&mut interval, start, 4).await
    })
}

#[test]
fn burst_catches_up() {
    let seen = after_a_delay(MissedTickBehavior::Burst);
    assert_eq!(seen, [(25, 10), (25, 20), (30, 30), (40, 40)]);
}

#[test]
fn delay_goes_on_from_the_late_tick() {
    let seen = after_a_delay(MissedTickBehavior::Delay);
    assert_eq!(seen, [(25, 10), (35, 35), (45, 45), (55, 55)]);
}

#[test]
fn skip_leaves_out_what_was_missed() {
    let seen = after_a_delay(MissedTickBehavior::Skip);
    assert_eq!(seen, [(25, 10), (30, 30), (40, 40), (50, 50)]);
}

#[test]
fn a_tick_that_is_up_to_five_milliseconds_late_was_not_missed() {
    for behavior in [MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
        Runtime::paused().block_on(async {
            let start = Instant::now();
            let mut interval = interval(10 * MS);
            interval.set_missed_tick_behavior(behavior);
            interval.tick().await;
            advance(15 * MS).await;
            let seen = ticks(&mut interval, start, 2).await;
            assert_eq!(seen, [(15, 10), (20, 20)], "{behavior:?}");
        });
    }
}

#[test]
fn resets_move_the_next_tick() {
    Runtime::paused().block_on(async {
        let start = Instant::now();
        let mut interval = interval(100 * MS);
        interval.tick().await;
        sleep(50 * MS).await;
        interval.reset();
        assert_eq!(ticks(&mut interval, start, 1).await, [(150, 150)]);
        interval.reset_immediately();
        assert_eq!(
            ticks(&mut interval, start, 2).await,
            [(150, 150), (250, 250)]
        );
        interval.reset_after(20 * MS);
        assert_eq!(
            ticks(&mut interval, start, 2).await,
            [(270, 270), (370, 370)]
        );
        interval.reset_at(Instant::now() + 30 * MS);
        assert_eq!(
            ticks(&mut interval, start, 2).await,
            [(400, 400), (500, 500)]
        );
        interval.reset_after(Duration::MAX);
        interval.reset_after(MS);
        assert_eq!(ticks(&mut interval, start, 1).await, [(501, 501)]);
    });
}

#[test]
fn a_tick_that_is_dropped_unfinished_is_not_lost() {
    Runtime::paused().block_on(async {
        let start = Instant::now();
        let mut interval = interval(10 * MS);
        interval.tick().await;
        {
            let mut tick = pin!(interval.tick());
            assert!(poll(tick.as_mut(), Waker::noop()).is_pending());
        }
        advance(10 * MS).await;
        assert_eq!(ticks(&mut interval, start, 1).await, [(10, 10)]);
    });
}

#[test]
fn poll_tick_needs_no_pin() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let mut interval = interval(MS);
    let start = Instant::now();
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(interval.poll_tick(&mut context), Poll::Ready(start));
    let mut moved = interval;
    assert!(moved.poll_tick(&mut context).is_pending());
    assert!(runtime.handle.advance_to_next());
    assert_eq!(moved.poll_tick(&mut context), Poll::Ready(start + MS));
}

#[test]
fn the_longest_period_overflows_nothing() {
    Runtime::paused().block_on(async {
        let mut interval = interval(Duration::MAX);
        interval.tick().await;
        interval.reset();
        for behavior in [MissedTickBehavior::Skip, MissedTickBehavior::Delay] {
            interval.set_missed_tick_behavior(behavior);
            interval.reset_at(Instant::now() - 60 * MS);
            interval.tick().await;
        }
    });
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    let runtime = Runtime::new(1);
    {
        let _scope = runtime.handle.enter(Some(0));
        assert_eq!(
            panic_message(|| drop(interval(Duration::ZERO))),
            "`period` must be non-zero."
        );
        let message = panic_message(|| drop(interval_at(Instant::now(), Duration::ZERO)));
        assert_eq!(message, "`period` must be non-zero.");
    }
    let message = panic_message(|| drop(interval(MS)));
    assert!(
        message.contains("`interval` was called outside a runtime"),
        "{message}"
    );
    let message = panic_message(|| drop(interval_at(Instant::now(), MS)));
    assert!(
        message.contains("`interval_at` was called outside a runtime"),
        "{message}"
    );
}
