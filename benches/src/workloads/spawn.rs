//! Spawning trivial tasks and joining them: from a worker, from `block_on`, from outside threads.

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Tasks that are alive at once in the workloads that spawn many.
const BATCH: u64 = 1_000;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("spawn/worker/batch", BATCH, |runtime, iterations| {
            in_task(runtime, batches::<R>(iterations))
        }),
        Workload::multi_thread("spawn/worker/single", 1, |runtime, iterations| {
            in_task(runtime, singles::<R>(iterations))
        }),
        Workload::multi_thread("spawn/block_on/batch", BATCH, |runtime: &R, iterations| {
            runtime.block_on(batches::<R>(iterations))
        }),
        Workload::multi_thread("spawn/block_on/single", 1, |runtime: &R, iterations| {
            runtime.block_on(singles::<R>(iterations))
        }),
        Workload::multi_thread(
            "spawn/block_on/single_yield",
            1,
            |runtime: &R, iterations| runtime.block_on(yielding_singles::<R>(iterations)),
        ),
        Workload::multi_thread("spawn/outside/1_thread", BATCH, |runtime, iterations| {
            from_outside(runtime, 1, iterations)
        }),
        Workload::multi_thread(
            "spawn/outside/2_threads",
            2 * BATCH,
            |runtime, iterations| from_outside(runtime, 2, iterations),
        ),
        Workload::current_thread(
            "spawn/current_thread/batch",
            BATCH,
            |runtime: &R, iterations| runtime.block_on(batches::<R>(iterations)),
        ),
        Workload::current_thread(
            "spawn/current_thread/single",
            1,
            |runtime: &R, iterations| runtime.block_on(singles::<R>(iterations)),
        ),
    ]
}

/// A thousand tasks, then all their joins.
async fn batches<R: Runtime>(iterations: u64) -> Duration {
    let mut tasks = Vec::with_capacity(BATCH as usize);
    let begun = Instant::now();
    for _ in 0..iterations {
        tasks.extend((0..BATCH).map(|input| R::spawn(trivial(black_box(input)))));
        for task in tasks.drain(..) {
            black_box(task.await.expect(TASK_FAILED));
        }
    }
    begun.elapsed()
}

/// One task at a time.
async fn singles<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for input in 0..iterations {
        black_box(
            R::spawn(trivial(black_box(input)))
                .await
                .expect(TASK_FAILED),
        );
    }
    begun.elapsed()
}

/// One task at a time, which yields once.
async fn yielding_singles<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for input in 0..iterations {
        let input = black_box(input);
        let task = R::spawn(async move {
            R::yield_now().await;
            black_box(input)
        });
        black_box(task.await.expect(TASK_FAILED));
    }
    begun.elapsed()
}

/// Threads that are not the runtime's each spawn a thousand tasks and wait until all are joined.
/// The time is from the first thread's beginning to the last one's end.
fn from_outside<R: Runtime>(runtime: &R, threads: usize, iterations: u64) -> Duration {
    let start = Barrier::new(threads);
    let spans: Vec<_> = thread::scope(|scope| {
        let spawner = || {
            let handle = runtime.handle();
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let begun = Instant::now();
                for _ in 0..iterations {
                    batch_from_outside::<R>(&handle);
                }
                (begun, Instant::now())
            })
        };
        let spawners: Vec<_> = (0..threads).map(|_| spawner()).collect();
        spawners
            .into_iter()
            .map(|thread| thread.join().expect("a spawning thread failed"))
            .collect()
    });
    let begun = spans.iter().map(|(begun, _)| *begun).min();
    let ended = spans.iter().map(|(_, ended)| *ended).max();
    let (begun, ended) = begun.zip(ended).expect("no spawning thread");
    ended - begun
}

/// A thread cannot await its tasks: one more task does it, and tells the thread.
fn batch_from_outside<R: Runtime>(handle: &R::Handle) {
    let tasks: Vec<_> = (0..BATCH)
        .map(|input| R::spawn_on(handle, trivial(black_box(input))))
        .collect();
    let (done, all_done) = mpsc::channel();
    let joiner = R::spawn_on(handle, async move {
        for task in tasks {
            black_box(task.await.expect(TASK_FAILED));
        }
        done.send(()).expect("the spawning thread is gone");
    });
    drop(joiner);
    all_done.recv().expect(TASK_FAILED);
}

async fn trivial(input: u64) -> u64 {
    black_box(input)
}
