//! One measurement: a workload by its name, on one of the runtimes.

use std::time::Duration;

use crate::metric::Metric;
use crate::{Mainspring, Runtime, Smol, Tokio, workloads};

/// How much a measurement may take.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// What a measurement takes, about, once it is warm.
    pub budget: Duration,
    /// What the work of a workload that is a fixed amount of it is divided by. It is 1, but in
    /// tests.
    pub divisor: u32,
}

impl Effort {
    /// The whole work.
    pub fn new(budget: Duration) -> Self {
        Self { budget, divisor: 1 }
    }

    /// So many, or a part of it.
    pub fn count(self, full: u64) -> u64 {
        (full / u64::from(self.divisor)).max(1)
    }

    /// The budget, but at least so much, or a part of it.
    pub fn at_least(self, full: Duration) -> Duration {
        self.budget.max(self.part(full))
    }

    /// So much, or a part of it.
    pub fn part(self, full: Duration) -> Duration {
        full / self.divisor
    }
}

/// A runtime to compare.
#[derive(Debug, Clone, Copy)]
pub struct Contender {
    /// The name in tables.
    pub name: &'static str,
    measure: fn(&str, Effort) -> Result<Vec<Metric>, String>,
}

/// All runtimes, ours first.
pub const CONTENDERS: [Contender; 3] = [
    Contender::of::<Mainspring>(),
    Contender::of::<Tokio>(),
    Contender::of::<Smol>(),
];

impl Contender {
    const fn of<R: Runtime>() -> Self {
        Self {
            name: R::NAME,
            measure: measure::<R>,
        }
    }

    /// The runtime called `name`.
    pub fn called(name: &str) -> Option<Self> {
        CONTENDERS
            .into_iter()
            .find(|contender| contender.name == name)
    }

    /// Runs the workload called `workload`.
    ///
    /// # Errors
    ///
    /// If there is no such workload, or the system refuses what it needs.
    ///
    /// # Panics
    ///
    /// If the runtime loses a task or a wake-up that the workload needs.
    pub fn measure(self, workload: &str, effort: Effort) -> Result<Vec<Metric>, String> {
        (self.measure)(workload, effort)
    }
}

fn measure<R: Runtime>(name: &str, effort: Effort) -> Result<Vec<Metric>, String> {
    let workload = workloads::all::<R>()
        .into_iter()
        .find(|workload| workload.name == name)
        .ok_or_else(|| format!("no workload is called {name}"))?;
    workload
        .measure(effort)
        .map_err(|error| format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_workload_has_is_an_error() {
        let effort = Effort::new(Duration::from_millis(1));
        let error = CONTENDERS[0].measure("no/such", effort).unwrap_err();
        assert!(error.contains("no/such"), "{error}");
    }

    #[test]
    fn runtimes_are_found_by_their_names() {
        assert_eq!(
            Contender::called("tokio").map(|found| found.name),
            Some("tokio")
        );
        assert!(Contender::called("other").is_none());
    }
}
