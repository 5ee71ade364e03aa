//! Runtimes themselves: starting and ending them, and what one costs that has nothing to do.

use std::hint::black_box;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::{WORKERS, Workload, in_task};
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Unit};
use crate::process::{context_switches, processor_time};

/// Runtimes that are started before the measurement, so that caches and allocator are warm.
const WARM: u32 = 3;

/// How long a runtime idles at least.
const IDLE: Duration = Duration::from_secs(1);

/// What a runtime may take to come to rest before that.
const SETTLE: Duration = Duration::from_millis(200);

/// Longer than any measurement.
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::whole("runtime/build_drop", |effort| {
            build_and_drop(effort, || R::multi_thread(WORKERS))
        }),
        Workload::whole("runtime/build_drop_current_thread", |effort| {
            build_and_drop(effort, R::current_thread)
        }),
        Workload::whole("idle/far_timer", idle::<R>),
    ]
}

fn build_and_drop<R: Runtime>(
    effort: Effort,
    build: fn() -> io::Result<R>,
) -> io::Result<Vec<Metric>> {
    for _ in 0..WARM {
        drop(black_box(build()?));
    }
    let mut count = 0;
    let begun = Instant::now();
    let elapsed = loop {
        drop(black_box(build()?));
        count += 1;
        let elapsed = begun.elapsed();
        if elapsed >= effort.budget {
            break elapsed;
        }
    };
    let time = elapsed.as_nanos() as f64 / f64::from(count);
    Ok(vec![Metric::time("time", time)])
}

/// The figures are those of a second. They do not count in the comparison: all are near nothing,
/// and the ratio of two nothings is noise.
fn idle<R: Runtime>(effort: Effort) -> io::Result<Vec<Metric>> {
    let runtime = R::multi_thread(WORKERS)?;
    in_task(&runtime, async {
        drop(R::spawn(R::sleep(HOUR)));
        // The timer is then registered.
        R::sleep(Duration::from_millis(1)).await;
    });
    thread::sleep(effort.part(SETTLE));
    let begun = Instant::now();
    let (switches, processor) = (context_switches()?, processor_time());
    thread::sleep(effort.at_least(IDLE));
    let processor = processor_time() - processor;
    let switches = context_switches()?.saturating_sub(switches);
    let seconds = begun.elapsed().as_secs_f64();
    drop(runtime);
    Ok(vec![
        Metric::time("cpu", processor.as_nanos() as f64 / seconds).aside(),
        Metric::new("switches", Unit::Count, switches as f64 / seconds).aside(),
    ])
}
