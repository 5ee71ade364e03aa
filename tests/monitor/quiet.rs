//! What the monitor costs: little under load, nothing while the runtime is idle.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Runtime};
use mainspring::time::{interval, sleep};

use crate::attempts::within;
use crate::bounded::bounded;
use crate::switches::used_by;

const WORKERS: &str = "quiet-worker";
const MONITOR: &str = "mainspring-moni";

fn runtime(workers: usize, monitored: bool) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).thread_name(WORKERS);
    if !monitored {
        builder.disable_monitor();
    }
    builder.build().expect("the system has threads")
}

/// Voluntary switches of all the runtime's threads while a small task is spawned each 500 us.
fn switches_of_small_tasks(monitored: bool, length: Duration) -> u64 {
    let runtime = runtime(4, monitored);
    let spawner = runtime.spawn(async move {
        let mut interval = interval(Duration::from_micros(500));
        let end = Instant::now() + length;
        while Instant::now() < end {
            interval.tick().await;
            mainspring::spawn(async {
                let end = Instant::now() + Duration::from_micros(3);
                while Instant::now() < end {
                    std::hint::spin_loop();
                }
            });
        }
        used_by(&[WORKERS, MONITOR]).voluntary
    });
    // Not `block_on`: this thread would work along.
    while !spawner.is_finished() {
        thread::sleep(Duration::from_millis(50));
    }
    runtime.block_on(spawner).expect("it ends")
}

#[test]
fn small_tasks_cost_hardly_more_switches_with_the_monitor_than_without() {
    let length = Duration::from_secs(2);
    let measure = move || {
        let without = switches_of_small_tasks(false, length);
        let with = switches_of_small_tasks(true, length);
        (with, without)
    };
    within(measure, |(with, without)| *with * 100 <= *without * 110);
}

#[test]
fn an_idle_runtime_with_a_far_timer_does_nothing() {
    let measure = || {
        let runtime = runtime(2, true);
        runtime.spawn(async { sleep(Duration::from_secs(3600)).await });
        // The threads start, look for work, and go to sleep; the monitor after them.
        thread::sleep(Duration::from_millis(300));
        let before = used_by(&[WORKERS, MONITOR]);
        thread::sleep(Duration::from_secs(10));
        used_by(&[WORKERS, MONITOR]).since(before)
    };
    within(measure, |used| used.switches == 0 && used.time.is_zero());
}

#[test]
fn the_monitor_takes_less_than_half_a_percent_of_a_core_under_load() {
    let measure = || {
        let runtime = runtime(2, true);
        for _ in 0..16 {
            runtime.spawn(async {
                loop {
                    mainspring::task::yield_now().await;
                }
            });
        }
        // It looks often at first, and ever more seldom while nobody is stuck.
        thread::sleep(Duration::from_millis(600));
        let before = used_by(&[MONITOR]);
        thread::sleep(Duration::from_secs(1));
        let used = used_by(&[MONITOR]).since(before);
        runtime.shutdown_background();
        (used.voluntary, used.time)
    };
    // A look is two switches of context; on a virtual machine they are 15 to 50 us, and what the host
    // takes meanwhile counts as this thread's time.
    within(measure, |(looks, time)| {
        *looks <= 100 && *time < Duration::from_millis(5)
    });
}

/// Whether it holds within ten seconds.
fn soon(holds: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    holds()
}

#[test]
fn workers_that_were_added_go_home() {
    bounded("stand-by", || {
        let runtime = runtime(1, true);
        let metrics = runtime.metrics();
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock().expect("nobody panics");
        let stuck: Vec<_> = (0..4)
            .map(|_| {
                let gate = Arc::clone(&gate);
                runtime.spawn(async move { drop(gate.lock()) })
            })
            .collect();
        assert!(
            soon(|| metrics.num_standby_workers() > 0),
            "nobody was added while one was stuck"
        );
        drop(closed);
        for task in stuck {
            runtime.block_on(task).expect("it ends");
        }
        assert!(
            soon(|| metrics.num_standby_workers() == 0),
            "they stay: {}",
            metrics.num_standby_workers()
        );
    });
}
