//! Tasks that only yield: the cost of one turn through the scheduler.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::{SOCKET_FAILED, TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Tasks that yield at once.
const TASKS: u32 = 1_000;

/// Yields of each of them in one iteration: enough that starting and joining them does not count.
const YIELDS: u64 = 100;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("yield/1_task", 1, |runtime, iterations| {
            in_task(runtime, alone::<R>(iterations))
        }),
        Workload::multi_thread("yield/beside_socket", 1, |runtime, iterations| {
            in_task(runtime, beside_a_socket::<R>(iterations)).expect(SOCKET_FAILED)
        }),
        Workload::multi_thread(
            "yield/1000_tasks",
            TASKS as u64 * YIELDS,
            |runtime, iterations| in_task(runtime, together::<R>(iterations)),
        ),
        Workload::current_thread("yield/current_thread", 1, |runtime, iterations| {
            in_task(runtime, alone::<R>(iterations))
        }),
        Workload::current_thread("yield/current_thread_socket", 1, |runtime, iterations| {
            in_task(runtime, beside_a_socket::<R>(iterations)).expect(SOCKET_FAILED)
        }),
    ]
}

async fn alone<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for _ in 0..iterations {
        R::yield_now().await;
    }
    begun.elapsed()
}

/// A socket that waits gives the driver something to look at: a runtime may leave out the system
/// call when there is none, but hardly any program has none.
async fn beside_a_socket<R: Runtime>(iterations: u64) -> io::Result<Duration> {
    let listener = R::listen().await?;
    let address = R::local_addr(&listener)?;
    let accepting = R::spawn(async move { R::accept(&listener).await });
    // The task has to be waiting on the socket before the time begins.
    R::yield_now().await;
    let elapsed = alone::<R>(iterations).await;
    let stream = R::connect(address).await?;
    accepting.await.expect(TASK_FAILED)?;
    drop(stream);
    Ok(elapsed)
}

async fn together<R: Runtime>(iterations: u64) -> Duration {
    let gate = Arc::new(Semaphore::new(0));
    let yielder = || {
        let gate = Arc::clone(&gate);
        async move {
            let passed = gate.acquire().await.expect("the gate is never closed");
            passed.forget();
            for _ in 0..iterations * YIELDS {
                R::yield_now().await;
            }
        }
    };
    let tasks: Vec<_> = (0..TASKS).map(|_| R::spawn(yielder())).collect();
    let begun = Instant::now();
    gate.add_permits(TASKS as usize);
    for task in tasks {
        task.await.expect(TASK_FAILED);
    }
    begun.elapsed()
}
