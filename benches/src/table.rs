//! The table of a comparison: medians over rounds, their ratio, and how far the rounds disagree.

use std::fmt;

use crate::measure::Figure;

/// A measurement, or why there is none.
pub type Outcome = Result<Figure, String>;

/// A workload's measurements on the two runtimes.
#[derive(Debug)]
pub struct Row {
    /// The workload's.
    pub name: &'static str,
    /// Of the runtime that is to be judged, a round each.
    pub ours: Vec<Outcome>,
    /// Of the runtime to compare with, in the same rounds.
    pub theirs: Vec<Outcome>,
}

/// Prints the rows, and below them what follows from them.
#[derive(Debug)]
pub struct Table<'a> {
    /// The name of the runtime that is to be judged.
    pub ours: &'static str,
    /// The name of the runtime to compare with.
    pub theirs: &'static str,
    /// In the order of printing.
    pub rows: &'a [Row],
}

impl Row {
    /// A row without measurements.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            ours: Vec::new(),
            theirs: Vec::new(),
        }
    }

    /// How many times as fast as the other runtime, by the medians. `None` if one has no figure.
    pub fn ratio(&self) -> Option<f64> {
        self.ratio_of(nanoseconds)
    }

    fn ratio_of(&self, of: fn(&Figure) -> f64) -> Option<f64> {
        Some(median(&self.theirs, of)? / median(&self.ours, of)?)
    }

    /// The least and the greatest ratio of a single round.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let rounds = self
            .ours
            .iter()
            .zip(&self.theirs)
            .filter_map(|(ours, theirs)| {
                Some(theirs.as_ref().ok()?.nanoseconds / ours.as_ref().ok()?.nanoseconds)
            });
        rounds.fold(None, |spread, ratio| match spread {
            None => Some((ratio, ratio)),
            Some((least, greatest)) => Some((ratio.min(least), ratio.max(greatest))),
        })
    }

    /// Whether a round has no figure.
    pub fn has_failed(&self) -> bool {
        self.ours.iter().chain(&self.theirs).any(Result::is_err)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |outcomes, of| match median(outcomes, of) {
            Some(value) if value < 1_000.0 => format!("{value:.1}"),
            Some(value) => format!("{value:.0}"),
            None => "failed".to_owned(),
        };
        let ratio = self
            .ratio()
            .map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let spread = match self.spread() {
            Some((least, greatest)) => format!("{least:.2} to {greatest:.2}"),
            None => "-".to_owned(),
        };
        write!(
            f,
            "{:<28} {:>11} {:>11} {ratio:>7} {spread:>16} {:>8} {:>8}",
            self.name,
            time(&self.ours, nanoseconds),
            time(&self.theirs, nanoseconds),
            time(&self.ours, processor),
            time(&self.theirs, processor),
        )
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, theirs) = (self.ours, self.theirs);
        write!(f, "{:<28} {ours:>11} {theirs:>11} ", "workload")?;
        writeln!(
            f,
            "{:>7} {:>16} {:>8} {:>8}",
            "ratio", "spread", "cpu", "cpu"
        )?;
        for row in self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "\nnanoseconds for a unit; ratio = {theirs} / {ours};")?;
        writeln!(f, "spread = the least and the greatest ratio of a round;")?;
        writeln!(
            f,
            "cpu = processor time of all threads for a unit: {ours}, {theirs}"
        )?;
        let ratios: Vec<f64> = self.rows.iter().filter_map(Row::ratio).collect();
        if !ratios.is_empty() {
            let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64;
            writeln!(f, "geometric mean of the ratios: {:.2}", mean.exp())?;
        }
        self.name_the_rows(f, "not faster", nanoseconds)?;
        self.name_the_rows(f, "not less processor time", processor)?;
        self.name_the_failed(f)
    }
}

