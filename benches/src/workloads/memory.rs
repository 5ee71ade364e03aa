//! A million tasks that wait: what each takes of memory, of the time to set it up, and of the time
//! to end the runtime.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::sync::Notify;

use super::{WORKERS, Workload, in_task};
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Unit};
use crate::process::resident_bytes;

/// The tasks.
const TASKS: u64 = 1_000_000;

/// Longer than any measurement.
const HOUR: Duration = Duration::from_secs(3600);

/// What the tasks share. It is leaked, so that a task need hold no more than a reference to it.
struct Shared {
    /// Tasks that are not yet waiting.
    left: AtomicU64,
    /// There are none left.
    all_wait: Notify,
    /// What the tasks wait for that do not sleep. It never comes.
    never: Notify,
}

pin_project! {
    /// A task. It is no `async` block, which would hold more than what it waits for.
    struct Waiting<F> {
        #[pin]
        future: F,
        // Until it waits.
        uncounted: Option<&'static Shared>,
    }
}

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::whole("memory/1M_sleeping", |effort| {
            measure::<R, _>(effort, |_| R::sleep(HOUR))
        }),
        Workload::whole("memory/1M_waiting", |effort| {
            measure::<R, _>(effort, |shared| shared.never.notified())
        }),
    ]
}

fn measure<R, F>(effort: Effort, wait: fn(&'static Shared) -> F) -> io::Result<Vec<Metric>>
where
    R: Runtime,
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = R::multi_thread(WORKERS)?;
    let tasks = effort.count(TASKS);
    let shared: &'static Shared = Box::leak(Box::new(Shared {
        left: AtomicU64::new(tasks),
        all_wait: Notify::new(),
        never: Notify::new(),
    }));
    // What the runtime allocates with its first task is not the tasks'.
    in_task(&runtime, R::yield_now());
    let before = resident_bytes()?;
    let begun = Instant::now();
    in_task(&runtime, async move {
        for _ in 0..tasks {
            let future = wait(shared);
            let uncounted = Some(shared);
            drop(R::spawn(Waiting { future, uncounted }));
        }
        shared.all_wait.notified().await;
    });
    let set_up = begun.elapsed();
    let bytes = resident_bytes()?.saturating_sub(before);
    let begun = Instant::now();
    drop(runtime);
    let shutdown = begun.elapsed();
    let of_a_task = |span: Duration| span.as_nanos() as f64 / tasks as f64;
    Ok(vec![
        Metric::new("bytes", Unit::Bytes, bytes as f64 / tasks as f64),
        Metric::time("set_up", of_a_task(set_up)),
        Metric::time("shutdown", of_a_task(shutdown)),
    ])
}

impl<F: Future<Output = ()>> Future for Waiting<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let task = self.project();
        let poll = task.future.poll(context);
        if let Some(shared) = task.uncounted.take() {
            // Ordering: AcqRel, so that all tasks' memory is there for who sees that all wait.
            if shared.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                shared.all_wait.notify_one();
            }
        }
        poll
    }
}
