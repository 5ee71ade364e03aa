//! Timers that fire, are moved, given up, or go round other futures. None is ever early.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring::pin;
use mainspring::task::yield_now;
use mainspring::time::{self, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::{Joiner, poll_once};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    match random.below(6) {
        0 => sleeps(&mut random).await,
        1 => moves(&mut random).await,
        2 => times_out(&mut random).await,
        3 => ticks(&mut random).await,
        4 => gives_up(&mut random).await,
        _ => many(&scene, &mut random).await,
    }
}

/// That at least `least` has passed.
fn check(what: &str, begun: Instant, least: Duration) {
    let elapsed = begun.elapsed();
    if elapsed < least {
        report::failure(&format!("{what}: {elapsed:?} instead of {least:?}"));
    }
}

async fn sleeps(random: &mut Random) {
    let (begun, duration) = (Instant::now(), random.micros(3_000));
    sleep(duration).await;
    check("sleep", begun, duration);
    let deadline = Instant::now() + random.micros(1_000);
    sleep_until(deadline.into()).await;
    check("sleep_until", deadline, Duration::ZERO);
}

/// The deadline is moved, before, during and after the wait.
async fn moves(random: &mut Random) {
    let sleep = sleep(random.micros(2_000));
    pin!(sleep);
    for _ in 0..random.between(1, 6) {
        let _ = timeout(random.micros(300), &mut sleep).await;
        let (begun, duration) = (time::Instant::now(), random.micros(2_000));
        sleep.as_mut().reset(begun + duration);
        if random.one_in(2) {
            (&mut sleep).await;
            check("reset", begun.into_std(), duration);
        }
    }
}

async fn times_out(random: &mut Random) {
    let (begun, limit) = (Instant::now(), random.micros(1_000));
    if timeout(limit, pending::<()>()).await.is_ok() {
        report::failure("a timeout round a future without end gave its output");
    }
    check("timeout", begun, limit);
    let answer = timeout(Duration::from_secs(3_600), async {
        yield_now().await;
        7
    });
    if answer.await != Ok(7) {
        report::failure("an hour has passed within a yield");
    }
    if timeout(Duration::ZERO, async { 8 }).await != Ok(8) {
        report::failure("a ready future has timed out");
    }
}

async fn ticks(random: &mut Random) {
    let period = random.micros(1_000) + Duration::from_micros(1);
    let begun = Instant::now();
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(random.pick(&[
        MissedTickBehavior::Burst,
        MissedTickBehavior::Delay,
        MissedTickBehavior::Skip,
    ]));
    for number in 0..random.between(2, 6) as u32 {
        interval.tick().await;
        check("interval", begun, period * number);
    }
}

/// Armed and dropped, as most timers are.
async fn gives_up(random: &mut Random) {
    for _ in 0..random.between(1, 50) {
        let magnitude = random.below(30);
        let mut sleep = Box::pin(sleep(random.micros(1 << magnitude)));
        let _ = poll_once(&mut sleep).await;
        if random.one_in(4) {
            yield_now().await;
        }
    }
}

async fn many(scene: &Scene, random: &mut Random) {
    let joiners: Vec<_> = (0..random.between(2, 100))
        .map(|_| {
            let duration = random.micros(5_000);
            Joiner::spawn("sleeps", &scene.era, move |_| async move {
                let begun = Instant::now();
                sleep(duration).await;
                check("one of many sleeps", begun, duration);
                None
            })
        })
        .collect();
    for joiner in joiners {
        joiner.await;
    }
}
