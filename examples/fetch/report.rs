//! What is printed when all is done: a line for each URL and a summary.

use std::io::{self, Write};
use std::time::Duration;

use crate::download::Outcome;

/// The report, line by line; `elapsed` is how long all of it took.
pub(crate) fn lines(outcomes: &[Outcome], elapsed: Duration) -> Vec<String> {
    let mut lines: Vec<_> = outcomes.iter().map(line).collect();
    lines.push(summary(outcomes, elapsed));
    lines
}

fn line(outcome: &Outcome) -> String {
    let Outcome {
        url,
        result,
        attempts,
        elapsed,
    } = outcome;
    let attempts = match attempts {
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    };
    let seconds = elapsed.as_secs_f64();
    match result {
        Ok(saved) => format!(
            "ok      {} {:>12} bytes {seconds:>7.2} s  {attempts}  {url} -> {}",
            saved.status.as_u16(),
            saved.bytes,
            saved.path.display(),
        ),
        Err(failure) => format!("FAILED  {url}: {failure} ({attempts}, {seconds:.2} s)"),
    }
}

fn summary(outcomes: &[Outcome], elapsed: Duration) -> String {
    let saved = outcomes
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().ok());
    let (count, bytes) = saved.fold((0, 0), |(count, bytes), saved| {
        (count + 1, bytes + saved.bytes)
    });
    let failed = outcomes.len() - count;
    let seconds = elapsed.as_secs_f64();
    format!("{count} downloaded, {failed} failed; {bytes} bytes in {seconds:.2} s")
}

/// Prints lines on standard output, as long as somebody reads them.
pub(crate) fn print(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    // The reader may have gone (`fetch .. | head`), and the exit status still tells how it went.
    drop(io::stdout().lock().write_all(text.as_bytes()));
}

/// Prints a line on standard error, if that is open; the exit status tells of the failure, too.
pub(crate) fn complain(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}
