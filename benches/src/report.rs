//! What a comparison found, for people and for programs.

mod chart;
mod json;
mod machine;
mod markdown;
mod text;

pub use machine::Machine;

use crate::comparison::{self, Measured, Row, Summary};
use crate::{OURS, TOKIO};

/// Behind tokio by less than this decides nothing.
const TOLERANCE: f64 = 0.03;

/// A comparison that has ended.
#[derive(Debug)]
pub struct Report<'a> {
    /// What it ran on.
    pub machine: Machine,
    /// How often each workload ran on each runtime.
    pub rounds: usize,
    /// What a measurement took, about.
    pub millis: u64,
    /// The runtimes' names, in the order in which they took turns.
    pub runtimes: Vec<&'static str>,
    /// What they found.
    pub measured: &'a [Measured],
    /// The same, figure by figure.
    pub rows: Vec<Row>,
}

impl<'a> Report<'a> {
    /// The report of some measurements.
    pub fn new(
        machine: Machine,
        rounds: usize,
        millis: u64,
        runtimes: Vec<&'static str>,
        measured: &'a [Measured],
    ) -> Self {
        Self {
            machine,
            rounds,
            millis,
            runtimes,
            measured,
            rows: comparison::rows(measured),
        }
    }

    /// The runtimes that ours is compared with: none if ours is not there.
    fn others(&self) -> Vec<&'static str> {
        let ours_is_there = self.runtimes.contains(&OURS);
        let others = self.runtimes.iter().copied();
        others
            .filter(|name| ours_is_there && *name != OURS)
            .collect()
    }

    /// How often and how long it measured.
    fn plan(&self) -> String {
        format!("{}, each measurement {} ms", self.rounds, self.millis)
    }

    /// What follows from the rows, a line each: the means, and where we are behind.
    fn conclusions(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for other in self.others() {
            if let Some(Summary {
                mean,
                mean_of_medians,
                median,
                count,
            }) = comparison::summary(&self.rows, other)
            {
                lines.push(format!(
                    "Geometric mean of the {count} ratios to {other}: {mean:.2}; their median: \
                     {median:.2}. Of the ratios of the medians: {mean_of_medians:.2}."
                ));
            }
        }
        for other in self.others() {
            let tolerance = if other == TOKIO { TOLERANCE } else { 0.0 };
            let behind: Vec<_> = comparison::behind(&self.rows, other, tolerance)
                .iter()
                .map(|(row, ratio)| format!("{} ({})", row.name, show_ratio(ratio.median)))
                .collect();
            let by = match tolerance {
                0.0 => String::new(),
                tolerance => format!(" by more than {:.0} %", tolerance * 100.0),
            };
            let behind = match behind.as_slice() {
                [] => "nowhere".to_owned(),
                rows => rows.join(", "),
            };
            lines.push(format!("Behind {other}{by}: {behind}."));
            let by_medians = comparison::behind_by_medians(&self.rows, other, tolerance);
            if !by_medians.is_empty() {
                let rows: Vec<_> = by_medians
                    .iter()
                    .map(|(row, ratio)| format!("{} ({})", row.name, show_ratio(ratio.of_medians)))
                    .collect();
                lines.push(format!(
                    "By the medians, but not in half of the rounds: {}.",
                    rows.join(", ")
                ));
            }
        }
        lines
    }
}

/// A ratio for people.
fn show_ratio(ratio: f64) -> String {
    crate::metric::three_digits(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Metric, Unit};

    /// Behind tokio in one row, ahead in the other; smol hangs in the first.
    pub(super) fn measured() -> Vec<Measured> {
        let time = |value| Ok(vec![Metric::time("time", value), cpu()]);
        let rate = |value| Ok(vec![Metric::new("throughput", Unit::Throughput, value)]);
        vec![
            Measured {
                workload: "slow/work",
                runtimes: vec![
                    (OURS, vec![time(20.0)]),
                    (TOKIO, vec![time(10.0)]),
                    ("smol", vec![Err("it hung".to_owned())]),
                ],
            },
            Measured {
                workload: "rate/work",
                runtimes: vec![
                    (OURS, vec![rate(2e9)]),
                    (TOKIO, vec![rate(1e9)]),
                    ("smol", vec![rate(5e8)]),
                ],
            },
        ]
    }

    fn cpu() -> Metric {
        Metric::time("cpu", 5.0).aside()
    }

    pub(super) fn report(measured: &[Measured]) -> Report<'_> {
        Report::new(Machine::this(), 1, 50, vec![OURS, TOKIO, "smol"], measured)
    }

    #[test]
    fn without_ours_nothing_is_compared() {
        let measured = measured();
        let report = Report {
            runtimes: vec![TOKIO, "smol"],
            ..report(&measured)
        };
        assert!(report.others().is_empty());
        assert!(report.conclusions().is_empty());
    }
}
