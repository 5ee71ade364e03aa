//! What has gone wrong, and whether anything goes on.
//!
//! A failure is written at once, past the test harness's capture: the process may not live to tell
//! it later.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Failures so far. Only this lock is taken while it is held.
static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The seed of this run.
static SEED: AtomicU64 = AtomicU64::new(0);

/// Steps of any kind. Relaxed accesses: it is only compared with what it was a while ago.
static PROGRESS: AtomicU64 = AtomicU64::new(0);

/// Whether failures are meant. Tests run one after the other.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Failures that are written in full; the rest is counted.
const WRITTEN_MAX: usize = 20;

/// Writes a line to standard error, captured by nobody.
pub(crate) fn say(text: &str) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Runs what is to fail, and gives the failures, which are not written.
pub(crate) fn on_purpose(body: impl FnOnce()) -> Vec<String> {
    QUIET.store(true, Ordering::Relaxed);
    body();
    QUIET.store(false, Ordering::Relaxed);
    std::mem::take(&mut *FAILURES.lock().expect("nobody panics in here"))
}

/// A run begins.
pub(crate) fn begin(what: &str, seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
    FAILURES.lock().expect("nobody panics in here").clear();
    say(&format!("\n{what}: MAINSPRING_STRESS_SEED={seed}"));
}

pub(crate) fn seed() -> u64 {
    SEED.load(Ordering::Relaxed)
}

/// Something happened that must not.
pub(crate) fn failure(what: &str) {
    let count = {
        let mut failures = FAILURES.lock().expect("nobody panics in here");
        failures.push(what.to_owned());
        failures.len()
    };
    if count <= WRITTEN_MAX && !QUIET.load(Ordering::Relaxed) {
        say(&format!("FAILURE, seed {}: {what}", seed()));
    }
}

pub(crate) fn has_failed() -> bool {
    !FAILURES.lock().expect("nobody panics in here").is_empty()
}

/// Ends the test if anything has failed.
pub(crate) fn assert_clean() {
    let failures = std::mem::take(&mut *FAILURES.lock().expect("nobody panics in here"));
    if failures.is_empty() {
        return;
    }
    let mut text = format!("{} failures with seed {}:", failures.len(), seed());
    for failure in failures.iter().take(WRITTEN_MAX) {
        let _ = write!(text, "\n  {failure}");
    }
    panic!("{text}");
}

/// Something went on.
pub(crate) fn progress() {
    PROGRESS.fetch_add(1, Ordering::Relaxed);
}

/// How much has gone on.
pub(crate) fn steps() -> u64 {
    PROGRESS.load(Ordering::Relaxed)
}
