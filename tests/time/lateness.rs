//! How late timers are. Bounds are generous: they tell a runtime that waits by the millisecond, or
//! that forgets to wake up, from one that does not, on a machine that does other things, too.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use mainspring::runtime::Runtime;
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::runtimes::{current_thread, multi_thread};

/// Makes a runtime.
type Maker = fn() -> Runtime;

/// How long the sleeps of one attempt take together, and how many they are at most.
const ATTEMPT: Duration = Duration::from_millis(300);
const SLEEPS_MAX: usize = 200;

/// Attempts before the bound counts as broken: another process may have had both cores for a while.
const ATTEMPTS: usize = 10;

async fn median_lateness(duration: Duration) -> Duration {
    let sleeps = SLEEPS_MAX.min(ATTEMPT.div_duration_f64(duration) as usize);
    let mut late = Vec::with_capacity(sleeps);
    for _ in 0..sleeps {
        let start = Instant::now();
        sleep(duration).await;
        late.push(start.elapsed() - duration);
    }
    late.sort_unstable();
    late[sleeps / 2]
}

fn assert_median(duration: Duration, bound: Duration) {
    let makers: [(&str, Maker); 3] = [
        ("current thread", current_thread),
        ("1 worker", || multi_thread(1)),
        ("2 workers", || multi_thread(2)),
    ];
    for (name, make) in makers {
        bounded(name, move || {
            let runtime = make();
            let mut medians = Vec::new();
            for attempt in 0..ATTEMPTS {
                let median = if attempt % 2 == 0 {
                    runtime.block_on(median_lateness(duration))
                } else {
                    let (sender, receiver) = mpsc::channel();
                    let task =
                        runtime.spawn(async move { sender.send(median_lateness(duration).await) });
                    runtime
                        .block_on(task)
                        .expect("no panic")
                        .expect("the test listens");
                    receiver.recv().expect("it was sent")
                };
                medians.push(median);
                if median < bound {
                    println!("sleep({duration:?}) on {name}: median lateness {median:?}");
                    return;
                }
            }
            panic!("{name}: sleep({duration:?}) is late by {medians:?}, not by {bound:?}");
        });
    }
}

#[test]
fn the_median_of_a_millisecond_is_late_by_less_than_a_millisecond() {
    assert_median(Duration::from_millis(1), Duration::from_millis(1));
}

#[test]
fn the_median_of_100_microseconds_is_late_by_less_than_a_millisecond() {
    assert_median(Duration::from_micros(100), Duration::from_millis(1));
}

#[test]
fn the_median_of_20_milliseconds_is_late_by_less_than_2_milliseconds() {
    assert_median(Duration::from_millis(20), Duration::from_millis(2));
}
