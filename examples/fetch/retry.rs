//! How long to wait before the next attempt.
//!
//! The pause doubles with each failure, so that a server in trouble is left alone, and a random
//! part of it is left out, so that downloads which failed together do not come back together.

use std::time::Duration;

/// The pause after the first failure, before its random part is taken off.
const PAUSE_FIRST: Duration = Duration::from_millis(200);

/// The longest pause that the doubling leads to.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The longest wait that a server's `Retry-After` may impose.
const SERVER_PAUSE_MAX: Duration = Duration::from_secs(60);

/// The pause after `attempts` failed ones, the last of which came with `retry_after`.
///
/// `random` is from 0 to 1.
pub(crate) fn pause(attempts: u32, retry_after: Option<Duration>, random: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let longest = (PAUSE_FIRST * (1 << doublings)).min(PAUSE_MAX);
    let ours = longest.mul_f64(0.5 + random / 2.0);
    ours.max(retry_after.unwrap_or_default().min(SERVER_PAUSE_MAX))
}
