//! How late a sleep ends, in a task, while nothing else is to be done.

use std::io;
use std::time::{Duration, Instant};

use super::{WORKERS, Workload, in_task};
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Sorted};

/// What a measurement takes at least: a percentile needs some hundred sleeps.
const SPAN: Duration = Duration::from_millis(500);

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::whole("sleep/100us", |effort| {
            lateness::<R>(Duration::from_micros(100), effort)
        }),
        Workload::whole("sleep/1ms", |effort| {
            lateness::<R>(Duration::from_millis(1), effort)
        }),
    ]
}

fn lateness<R: Runtime>(duration: Duration, effort: Effort) -> io::Result<Vec<Metric>> {
    let runtime = R::multi_thread(WORKERS)?;
    let span = effort.at_least(SPAN);
    let late = in_task(&runtime, async move {
        let mut late = Vec::new();
        let first = Instant::now();
        loop {
            let begun = Instant::now();
            R::sleep(duration).await;
            let slept = begun.elapsed();
            assert!(
                slept >= duration,
                "a sleep of {duration:?} ended after {slept:?}"
            );
            late.push(slept - duration);
            if first.elapsed() >= span {
                return Sorted::new(late);
            }
        }
    });
    Ok(vec![late.percentile(50), late.percentile(99).aside()])
}
