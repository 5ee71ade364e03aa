//! The committed counts: a file for people whose table is also what `--check` compares with.

use std::fmt;

/// How much more than the committed count is too much, in per cent.
const LIMIT: u64 = 10;

/// How the line begins that says what the counts were made with.
const MADE_WITH: &str = "Counted with ";

const HEAD: &str = "\
# Instructions of a unit of work

Written by `cargo run --release -p mainspring-benches --bin instructions -- --write`; `--check`, which `.ci/run` calls, fails if a count of
Mainspring's has risen by more than 10 % over the one here. Tokio's are for comparison. What is counted, and why each piece of work runs on
one thread: `src/instructions.rs`. A piece of work by itself, and where its instructions go:

```
cargo run --release -p mainspring-benches --bin instructions -- --only worker/spawn
valgrind --tool=callgrind --callgrind-out-file=out target/release/instructions --run mainspring worker/spawn 10000 && callgrind_annotate out
```
";

/// The counts of one piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Of the work.
    pub name: String,
    /// Instructions of one on the runtime that is to be judged.
    pub ours: u64,
    /// The same of the runtime to compare with.
    pub theirs: Option<u64>,
}

/// Counts, and what they depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// The versions of the compiler and of valgrind, and the machine's kind.
    pub made_with: String,
    /// In the table's order.
    pub rows: Vec<Row>,
}

/// What a count is, beside the committed one.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Within the limit, or less by no more than the limit.
    Kept,
    /// Less by more than the limit: the file should be written, so that the gain is held.
    Fallen,
    /// More than the limit allows.
    Risen,
    /// The file has no such row.
    New,
}

impl Counts {
    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    ///
    /// If there is no such table, or a line of it is not a name and counts.
    pub fn parse(file: &str) -> Result<Self, String> {
        let mut made_with = file.lines().filter_map(|line| line.strip_prefix(MADE_WITH));
        let made_with = made_with
            .next()
            .ok_or_else(|| format!("no line begins with {MADE_WITH:?}"))?;
        let table = file.lines().filter(|line| line.starts_with('|'));
        // Two lines are the table's head.
        let rows: Result<Vec<Row>, String> = table.skip(2).map(Row::parse).collect();
        Ok(Self {
            made_with: made_with.trim_end_matches('.').to_owned(),
            rows: rows?,
        })
    }

    /// The row of the work called `name`.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Judges a new count of the work called `name`.
    pub fn judge(&self, name: &str, now: u64) -> Verdict {
        // In whole numbers: exactly the limit is allowed.
        match self.row(name).map(|row| row.ours) {
            None => Verdict::New,
            Some(before) if now * 100 > before * (100 + LIMIT) => Verdict::Risen,
            Some(before) if now * 100 < before * (100 - LIMIT) => Verdict::Fallen,
            Some(_) => Verdict::Kept,
        }
    }
}

impl Row {
    fn parse(line: &str) -> Result<Self, String> {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let row = match cells[..] {
            [name, ours, theirs, _] => ours.parse().ok().map(|ours| Self {
                name: name.to_owned(),
                ours,
                theirs: theirs.parse().ok(),
            }),
            _ => None,
        };
        row.ok_or_else(|| format!("not a row of counts: {line}"))
    }
}

/// By how many per cent `now` is more than `before`.
pub fn change(before: u64, now: u64) -> f64 {
    (now as f64 / before.max(1) as f64 - 1.0) * 100.0
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n{MADE_WITH}{}.\n", self.made_with)?;
        writeln!(f, "| work | mainspring | tokio | tokio / mainspring |")?;
        writeln!(f, "|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, ours, theirs } = self;
        match theirs {
            Some(theirs) => {
                let ratio = *theirs as f64 / (*ours).max(1) as f64;
                write!(f, "| {name} | {ours} | {theirs} | {ratio:.2} |")
            }
            None => write!(f, "| {name} | {ours} | - | - |"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        let row = |name: &str, ours, theirs| Row {
            name: name.to_owned(),
            ours,
            theirs,
        };
        Counts {
            made_with: "rustc 1.2.3 (abc 2026-01-01), valgrind-3.19.0, x86_64".to_owned(),
            rows: vec![
                row("worker/wake", 100, Some(230)),
                row("worker/new", 7, None),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Counts::parse(&counts().to_string()), Ok(counts()));
    }

    #[test]
    fn a_broken_row_is_an_error_and_not_left_out() {
        let broken = counts().to_string().replace("| 100 |", "| about 100 |");
        let error = Counts::parse(&broken).unwrap_err();
        assert!(error.contains("worker/wake"), "{error}");
        assert!(Counts::parse("# nothing").is_err());
    }

    #[test]
    fn ten_per_cent_more_is_allowed_and_eleven_are_not() {
        let judge = |now| counts().judge("worker/wake", now);
        assert_eq!(judge(110), Verdict::Kept);
        assert_eq!(judge(111), Verdict::Risen);
        assert_eq!(judge(90), Verdict::Kept);
        assert_eq!(judge(89), Verdict::Fallen);
        assert_eq!(counts().judge("worker/other", 1), Verdict::New);
    }
}
