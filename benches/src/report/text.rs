//! The table on the terminal.

use std::fmt;

use super::{Report, show_ratio};
use crate::comparison::{Row, failures};

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, value) in self.machine.lines() {
            writeln!(f, "{what:<10} {value}")?;
        }
        writeln!(f, "{:<10} {}\n", "rounds", self.plan())?;
        self.write_rows(f, true)?;
        if self.rows.iter().any(|row| !row.judged) {
            writeln!(f, "\nto explain them:")?;
            self.write_rows(f, false)?;
        }
        writeln!(
            f,
            "\nratio = how many times as good as the other runtime, the median of the rounds;"
        )?;
        writeln!(f, "spread = the least and the greatest ratio of a round\n")?;
        for line in self.conclusions() {
            writeln!(f, "{line}")?;
        }
        for failure in failures(self.measured) {
            let (workload, runtime) = (failure.workload, failure.runtime);
            let (round, error) = (failure.round, failure.error);
            writeln!(f, "FAILED: {workload} on {runtime}, round {round}: {error}")?;
        }
        Ok(())
    }
}

impl Report<'_> {
    fn write_rows(&self, f: &mut fmt::Formatter<'_>, judged: bool) -> fmt::Result {
        write!(f, "{:<32}", "")?;
        for runtime in &self.runtimes {
            write!(f, " {runtime:>11}")?;
        }
        for other in self.others() {
            write!(f, " {:>9} {:>14}", format!("to {other}"), "spread")?;
        }
        writeln!(f)?;
        for row in self.rows.iter().filter(|row| row.judged == judged) {
            self.write_row(f, row)?;
        }
        Ok(())
    }

    fn write_row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        write!(f, "{:<32}", row.name)?;
        for runtime in &self.runtimes {
            let value = row
                .median(runtime)
                .map_or("failed".to_owned(), |value| row.unit.show(value));
            write!(f, " {value:>11}")?;
        }
        for other in self.others() {
            match row.ratio(other) {
                Some(ratio) => {
                    let (least, greatest) = (show_ratio(ratio.least), show_ratio(ratio.greatest));
                    let spread = format!("{least} to {greatest}");
                    write!(f, " {:>9} {spread:>14}", show_ratio(ratio.median))?;
                }
                None => write!(f, " {:>9} {:>14}", "-", "-")?,
            }
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{measured, report};

    #[test]
    fn each_row_and_what_follows_from_them_is_there() {
        let measured = measured();
        let text = report(&measured).to_string();
        let line = |start: &str| text.lines().find(|line| line.starts_with(start));
        let slow = line("slow/work").expect("a row");
        assert!(slow.contains("20.0 ns") && slow.contains("0.50"), "{slow}");
        assert!(
            line("rate/work").is_some_and(|line| line.contains("2.00")),
            "{text}"
        );
        assert!(
            text.contains("Geometric mean of the 2 ratios to tokio: 1.00; their median: 1.25."),
            "{text}"
        );
        assert!(
            text.contains("Behind tokio by more than 3 %: slow/work (0.50)."),
            "{text}"
        );
        assert!(text.contains("Behind smol: nowhere."), "{text}");
        assert!(
            text.contains("FAILED: slow/work on smol, round 1: it hung"),
            "{text}"
        );
    }
}
