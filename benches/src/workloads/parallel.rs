//! Tasks that compute on all workers, beside the same work without a runtime.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use super::{TASK_FAILED, WORKERS, Workload, in_task};
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Sorted, Unit};

/// Tasks of one run. Many more than workers, so that none is left idle for long at the end.
const TASKS: u64 = 64;

/// Steps of a task: about a quarter of a millisecond.
const STEPS: u64 = 200_000;

/// Serial and parallel runs, at least. The medians of fewer say little.
const RUNS: usize = 5;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![Workload::whole("cpu_work/2_workers", speed_up::<R>)]
}

/// The runs take turns, since the speed of the machine drifts.
fn speed_up<R: Runtime>(effort: Effort) -> io::Result<Vec<Metric>> {
    let runtime = R::multi_thread(WORKERS)?;
    let steps = effort.count(STEPS);
    in_task(&runtime, parallel::<R>(steps));
    let (mut of_serial, mut of_parallel) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while of_serial.len() < RUNS || begun.elapsed() < effort.budget {
        of_serial.push(serial(steps));
        of_parallel.push(in_task(&runtime, parallel::<R>(steps)));
    }
    let median = |samples| Sorted::new(samples).percentile(50).value;
    let (serial, parallel) = (median(of_serial), median(of_parallel));
    Ok(vec![
        Metric::new("speed_up", Unit::SpeedUp, serial / parallel),
        Metric::time("time", parallel / TASKS as f64).aside(),
    ])
}

fn serial(steps: u64) -> Duration {
    let begun = Instant::now();
    for seed in 0..TASKS {
        black_box(compute(black_box(seed), steps));
    }
    begun.elapsed()
}

async fn parallel<R: Runtime>(steps: u64) -> Duration {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|seed| R::spawn(async move { compute(black_box(seed), steps) }))
        .collect();
    for task in tasks {
        black_box(task.await.expect(TASK_FAILED));
    }
    begun.elapsed()
}

/// Each step needs the one before: nothing that a compiler could shorten.
fn compute(seed: u64, steps: u64) -> u64 {
    (0..steps).fold(seed, |value, step| {
        (value ^ step)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(17)
    })
}
