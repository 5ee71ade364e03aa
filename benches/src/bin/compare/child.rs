//! A measurement in a process of its own.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mainspring_benches::comparison::Outcome;
use mainspring_benches::measure::{Contender, Effort};

use crate::options::value;

/// The hidden argument: measure one workload on one runtime, in this process.
pub(crate) const MEASURE: &str = "--measure";

/// A measurement that takes longer than this hangs: the longest takes a few seconds.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// The exit code of a measurement that hangs.
const HUNG: i32 = 75;

/// Runs the workload in a process of its own.
pub(crate) fn run(runtime: &str, workload: &str, millis: u64) -> Outcome {
    let program = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let output = Command::new(program)
        .args([MEASURE, runtime, workload, &millis.to_string()])
        // A failure is one line below the table.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("starting a process: {error}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(HUNG) {
        let errors = errors.trim();
        return Err(format!("not finished after {HANGS_AFTER:?} {errors}"));
    }
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, errors.trim()));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::parse)
        .collect()
}

/// Measures in this process, and prints a line for each metric.
pub(crate) fn measure(arguments: &[String]) -> Result<(), String> {
    let [runtime, workload, millis] = arguments else {
        return Err(format!(
            "{MEASURE} needs a runtime, a workload and milliseconds"
        ));
    };
    let effort = Effort::new(Duration::from_millis(value(MEASURE, Some(millis))?));
    let contender =
        Contender::called(runtime).ok_or_else(|| format!("no runtime is called {runtime}"))?;
    // A hang is a finding: the table must still appear. A thread that only sleeps disturbs nobody.
    thread::spawn(|| {
        thread::sleep(HANGS_AFTER);
        std::process::exit(HUNG);
    });
    for metric in contender.measure(workload, effort)? {
        println!("{metric}");
    }
    Ok(())
}
