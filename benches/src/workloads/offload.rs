//! Jobs on the runtime's pools: `spawn_blocking` for those that block, and `offload` for those that
//! compute. Of the runtimes only ours has a pool for the latter; the others do both in one.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::{TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Jobs that are queued at once in the workload that has many.
const BATCH: u64 = 1_000;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("spawn_blocking/round_trip", 1, |runtime, iterations| {
            in_task(runtime, round_trips(iterations, blocking::<R>))
        }),
        Workload::multi_thread("spawn_blocking/batch", BATCH, |runtime, iterations| {
            in_task(runtime, batches(iterations, blocking::<R>))
        }),
        Workload::multi_thread("offload/round_trip", 1, |runtime, iterations| {
            in_task(runtime, round_trips(iterations, computing::<R>))
        }),
        Workload::multi_thread("offload/batch", BATCH, |runtime, iterations| {
            in_task(runtime, batches(iterations, computing::<R>))
        }),
    ]
}

fn blocking<R: Runtime>(input: u64) -> R::Join<u64> {
    R::spawn_blocking(move || black_box(input))
}

fn computing<R: Runtime>(input: u64) -> R::Join<u64> {
    R::offload(move || black_box(input))
}

async fn round_trips<J, E>(iterations: u64, start: fn(u64) -> J) -> Duration
where
    J: Future<Output = Result<u64, E>>,
    E: Debug,
{
    let begun = Instant::now();
    for input in 0..iterations {
        black_box(start(input).await.expect(TASK_FAILED));
    }
    begun.elapsed()
}

async fn batches<J, E>(iterations: u64, start: fn(u64) -> J) -> Duration
where
    J: Future<Output = Result<u64, E>>,
    E: Debug,
{
    let mut jobs = Vec::with_capacity(BATCH as usize);
    let begun = Instant::now();
    for _ in 0..iterations {
        jobs.extend((0..BATCH).map(start));
        for job in jobs.drain(..) {
            black_box(job.await.expect(TASK_FAILED));
        }
    }
    begun.elapsed()
}
