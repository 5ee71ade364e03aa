//! Timers that are always due let the others have their turn, and lose no tick by it.

use std::future::{Future, pending, poll_fn};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring::task::yield_now;
use mainspring::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::lone::{BUDGET, assert_lets_a_neighbour_run, on_a_lone_worker, take_all};

const ROUNDS: usize = 1000;

#[test]
fn a_loop_round_a_sleep_of_no_length_lets_the_neighbour_run() {
    on_a_lone_worker(|| {
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..ROUNDS {
                sleep(Duration::ZERO).await;
                tally.count();
            }
        })
    });
}

#[test]
fn an_interval_that_is_always_behind_lets_the_neighbour_run_and_skips_no_tick() {
    on_a_lone_worker(|| {
        assert_lets_a_neighbour_run(|tally| async move {
            let (start, period) = (Instant::now(), Duration::from_nanos(1));
            let mut interval = interval_at(start, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut due = start;
            for _ in 0..ROUNDS {
                assert_eq!(interval.tick().await, due);
                due += period;
                tally.count();
            }
        })
    });
}

#[test]
fn time_limits_that_have_passed_let_the_neighbour_run() {
    on_a_lone_worker(|| {
        assert_lets_a_neighbour_run(|tally| async move {
            for _ in 0..ROUNDS {
                let limited = timeout(Duration::ZERO, pending::<()>()).await;
                assert!(limited.is_err());
                tally.count();
            }
        })
    });
}

#[test]
fn a_future_within_a_time_limit_counts_once() {
    on_a_lone_worker(|| {
        assert_lets_a_neighbour_run(|tally| async move {
            let hour = Duration::from_secs(3600);
            for _ in 0..ROUNDS {
                let limited = timeout(hour, sleep(Duration::ZERO)).await;
                assert!(limited.is_ok());
                tally.count();
            }
        })
    });
}

#[test]
fn a_flood_of_due_timers_starves_no_other_timer() {
    on_a_lone_worker(|| async {
        let other = mainspring::spawn(sleep(Duration::from_millis(1)));
        for _ in 0..=BUDGET {
            sleep(Duration::ZERO).await;
        }
        // It has been armed, and is due after this.
        thread::sleep(Duration::from_millis(2));
        for _ in 0..=BUDGET {
            sleep(Duration::ZERO).await;
        }
        assert!(other.is_finished());
    });
}

#[test]
fn timers_that_must_be_waited_for_cost_nothing() {
    on_a_lone_worker(|| async {
        // More of them than a poll has operations.
        let (start, length) = (Instant::now(), Duration::from_millis(20));
        let mut timers: Vec<_> = (0..3 * BUDGET).map(|_| Box::pin(sleep(length))).collect();
        yield_now().await;
        poll_fn(|cx| {
            if start.elapsed() < length / 2 {
                for timer in &mut timers {
                    assert!(timer.as_mut().poll(cx).is_pending());
                }
                assert_eq!(take_all(cx), BUDGET);
            }
            Poll::Ready(())
        })
        .await;
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            timers.retain_mut(|timer| timer.as_mut().poll(cx).is_pending());
            match timers.len() {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
        assert!(start.elapsed() >= length);
        // Those that are due at the same time take three budgets.
        assert!(polls >= 3, "{polls} polls");
    });
}
