//! Everything that was measured, for programs.

use std::fmt::Write as _;

use super::Report;
use crate::comparison::{Measured, Outcome};

impl Report<'_> {
    /// A JSON object: `machine`, `rounds`, `millis`, and for each workload and runtime in
    /// `workloads` an array of rounds. A round is an object from metrics to values (nanoseconds,
    /// bytes, bytes a second, times, or a count), or a string if it failed.
    pub fn json(&self) -> String {
        let machine = self
            .machine
            .lines()
            .iter()
            .map(|(what, value)| (*what, quoted(value)));
        let workloads = self
            .measured
            .iter()
            .map(|measured| (measured.workload, of_workload(measured)));
        let all = [
            ("machine", object(machine)),
            ("rounds", self.rounds.to_string()),
            ("millis", self.millis.to_string()),
            ("workloads", object(workloads)),
        ];
        object(all.into_iter()) + "\n"
    }
}

fn of_workload(measured: &Measured) -> String {
    let runtimes = measured.runtimes.iter().map(|(runtime, outcomes)| {
        let rounds: Vec<_> = outcomes.iter().map(of_round).collect();
        (*runtime, format!("[{}]", rounds.join(",")))
    });
    object(runtimes)
}

fn of_round(outcome: &Outcome) -> String {
    match outcome {
        Ok(metrics) => object(
            metrics
                .iter()
                .map(|metric| (metric.name.as_str(), metric.value.to_string())),
        ),
        Err(error) => quoted(error),
    }
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", fields.join(",\n"))
}

fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::super::tests::{measured, report};
    use super::*;

    #[test]
    fn what_would_end_a_string_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }

    #[test]
    fn rounds_and_failures_are_there() {
        let measured = measured();
        let json = report(&measured).json();
        assert!(
            json.contains("\"tokio\":[{\"time\":10,\n\"cpu\":5}]"),
            "{json}"
        );
        assert!(json.contains("\"smol\":[\"it hung\"]"), "{json}");
        assert_eq!(json.matches('{').count(), json.matches('}').count());
    }
}
