//! Blocking jobs on the runtime's pool.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::{TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Jobs that are queued at once in the workload that has many.
const BATCH: u64 = 1_000;

pub(super) fn all<R: Runtime>() -> [Workload<R>; 2] {
    [
        Workload::multi_thread("spawn_blocking/round_trip", 1, |runtime, iterations| {
            in_task(runtime, round_trips::<R>(iterations))
        }),
        Workload::multi_thread("spawn_blocking/batch", BATCH, |runtime, iterations| {
            in_task(runtime, batches::<R>(iterations))
        }),
    ]
}

async fn round_trips<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for input in 0..iterations {
        let job = R::spawn_blocking(move || black_box(input));
        black_box(job.await.expect(TASK_FAILED));
    }
    begun.elapsed()
}

async fn batches<R: Runtime>(iterations: u64) -> Duration {
    let mut jobs = Vec::with_capacity(BATCH as usize);
    let begun = Instant::now();
    for _ in 0..iterations {
        jobs.extend((0..BATCH).map(|input| R::spawn_blocking(move || black_box(input))));
        for job in jobs.drain(..) {
            black_box(job.await.expect(TASK_FAILED));
        }
    }
    begun.elapsed()
}
