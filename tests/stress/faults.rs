//! Faults that are really injected: the system refuses, peers misbehave, numbers are at their
//! edges.

mod clocks;
mod descriptors;
mod ends;
mod futures;
mod paused;
mod peers;
mod threads;

use std::future::Future;
use std::time::Duration;

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::{spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::process::THREADS;

/// How long anything here may take: a hang is a failure that says where.
const LIMIT: Duration = Duration::from_secs(20);

fn current_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.thread_name(THREADS).enable_all().build();
    runtime.expect("the system has descriptors")
}

fn multi_thread(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(workers)
        .thread_name(THREADS)
        .enable_all();
    builder
        .build()
        .expect("the system has threads and descriptors")
}

/// Runs a future on a runtime of each flavour. It fails if that takes longer than [`LIMIT`].
fn on_each<F: Future<Output = ()>>(body: impl Fn() -> F) {
    for runtime in [current_thread(), multi_thread(1), multi_thread(2)] {
        runtime.block_on(async {
            let in_time = mainspring::time::timeout(LIMIT, body()).await;
            assert!(in_time.is_ok(), "it has not ended within {LIMIT:?}");
        });
    }
}

/// That tasks, timers and jobs still work.
async fn assert_unharmed() {
    let task = mainspring::spawn(async {
        yield_now().await;
        sleep(Duration::from_millis(1)).await;
        1
    });
    assert_eq!(task.await.expect("the task ends"), 1);
    assert_eq!(spawn_blocking(|| 2).await.expect("the job ends"), 2);
}
