//! Timers that do not fire, as nearly all of a server's do not.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::{TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Timer operations between two yields: a task does other things too, and lets others run.
const OPERATIONS: u64 = 64;

/// Tasks that use timers at once.
const TASKS: u64 = 8;

/// Longer than any measurement.
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("timer/cancel/1_task", OPERATIONS, |runtime, iterations| {
            in_task(runtime, async move {
                let begun = Instant::now();
                cancels::<R>(iterations).await;
                begun.elapsed()
            })
        }),
        Workload::multi_thread(
            "timer/cancel/8_tasks",
            TASKS * OPERATIONS,
            |runtime, iterations| in_task(runtime, cancels_in_tasks::<R>(iterations)),
        ),
        Workload::multi_thread("timer/reset", OPERATIONS, |runtime, iterations| {
            in_task(runtime, resets::<R>(iterations))
        }),
        Workload::multi_thread("timer/timeout", 1, |runtime, iterations| {
            in_task(runtime, timeouts::<R>(iterations))
        }),
        Workload::multi_thread("timer/no_timeout", 1, |runtime, iterations| {
            in_task(runtime, operations(iterations))
        }),
    ]
}

/// A timer is registered by its first poll and cancelled by its drop.
async fn cancels<R: Runtime>(iterations: u64) {
    for _ in 0..iterations {
        for _ in 0..OPERATIONS {
            let mut sleep = pin!(R::sleep(black_box(HOUR)));
            assert_pending::<R>(sleep.as_mut()).await;
        }
        R::yield_now().await;
    }
}

async fn cancels_in_tasks<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| R::spawn(cancels::<R>(iterations)))
        .collect();
    for task in tasks {
        task.await.expect(TASK_FAILED);
    }
    begun.elapsed()
}

/// An idle time-out that each message puts off.
async fn resets<R: Runtime>(iterations: u64) -> Duration {
    let mut sleep = pin!(R::sleep(HOUR));
    assert_pending::<R>(sleep.as_mut()).await;
    let begun = Instant::now();
    for _ in 0..iterations {
        for _ in 0..OPERATIONS {
            R::reset(sleep.as_mut(), black_box(HOUR));
            assert_pending::<R>(sleep.as_mut()).await;
        }
        R::yield_now().await;
    }
    begun.elapsed()
}

/// A time-out round an operation that is not ready at once, but soon.
async fn timeouts<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for input in 0..iterations {
        let output = R::timeout(black_box(HOUR), pending_once(black_box(input))).await;
        black_box(output.expect("an hour has not passed"));
    }
    begun.elapsed()
}

/// The same operations without a time-out: the rest of the other is the timer's.
async fn operations(iterations: u64) -> Duration {
    let begun = Instant::now();
    for input in 0..iterations {
        black_box(pending_once(black_box(input)).await);
    }
    begun.elapsed()
}

/// Polls `sleep` once.
async fn assert_pending<R: Runtime>(mut sleep: Pin<&mut R::Sleep>) {
    poll_fn(|context| match sleep.as_mut().poll(context) {
        Poll::Pending => Poll::Ready(()),
        Poll::Ready(()) => panic!("a timer of an hour fired"),
    })
    .await;
}

/// Wakes its task and is ready at the next poll. Unlike `yield_now`, it is the same code on every
/// runtime.
async fn pending_once(output: u64) -> u64 {
    let mut polled = false;
    poll_fn(move |context| {
        if polled {
            return Poll::Ready(output);
        }
        polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
