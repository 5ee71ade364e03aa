//! A paused clock that is moved by huge steps.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainspring::runtime::Builder;
use mainspring::task::yield_now;
use mainspring::time::{self, Duration, Instant, advance, interval, sleep, timeout};

use crate::process::{self, THREADS};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);

fn paused<F: Future<Output = ()>>(body: F) {
    let _alone = process::alone();
    let mut builder = Builder::new_current_thread();
    builder.start_paused(true).thread_name(THREADS);
    builder
        .build()
        .expect("the system has descriptors")
        .block_on(body);
}

#[test]
fn centuries_pass_at_once_and_timers_fire_in_their_order() {
    paused(async {
        let begun = Instant::now();
        let order = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = [1, 2, 10, 100]
            .into_iter()
            .enumerate()
            .map(|(place, years)| {
                let order = Arc::clone(&order);
                mainspring::spawn(async move {
                    sleep(YEAR * years).await;
                    assert_eq!(order.fetch_add(1, Ordering::SeqCst), place);
                    assert!(begun.elapsed() >= YEAR * years);
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("its time comes");
        }
        assert!(begun.elapsed() < YEAR * 101, "{:?}", begun.elapsed());
    });
}

#[test]
fn a_step_over_many_timers_fires_each_once() {
    paused(async {
        let fired = Arc::new(AtomicUsize::new(0));
        for number in 0..1_000_u32 {
            let fired = Arc::clone(&fired);
            mainspring::spawn(async move {
                sleep(Duration::from_nanos(1 << (number % 50)) * (number + 1)).await;
                fired.fetch_add(1, Ordering::SeqCst);
            });
        }
        for _ in 0..3 {
            yield_now().await;
        }
        advance(YEAR * 60).await;
        for _ in 0..3 {
            yield_now().await;
        }
        assert_eq!(fired.load(Ordering::SeqCst), 1_000);
    });
}

#[test]
fn an_interval_over_a_huge_step_owes_no_more_than_its_behaviour_says() {
    paused(async {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
        let first = ticks.tick().await;
        advance(YEAR * 100 + Duration::from_millis(1)).await;
        assert_eq!(ticks.tick().await, first + Duration::from_secs(1));
        let next = ticks.tick().await;
        assert_eq!(next, first + YEAR * 100 + Duration::from_secs(1));
    });
}

#[test]
fn a_step_beyond_the_clock_is_a_clear_panic_and_the_clock_stays() {
    paused(async {
        for step in [Duration::MAX, Duration::from_nanos(u64::MAX), YEAR * 500] {
            let before = Instant::now();
            let mut task = Box::pin(advance(step));
            let polled = catch_unwind(AssertUnwindSafe(|| {
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                task.as_mut().poll(&mut cx).is_ready()
            }));
            let payload = polled.expect_err("it is too long");
            let message = payload.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| payload.downcast_ref::<&str>().copied());
            let message = message.expect("it says why");
            assert!(message.contains("`time::advance`"), "{message}");
            assert_eq!(Instant::now(), before);
        }
        // And it still goes on.
        advance(YEAR).await;
        let limit = timeout(Duration::from_secs(1), std::future::pending::<()>());
        assert!(limit.await.is_err());
    });
}

#[test]
fn a_sleep_for_ever_on_a_paused_clock_leaves_the_clock_to_the_others() {
    paused(async {
        let for_ever = mainspring::spawn(sleep(Duration::MAX));
        let begun = Instant::now();
        sleep(YEAR).await;
        let elapsed = begun.elapsed();
        assert!(elapsed >= YEAR && elapsed < YEAR * 2, "{elapsed:?}");
        assert!(!for_ever.is_finished());
        for_ever.abort();
        assert!(for_ever.await.expect_err("it was aborted").is_cancelled());
    });
}
