//! `interval`: ticks at a fixed period, and what happens to those that were missed.

use std::thread;
use std::time::Duration;

use mainspring::time::{
    Instant, MissedTickBehavior, advance, interval, interval_at, pause, sleep, timeout,
};

use crate::each::in_each_runtime;
use crate::runtimes::current_thread;

const PERIOD: Duration = Duration::from_millis(10);

#[test]
fn ticks_are_given_for_multiples_of_the_period_and_never_early() {
    in_each_runtime(|| async {
        let period = Duration::from_millis(3);
        let mut ticks = interval(period);
        assert_eq!(ticks.period(), period);
        let first = ticks.tick().await;
        for n in 1..=10 {
            let due = ticks.tick().await;
            let now = Instant::now();
            // `Burst` keeps the ticks on their grid whatever the delay.
            assert_eq!(due, first + period * n);
            assert!(now >= due, "{:?} early", due - now);
        }
    });
}

#[test]
fn the_first_tick_comes_at_the_start() {
    in_each_runtime(|| async {
        let start = Instant::now() + Duration::from_millis(5);
        let mut ticks = interval_at(start, PERIOD);
        assert_eq!(ticks.tick().await, start);
        assert!(Instant::now() >= start);
        assert_eq!(ticks.tick().await, start + PERIOD);
    });
}

#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    in_each_runtime(|| async {
        let mut ticks = interval(Duration::from_millis(4));
        let first = ticks.tick().await;
        let mut count = 0;
        while count < 5 {
            if let Ok(due) = timeout(Duration::from_millis(1), ticks.tick()).await {
                count += 1;
                assert_eq!(due, first + Duration::from_millis(4) * count);
            }
        }
    });
}

/// The ticks, in milliseconds since the first, of an interval of 10 ms whose user is away from the
/// first tick until `away` ms.
async fn ticks_after(behavior: MissedTickBehavior, away: u64) -> (Vec<u64>, Vec<u64>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(behavior);
    assert_eq!(ticks.missed_tick_behavior(), behavior);
    let start = ticks.tick().await;
    advance(Duration::from_millis(away)).await;
    let (mut due, mut given) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        due.push((ticks.tick().await - start).as_millis() as u64);
        given.push(start.elapsed().as_millis() as u64);
    }
    (due, given)
}

#[test]
fn missed_ticks_come_in_a_burst_are_delayed_or_are_skipped() {
    current_thread().block_on(async {
        pause();
        let (due, given) = ticks_after(MissedTickBehavior::Burst, 35).await;
        assert_eq!(due, [10, 20, 30, 40, 50]);
        assert_eq!(given, [35, 35, 35, 40, 50]);
        let (due, given) = ticks_after(MissedTickBehavior::Delay, 35).await;
        assert_eq!(due, [10, 45, 55, 65, 75]);
        assert_eq!(given, [35, 45, 55, 65, 75]);
        let (due, given) = ticks_after(MissedTickBehavior::Skip, 35).await;
        assert_eq!(due, [10, 40, 50, 60, 70]);
        assert_eq!(given, [35, 40, 50, 60, 70]);
        assert_eq!(MissedTickBehavior::default(), MissedTickBehavior::Burst);
    });
}

#[test]
fn resets_move_the_next_tick() {
    current_thread().block_on(async {
        pause();
        let mut ticks = interval(PERIOD);
        let start = ticks.tick().await;
        let since = |due: Instant| (due - start).as_millis();
        advance(Duration::from_millis(4)).await;
        ticks.reset();
        assert_eq!(since(ticks.tick().await), 14);
        ticks.reset_immediately();
        assert_eq!(since(ticks.tick().await), 14);
        ticks.reset_after(Duration::from_millis(1));
        assert_eq!(since(ticks.tick().await), 15);
        ticks.reset_at(start + Duration::from_millis(100));
        assert_eq!(since(ticks.tick().await), 100);
        assert_eq!(since(ticks.tick().await), 110);
    });
}

#[test]
fn a_user_who_blocks_its_thread_gets_the_missed_ticks_at_once() {
    in_each_runtime(|| async {
        let mut ticks = interval(Duration::from_millis(5));
        let first = ticks.tick().await;
        thread::sleep(Duration::from_millis(26));
        for n in 1..=5 {
            assert_eq!(ticks.tick().await, first + Duration::from_millis(5) * n);
        }
        sleep(Duration::from_millis(1)).await;
    });
}
