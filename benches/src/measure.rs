//! One measurement: a workload on a fresh runtime, once warm.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Runtime;
use crate::workloads::{self, Workload};

/// What a measurement found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// How long one unit took, in nanoseconds.
    pub nanoseconds: f64,
    /// How much processor time of all threads one unit took, in nanoseconds. A runtime whose idle
    /// threads spin is faster on an idle machine, and slower on a busy one: this shows it. It is
    /// also the steadier figure on a machine that does other things.
    pub processor: f64,
}

/// Starts a runtime, runs the workload called `name` on it until it is warm, and then for about
/// `budget`.
///
/// # Errors
///
/// If there is no such workload, or the runtime does not start.
///
/// # Panics
///
/// If the workload does: see [`Workload::run`].
pub fn measure<R: Runtime>(name: &str, budget: Duration) -> Result<Figure, String> {
    let workload = workloads::all::<R>()
        .into_iter()
        .find(|workload| workload.name == name)
        .ok_or_else(|| format!("no workload is called {name}"))?;
    let runtime = workload
        .start_runtime()
        .map_err(|error| format!("no runtime: {error}"))?;
    let iterations = warm_up(&workload, &runtime, budget);
    let before = processor_time();
    let elapsed = workload.run(&runtime, iterations);
    let after = processor_time();
    let units = (iterations * workload.units) as f64;
    let of_a_unit = |span: Duration| span.as_nanos() as f64 / units;
    Ok(Figure {
        nanoseconds: of_a_unit(elapsed),
        processor: of_a_unit(after - before),
    })
}

/// Runs the workload until caches, threads and allocator are warm, and finds out how many
/// iterations take `budget`.
fn warm_up<R: Runtime>(workload: &Workload<R>, runtime: &R, budget: Duration) -> u64 {
    let enough = budget / 4;
    let mut iterations = 1;
    loop {
        let elapsed = workload
            .run(runtime, iterations)
            .max(Duration::from_nanos(1));
        let in_budget = iterations as f64 * budget.as_secs_f64() / elapsed.as_secs_f64();
        if elapsed >= enough {
            return (in_budget as u64).max(1);
        }
        // The first iterations are slow and say little: the count grows by at most eight times.
        iterations = ((in_budget / 3.0) as u64).clamp(iterations + 1, iterations * 8);
    }
}

/// The processor time of all threads of this process, the ended ones included.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let since_start = Duration::try_from(time);
    since_start.expect("a process has used no negative time")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mainspring;
    use std::time::Instant;

    #[test]
    fn a_name_that_no_workload_has_is_an_error() {
        let budget = Duration::from_millis(1);
        let error = measure::<Mainspring>("no/such", budget).unwrap_err();
        assert!(error.contains("no/such"), "{error}");
    }

    #[test]
    fn computing_takes_processor_time() {
        let before = processor_time();
        let begun = Instant::now();
        // Another process may have the core for a while: wait for ours to have had 50 ms of it.
        while processor_time() - before < Duration::from_millis(50) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "no processor time is counted"
            );
        }
    }
}
