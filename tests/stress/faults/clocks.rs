//! Clocks at the edges of their numbers.

use std::future::pending;
use std::time::Instant as StdInstant;

use mainspring::pin;
use mainspring::time::{
    Duration, Instant, interval, interval_at, sleep, sleep_until, timeout, timeout_at,
};

use super::{assert_unharmed, on_each};
use crate::process;
use crate::tracked::poll_once;

/// Durations about every power of two of nanoseconds, and the edges of the types.
fn edges() -> Vec<Duration> {
    let mut all = vec![
        Duration::ZERO,
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_nanos(u64::MAX),
        Duration::from_micros(u64::MAX),
        Duration::from_millis(u64::MAX),
        Duration::from_secs(u64::MAX),
        Duration::from_secs(i64::MAX as u64),
        Duration::from_secs(u64::from(u32::MAX)),
        // What a `timespec`, an `epoll_wait` and a poll of milliseconds can just not hold.
        Duration::from_secs(1 << 31),
        Duration::from_millis(1 << 31),
    ];
    for bits in 20..64 {
        let nanos = 1_u64 << bits;
        all.extend([nanos - 1, nanos, nanos + 1].map(Duration::from_nanos));
    }
    for bits in 34..64 {
        all.push(Duration::from_secs(1 << bits));
    }
    all
}

/// Those too long to end during a test.
fn long_ones() -> impl Iterator<Item = Duration> {
    edges()
        .into_iter()
        .filter(|edge| *edge > Duration::from_secs(600))
}

/// That a timer in the near future still fires, and not early.
async fn assert_on_time() {
    let begun = StdInstant::now();
    sleep(Duration::from_millis(2)).await;
    let elapsed = begun.elapsed();
    assert!(elapsed >= Duration::from_millis(2), "{elapsed:?}");
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[test]
fn timers_of_any_length_can_be_armed_and_those_of_centuries_never_fire() {
    let _alone = process::alone();
    on_each(|| async {
        let mut armed = Vec::new();
        for edge in long_ones() {
            let mut sleep = Box::pin(sleep(edge));
            assert!(poll_once(&mut sleep).await.is_none(), "{edge:?}");
            assert!(!sleep.is_elapsed(), "{edge:?}");
            assert!(sleep.deadline() > Instant::now(), "{edge:?}");
            armed.push(sleep);
            // Each may be the one that the driver waits for.
            if armed.len() % 16 == 0 {
                assert_on_time().await;
            }
        }
        assert_on_time().await;
        for (mut sleep, edge) in armed.into_iter().zip(long_ones()) {
            assert!(poll_once(&mut sleep).await.is_none(), "{edge:?}");
        }
        assert_unharmed().await;
    });
}

#[test]
fn one_timer_of_any_length_alone_lets_the_driver_wait_and_be_woken() {
    let _alone = process::alone();
    on_each(|| async {
        for edge in long_ones() {
            // The only timer there is decides how long the driver waits.
            let far = sleep(edge);
            pin!(far);
            let answer = mainspring::task::spawn_blocking(|| 1);
            mainspring::select! {
                () = &mut far => panic!("{edge:?} have passed"),
                answer = answer => assert_eq!(answer.expect("the job ends"), 1),
            }
        }
    });
}

#[test]
fn a_far_timer_moved_near_fires_and_a_near_one_moved_far_does_not() {
    let _alone = process::alone();
    on_each(|| async {
        for edge in long_ones().step_by(7) {
            let timer = sleep(edge);
            pin!(timer);
            assert!(
                timeout(Duration::from_micros(100), &mut timer)
                    .await
                    .is_err()
            );
            let near = Instant::now() + Duration::from_millis(1);
            timer.as_mut().reset(near);
            (&mut timer).await;
            assert!(Instant::now() >= near);
            // And back again, as far as an instant goes.
            if let Some(far) = Instant::now().checked_add(edge) {
                timer.as_mut().reset(far);
                assert!(
                    timeout(Duration::from_micros(100), &mut timer)
                        .await
                        .is_err()
                );
            }
        }
    });
}

#[test]
fn deadlines_at_the_ends_of_instants_are_never_or_at_once() {
    let _alone = process::alone();
    on_each(|| async {
        let mut latest = Instant::now();
        for edge in edges().into_iter().rev() {
            if let Some(later) = latest.checked_add(edge) {
                latest = later;
            }
        }
        assert!(latest.checked_add(Duration::MAX).is_none());
        assert!(
            timeout(Duration::from_millis(1), sleep_until(latest))
                .await
                .is_err()
        );
        let limit = timeout_at(latest, async { 7 });
        assert_eq!(limit.await, Ok(7));

        let mut earliest = Instant::now();
        for edge in edges() {
            if let Some(earlier) = earliest.checked_sub(edge) {
                earliest = earlier;
            }
        }
        sleep_until(earliest).await;
        assert!(timeout_at(earliest, pending::<()>()).await.is_err());
        assert_eq!(earliest.duration_since(latest), Duration::ZERO);
        assert_eq!(earliest.saturating_duration_since(latest), Duration::ZERO);
        assert!(latest.duration_since(earliest) > Duration::from_secs(1 << 31));
        assert!(earliest.checked_duration_since(latest).is_none());
        let sleep = sleep_until(latest);
        pin!(sleep);
        sleep.as_mut().reset(earliest);
        sleep.await;
    });
}

#[test]
fn a_timeout_of_any_length_gives_what_the_future_gives() {
    let _alone = process::alone();
    on_each(|| async {
        for edge in edges() {
            assert_eq!(timeout(edge, async { 7 }).await, Ok(7), "{edge:?}");
        }
        for edge in long_ones() {
            let task = mainspring::spawn(timeout(edge, pending::<()>()));
            mainspring::task::yield_now().await;
            task.abort();
            let error = task.await.expect_err("it was aborted");
            assert!(error.is_cancelled(), "{edge:?}");
        }
    });
}

#[test]
fn an_interval_of_any_period_ticks_once_and_then_waits() {
    let _alone = process::alone();
    on_each(|| async {
        for edge in long_ones().step_by(3) {
            let mut ticks = interval(edge);
            ticks.tick().await;
            assert!(
                timeout(Duration::from_micros(50), ticks.tick())
                    .await
                    .is_err(),
                "{edge:?}"
            );
            ticks.reset();
            assert!(
                timeout(Duration::from_micros(50), ticks.tick())
                    .await
                    .is_err(),
                "{edge:?}"
            );
            ticks.reset_immediately();
            ticks.tick().await;
            ticks.reset_after(edge);
            assert!(
                timeout(Duration::from_micros(50), ticks.tick())
                    .await
                    .is_err(),
                "{edge:?}"
            );
            // One that has long begun owes many ticks, which none of the ways may overflow on.
            let past = Instant::now().checked_sub(Duration::from_millis(20));
            let mut late = interval_at(past.expect("the machine runs that long"), edge);
            late.set_missed_tick_behavior(mainspring::time::MissedTickBehavior::Skip);
            late.tick().await;
            assert!(
                timeout(Duration::from_micros(50), late.tick())
                    .await
                    .is_err(),
                "{edge:?}"
            );
        }
        let mut shortest = interval(Duration::from_nanos(1));
        for _ in 0..100 {
            shortest.tick().await;
        }
    });
}