impl Table<'_> {
    /// Names the rows that are no better than the other runtime's by `of`.
    fn name_the_rows(
        &self,
        f: &mut fmt::Formatter<'_>,
        what: &str,
        of: fn(&Figure) -> f64,
    ) -> fmt::Result {
        let is_no_better = |row: &&Row| row.ratio_of(of).is_some_and(|ratio| ratio <= 1.0);
        let rows: Vec<_> = self
            .rows
            .iter()
            .filter(is_no_better)
            .map(|row| row.name)
            .collect();
        let rows = if rows.is_empty() {
            "none".to_owned()
        } else {
            rows.join(", ")
        };
        writeln!(f, "{what} than {}: {rows}", self.theirs)
    }

    fn name_the_failed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.rows {
            for (runtime, outcomes) in [(self.ours, &row.ours), (self.theirs, &row.theirs)] {
                for (round, outcome) in outcomes.iter().enumerate() {
                    if let Err(error) = outcome {
                        let round = round + 1;
                        writeln!(
                            f,
                            "FAILED: {} on {runtime}, round {round}: {error}",
                            row.name
                        )?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn nanoseconds(figure: &Figure) -> f64 {
    figure.nanoseconds
}

fn processor(figure: &Figure) -> f64 {
    figure.processor
}

/// The median over the rounds that have a figure.
fn median(outcomes: &[Outcome], of: fn(&Figure) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = outcomes.iter().flatten().map(of).collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(values: &[f64]) -> Vec<Outcome> {
        values
            .iter()
            .map(|&nanoseconds| {
                Ok(Figure {
                    nanoseconds,
                    processor: 1.5,
                })
            })
            .collect()
    }

    fn row(ours: &[f64], theirs: &[f64]) -> Row {
        Row {
            name: "some/work",
            ours: outcomes(ours),
            theirs: outcomes(theirs),
        }
    }

    fn print(rows: &[Row]) -> String {
        Table {
            ours: "us",
            theirs: "them",
            rows,
        }
        .to_string()
    }

    #[test]
    fn the_ratio_is_of_medians_and_the_spread_of_rounds() {
        let row = row(&[10.0, 1_000.0, 12.0], &[24.0, 30.0, 20.0]);
        assert_eq!(row.ratio(), Some(2.0));
        assert_eq!(row.spread(), Some((0.03, 2.4)));
    }

    #[test]
    fn the_median_of_an_even_count_is_between_the_two_in_the_middle() {
        assert_eq!(row(&[1.0], &[9.0, 1.0, 2.0, 4.0]).ratio(), Some(3.0));
    }

    #[test]
    fn the_mean_is_geometric_and_slower_rows_are_named() {
        let text = print(&[
            Row {
                name: "fast",
                ..row(&[1.0], &[8.0])
            },
            Row {
                name: "slow",
                ..row(&[2.0], &[1.0])
            },
        ]);
        assert!(
            text.contains("geometric mean of the ratios: 2.00"),
            "{text}"
        );
        assert!(text.contains("not faster than them: slow\n"), "{text}");
        assert!(
            text.contains("not less processor time than them: fast, slow\n"),
            "{text}"
        );
    }

    #[test]
    fn a_failure_is_printed_and_takes_no_part_in_the_figures() {
        let mut row = row(&[5.0], &[10.0, 10.0]);
        assert!(!row.has_failed());
        row.ours.insert(0, Err("it hung".to_owned()));
        assert!(row.has_failed());
        assert_eq!((row.ratio(), row.spread()), (Some(2.0), Some((2.0, 2.0))));
        let text = print(&[row]);
        assert!(
            text.contains("FAILED: some/work on us, round 1: it hung"),
            "{text}"
        );
    }

    #[test]
    fn a_row_without_figures_says_so() {
        let text = print(&[Row {
            name: "a",
            ours: vec![Err("no".into())],
            theirs: Vec::new(),
        }]);
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.contains("failed")),
            "{text}"
        );
        assert!(
            !text.contains("NaN") && !text.contains("geometric"),
            "{text}"
        );
    }
}
