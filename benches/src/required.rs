//! What Mainspring must reach, row by row.

use crate::comparison::Row;
use crate::metric::three_digits;
use crate::{OURS, TOKIO};

/// What a row must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Must {
    /// So many times as good as tokio.
    Ratio(f64),
    /// This value, whatever the others do.
    AtLeast(f64),
    /// No more than this, whatever the others do.
    AtMost(f64),
    /// No more than tokio has, give or take this much: for values near nothing, whose ratio is
    /// noise.
    AsLittleAsTokio(f64),
}

/// A row and what it must reach.
#[derive(Debug)]
pub struct Requirement {
    /// The row's name.
    pub row: &'static str,
    /// What it must reach.
    pub must: Must,
}

/// What became of a requirement.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What is asked for, in words.
    pub required: String,
    /// What was measured, in words.
    pub reached: String,
    /// Whether that is enough.
    pub is_met: bool,
}

/// The rows with a ratio to reach.
const RATIOS: &[(f64, &[&str])] = &[
    (
        2.5,
        &[
            "spawn/worker/batch",
            "spawn/worker/single",
            "spawn/block_on/batch",
            "spawn/block_on/single",
            "spawn/current_thread/batch",
            "spawn/current_thread/single",
        ],
    ),
    (2.0, &["spawn/outside/1_thread", "spawn/outside/2_threads"]),
    (20.0, &["spawn/block_on/single_yield"]),
    (2.0, &["wake/outside_thread p50"]),
    (
        2.0,
        &[
            "ping_pong/mpsc/task",
            "ping_pong/mpsc/block_on",
            "ping_pong/oneshot/task",
            "ping_pong/oneshot/block_on",
            "ping_pong/current_thread",
        ],
    ),
    (2.0, &["chain/1000_deep", "tree/111111_tasks"]),
    (
        1.5,
        &["yield/1_task", "yield/1000_tasks", "yield/current_thread"],
    ),
    (1.3, &["ring/256_tasks"]),
    (1.2, &["fan_in/8_producers"]),
    (4.0, &["timer/cancel/1_task", "timer/cancel/8_tasks"]),
    (1.5, &["timer/reset"]),
    (3.0, &["timer/timeout"]),
    (20.0, &["sleep/100us p50", "sleep/1ms p50"]),
    (4.0, &["timers/100000_firing p99"]),
    (1.3, &["timers/100000_firing cpu"]),
    (
        1.6,
        &["memory/1M_sleeping bytes", "memory/1M_waiting bytes"],
    ),
    (
        2.0,
        &["memory/1M_sleeping set_up", "memory/1M_waiting set_up"],
    ),
    (
        2.0,
        &["memory/1M_sleeping shutdown", "memory/1M_waiting shutdown"],
    ),
    (1.15, &["tcp_echo/1", "tcp_echo/64", "tcp_echo/512"]),
    (
        1.0,
        &["tcp_echo/1 p99", "tcp_echo/64 p99", "tcp_echo/512 p99"],
    ),
    (1.0, &["tcp_stream/64_KiB_chunks"]),
    (1.15, &["tcp_accept/churn", "udp_echo/1"]),
    (2.0, &["spawn_blocking/round_trip", "spawn_blocking/batch"]),
    (1.2, &["runtime/build_drop"]),
];

/// The rows with another aim.
const OTHERS: &[(&str, Must)] = &[
    ("cpu_work/2_workers speed_up", Must::AtLeast(1.85)),
    ("sleep/100us p50", Must::AtMost(50_000.0)),
    ("sleep/1ms p50", Must::AtMost(50_000.0)),
    // A ten-thousandth of a core: what a process does that only sleeps is less.
    ("idle/far_timer cpu", Must::AsLittleAsTokio(100_000.0)),
];

/// All requirements.
pub fn all() -> Vec<Requirement> {
    let ratios = RATIOS.iter().flat_map(|(ratio, rows)| {
        let must = Must::Ratio(*ratio);
        rows.iter().map(move |&row| Requirement { row, must })
    });
    let others = OTHERS.iter().map(|&(row, must)| Requirement { row, must });
    ratios.chain(others).collect()
}

impl Requirement {
    /// Whether `rows` reach it. `None` if the row was not measured, or has no figure.
    pub fn verdict(&self, rows: &[Row]) -> Option<Verdict> {
        let row = rows.iter().find(|row| row.name == self.row)?;
        let ours = row.median(OURS)?;
        let show = |value| row.unit.show(value);
        Some(match self.must {
            Must::Ratio(required) => {
                let ratio = row.ratio(TOKIO)?.median;
                Verdict {
                    required: three_digits(required),
                    reached: three_digits(ratio),
                    is_met: ratio >= required,
                }
            }
            Must::AtLeast(least) => Verdict {
                required: format!("at least {}", show(least)),
                reached: show(ours),
                is_met: ours >= least,
            },
            Must::AtMost(most) => Verdict {
                required: format!("at most {}", show(most)),
                reached: show(ours),
                is_met: ours <= most,
            },
            Must::AsLittleAsTokio(tolerance) => {
                let theirs = row.median(TOKIO)?;
                Verdict {
                    required: format!("{TOKIO}'s {} or {} more", show(theirs), show(tolerance)),
                    reached: show(ours),
                    is_met: ours <= theirs + tolerance,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Unit;

    fn verdict(must: Must, ours: f64, theirs: f64) -> bool {
        let rows = [Row {
            name: "a".to_owned(),
            unit: Unit::Time,
            judged: true,
            values: vec![(OURS, vec![Some(ours)]), (TOKIO, vec![Some(theirs)])],
        }];
        let requirement = Requirement { row: "a", must };
        requirement.verdict(&rows).expect("a verdict").is_met
    }

    #[test]
    fn a_requirement_is_met_at_its_limit() {
        assert!(verdict(Must::Ratio(2.0), 10.0, 20.0));
        assert!(!verdict(Must::Ratio(2.0), 10.0, 19.0));
        assert!(verdict(Must::AtLeast(10.0), 10.0, 1.0));
        assert!(!verdict(Must::AtLeast(10.0), 9.0, 1.0));
        assert!(verdict(Must::AtMost(10.0), 10.0, 1.0));
        assert!(!verdict(Must::AtMost(10.0), 11.0, 100.0));
        assert!(verdict(Must::AsLittleAsTokio(5.0), 15.0, 10.0));
        assert!(!verdict(Must::AsLittleAsTokio(5.0), 16.0, 10.0));
    }

    #[test]
    fn what_was_not_measured_has_no_verdict() {
        assert!(
            all()
                .iter()
                .all(|requirement| requirement.verdict(&[]).is_none())
        );
    }
}
