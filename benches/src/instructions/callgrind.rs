//! Counting by valgrind's callgrind.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

/// The line of callgrind's report that has the count.
const COUNT: &str = "Collected :";

/// The instructions of one time, when `program` with `arguments(times)` does its work so many
/// times.
///
/// # Errors
///
/// If valgrind is not there, or the program fails.
pub fn instructions_of_one<A, S>(program: &OsStr, arguments: A, times: u64) -> Result<u64, String>
where
    A: Fn(u64) -> Vec<S>,
    S: AsRef<OsStr>,
{
    let once = instructions(program, &arguments(times))?;
    let twice = instructions(program, &arguments(2 * times))?;
    let difference = twice.checked_sub(once);
    let difference = difference.ok_or("twice the work took fewer instructions")?;
    // To the nearest.
    Ok((difference + times / 2) / times)
}

/// What valgrind calls itself, with its version.
///
/// # Errors
///
/// If it is not there.
pub fn version() -> io::Result<String> {
    let output = Command::new("valgrind").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs `program` under callgrind and returns the instructions of the whole process.
fn instructions<S: AsRef<OsStr>>(program: &OsStr, arguments: &[S]) -> Result<u64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("starting valgrind: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, report.trim()));
    }
    count_in(&report).ok_or_else(|| format!("callgrind printed no count: {}", report.trim()))
}

fn count_in(report: &str) -> Option<u64> {
    let mut counts = report.lines().filter_map(|line| line.split_once(COUNT));
    let (_, count) = counts.next()?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_a_report() {
        let report = "==7== Events    : Ir\n==7== Collected : 7247606\n==7== \n==7== I   refs: 7\n";
        assert_eq!(count_in(report), Some(7_247_606));
        assert_eq!(count_in("==7== Collected : many"), None);
        assert_eq!(count_in("valgrind: no such program"), None);
    }
}
