//! What the environment says about the runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the soak takes if nobody says otherwise: short enough for a plain `cargo test`.
const SECONDS: u64 = 10;

/// How many tasks the million is without optimisation, where a task costs some ten times as much.
const TASKS_UNOPTIMISED: u64 = 50_000;

/// The seed of the run, new for each.
pub(crate) fn seed() -> u64 {
    number("MAINSPRING_STRESS_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| now.as_nanos() as u64)
    })
}

/// How long the soak takes.
pub(crate) fn duration() -> Duration {
    Duration::from_secs(number("MAINSPRING_STRESS_SECONDS").unwrap_or(SECONDS))
}

/// How many tasks the million is.
pub(crate) fn tasks() -> u64 {
    let usual = if cfg!(debug_assertions) {
        TASKS_UNOPTIMISED
    } else {
        1_000_000
    };
    number("MAINSPRING_STRESS_TASKS").unwrap_or(usual)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    match text.trim().parse() {
        Ok(number) => Some(number),
        Err(error) => panic!("{variable}={text:?} is no number: {error}"),
    }
}
