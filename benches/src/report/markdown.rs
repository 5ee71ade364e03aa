//! `RESULTS.md`.

use super::{Report, show_ratio};
use crate::comparison::{Ratio, Row, failures};
use crate::required;

const INTRODUCTION: &str = "\
# Mainspring beside tokio and smol

Written by `cargo run --release -p mainspring-benches --bin compare`; do not edit. The same source runs on each runtime
(`benches/src/workloads/`), each measurement in a fresh process, the runtimes in turn. Values are medians over the rounds. A ratio says how
many times as good Mainspring is as the other runtime: 2 is half the time, half the memory, or twice the throughput. It is the median of the
rounds' ratios, not the ratio of the medians: who is measured in the same second has the same machine. The spread is the least and the greatest
of them; one that contains 1 has decided nothing. `p50` and `p99` are percentiles within a measurement. Smol's reactor and its pool of threads
belong to the process: to build and drop a runtime of smol's is to do less.

";

const CHART: &str = "\n![Ratios of tokio to Mainspring](results.svg)\n";

impl Report<'_> {
    /// The text of `RESULTS.md`. It names `INSTRUCTIONS.md` if that is there.
    pub fn markdown(&self, has_instructions: bool) -> String {
        let mut text = INTRODUCTION.to_owned();
        for (what, value) in self.machine.lines() {
            text += &format!("* {what}: {value}\n");
        }
        text += &format!("* rounds: {}\n", self.plan());
        if has_instructions {
            text += "\nInstructions instead of time, which no other program disturbs: \
                     [INSTRUCTIONS.md](INSTRUCTIONS.md).\n";
        }
        text += "\n## In short\n\n";
        for line in self.conclusions() {
            text += &format!("* {line}\n");
        }
        for failure in failures(self.measured) {
            let (workload, runtime) = (failure.workload, failure.runtime);
            let error = failure.error.lines().next().unwrap_or_default();
            text += &format!(
                "* **Failed**: {workload} on {runtime}, round {}: {error}\n",
                failure.round
            );
        }
        text += CHART;
        text += "\n## All figures\n\n";
        text += &self.table(true);
        text += "\n## What must be reached\n\n";
        text += &self.required();
        text += "\n## To explain them\n\n\
                 These do not count in the mean. `cpu` is the processor time of all threads for a unit, with what is set up \
                 before the timed part and cleared away after it: a runtime \
                 that spins is faster on an idle machine, and slower on a busy one.\n\n";
        text += &self.table(false);
        text
    }

    fn table(&self, judged: bool) -> String {
        let mut head = "| |".to_owned();
        let mut line = "|---|".to_owned();
        for runtime in &self.runtimes {
            head += &format!(" {runtime} |");
            line += "---:|";
        }
        for other in self.others() {
            head += &format!(" ratio to {other} | spread |");
            line += "---:|---:|";
        }
        let mut table = format!("{head}\n{line}\n");
        for row in self.rows.iter().filter(|row| row.judged == judged) {
            table += &self.table_row(row);
        }
        table
    }

    fn table_row(&self, row: &Row) -> String {
        let mut text = format!("| {} |", row.name);
        for runtime in &self.runtimes {
            let value = row.median(runtime);
            let value = value.map_or("failed".to_owned(), |value| row.unit.show(value));
            text += &format!(" {value} |");
        }
        for other in self.others() {
            text += &row.ratio(other).map_or(" - | - |".to_owned(), ratio_cells);
        }
        text + "\n"
    }

    fn required(&self) -> String {
        let mut table = "A number is a ratio to tokio.\n\n\
                         | | required | reached | |\n|---|---:|---:|---|\n"
            .to_owned();
        for requirement in required::all() {
            let row = requirement.row;
            table += &match requirement.verdict(&self.rows) {
                Some(verdict) => {
                    let is_met = if verdict.is_met { "met" } else { "**not met**" };
                    let (required, reached) = (verdict.required, verdict.reached);
                    format!("| {row} | {required} | {reached} | {is_met} |\n")
                }
                None => format!("| {row} | | | not measured |\n"),
            };
        }
        table
    }
}

/// In bold where we are behind.
fn ratio_cells(ratio: Ratio) -> String {
    let median = show_ratio(ratio.median);
    let bold = if ratio.median < 1.0 { "**" } else { "" };
    let (least, greatest) = (show_ratio(ratio.least), show_ratio(ratio.greatest));
    format!(" {bold}{median}{bold} | {least} to {greatest} |")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{measured, report};

    #[test]
    fn rows_requirements_and_failures_are_there() {
        let measured = measured();
        let text = report(&measured).markdown(false);
        assert!(
            text.contains(
                "| slow/work | 20.0 ns | 10.0 ns | failed | **0.50** | 0.50 to 0.50 | - | - |"
            ),
            "{text}"
        );
        assert!(
            text.contains("| spawn/worker/batch | | | not measured |"),
            "{text}"
        );
        assert!(
            text.contains("* **Failed**: slow/work on smol, round 1: it hung"),
            "{text}"
        );
        assert!(text.contains("| slow/work cpu | 5.00 ns |"), "{text}");
    }

    #[test]
    fn instructions_are_named_only_if_they_are_there() {
        let measured = measured();
        let report = report(&measured);
        assert!(report.markdown(true).contains("(INSTRUCTIONS.md)"));
        assert!(!report.markdown(false).contains("INSTRUCTIONS.md"));
    }
}
