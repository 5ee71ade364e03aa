//! What may be missed on a machine that does other things, and must hold once.

use mainspring::runtime::{Runtime, ShutdownReport};

use crate::bounded::bounded;
use crate::runtimes::{current_thread, multi_thread};

/// Runs `attempt` until it succeeds, a few times.
#[track_caller]
pub(crate) fn at_best(what: &str, attempt: impl Fn() -> Result<(), String>) {
    let mut last = String::new();
    for _ in 0..5 {
        match attempt() {
            Ok(()) => return,
            Err(why) => last = why,
        }
    }
    panic!("{what}: {last}");
}

/// As [`at_best`], for each kind of runtime, and with a new one in each attempt.
pub(crate) fn at_best_on_each_runtime(
    what: &'static str,
    attempt: impl Fn(Runtime) -> Result<(), String> + Clone + Send + 'static,
) {
    for make in [
        current_thread as fn() -> Runtime,
        || multi_thread(1),
        || multi_thread(2),
    ] {
        let attempt = attempt.clone();
        bounded(what, move || at_best(what, || attempt(make())));
    }
}

/// That nothing was stuck. A poll is, too, if the system stops its thread for longer than the last
/// polls have.
pub(crate) fn none_stuck(report: &ShutdownReport) -> Result<(), String> {
    if report.stuck.is_empty() {
        return Ok(());
    }
    Err(report.to_string())
}
