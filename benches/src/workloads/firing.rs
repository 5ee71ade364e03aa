//! A hundred thousand timers that fire, each in a task of its own, within a second. The processor
//! time is that of the whole: of spawning the tasks, registering the timers, and firing them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{WORKERS, Workload, in_task};
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Sorted};
use crate::process::processor_time;

/// The timers.
const TIMERS: u64 = 100_000;

/// Between the first one's deadline and the last one's.
const SPAN: Duration = Duration::from_secs(1);

/// Until the first deadline: by then all tasks have been spawned and wait.
const LEAD: Duration = Duration::from_millis(500);

/// What the tasks share.
struct Shared {
    /// The nanoseconds that each was late.
    late: Vec<AtomicU64>,
    /// Tasks whose timers have not fired.
    left: AtomicU64,
    /// There are none left.
    all_fired: Notify,
}

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![Workload::whole("timers/100000_firing", firing::<R>)]
}

fn firing<R: Runtime>(effort: Effort) -> io::Result<Vec<Metric>> {
    let runtime = R::multi_thread(WORKERS)?;
    let timers = effort.count(TIMERS);
    let shared = Arc::new(Shared {
        late: (0..timers).map(|_| AtomicU64::new(0)).collect(),
        left: AtomicU64::new(timers),
        all_fired: Notify::new(),
    });
    let before = processor_time();
    let first = Instant::now() + effort.part(LEAD);
    in_task(&runtime, {
        let shared = Arc::clone(&shared);
        async move {
            for number in 0..timers {
                let due = first + effort.part(SPAN).mul_f64(number as f64 / timers as f64);
                drop(R::spawn(timer::<R>(number, due, Arc::clone(&shared))));
            }
            shared.all_fired.notified().await;
        }
    });
    let processor = processor_time() - before;
    let late = shared
        .late
        .iter()
        .map(|late| Duration::from_nanos(late.load(Ordering::Relaxed)))
        .collect();
    let late = Sorted::new(late);
    let processor = processor.as_nanos() as f64 / timers as f64;
    Ok(vec![
        late.percentile(50),
        late.percentile(99),
        Metric::time("cpu", processor),
    ])
}

/// No task is joined: a task that joins them all would be woken by each.
async fn timer<R: Runtime>(number: u64, due: Instant, shared: Arc<Shared>) {
    R::sleep(due.saturating_duration_since(Instant::now())).await;
    let late = due.elapsed().as_nanos() as u64;
    shared.late[number as usize].store(late, Ordering::Relaxed);
    // Ordering: AcqRel, so that who sees all of them gone sees what they have stored.
    if shared.left.fetch_sub(1, Ordering::AcqRel) == 1 {
        shared.all_fired.notify_one();
    }
}
