//! What a comparison ran on.

mod ticks;

use std::fs;
use std::process::Command;
use std::thread;

use ticks::Ticks;

/// The versions that this program was built with.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// If other programs, and the kernel by itself, use more than this part of the cores, a comparison
/// says little. A quiet machine's network interrupts are a few hundredths.
const BUSY: f64 = 0.08;

/// The crates whose speed is compared.
const CRATES: [&str; 5] = [
    "mainspring",
    "tokio",
    "async-executor",
    "async-io",
    "blocking",
];

/// A machine, a toolchain and the crates' versions.
#[derive(Debug)]
pub struct Machine {
    lines: Vec<(&'static str, String)>,
    /// What the cores had done when it began.
    begun: Option<Ticks>,
}

impl Machine {
    /// This one, now.
    pub fn this() -> Self {
        let cores = match thread::available_parallelism() {
            Ok(cores) => cores.to_string(),
            Err(_) => unknown(),
        };
        let lines = vec![
            ("date", printed_by("date", &["-u", "+%F %H:%M UTC"])),
            ("processor", format!("{}, {cores} cores", processor())),
            ("kernel", first_line("/proc/sys/kernel/osrelease")),
            ("rustc", printed_by("rustc", &["--version"])),
            ("crates", versions()),
            ("commit", commit()),
        ];
        let begun = Ticks::now();
        Self { lines, begun }
    }

    /// This one, at the end of a comparison: says how busy others kept it meanwhile.
    #[must_use]
    pub fn at_the_end(mut self) -> Self {
        let others = self
            .begun
            .zip(Ticks::now())
            .and_then(|(begun, ended)| ended.others_since(begun));
        let others = match others {
            Some(part) if part > BUSY => {
                format!("{:.0} %: TOO BUSY, COUNTS FOR LITTLE", part * 100.0)
            }
            Some(part) => format!("{:.0} %", part * 100.0),
            None => unknown(),
        };
        self.lines
            .push(("others", format!("used of the cores: {others}")));
        self
    }

    /// What there is to say, and its name.
    pub fn lines(&self) -> &[(&'static str, String)] {
        &self.lines
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    text.lines()
        .filter(|line| line.starts_with("model name"))
        .find_map(|line| line.split_once(':'))
        .map_or_else(unknown, |(_, model)| model.trim().to_owned())
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().map_or_else(unknown, str::to_owned)
}

/// The first line that a program prints.
fn printed_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let Ok(output) = output else {
        return unknown();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().next() {
        Some(line) if output.status.success() => line.to_owned(),
        _ => unknown(),
    }
}

/// Of the working copy that this was built from.
fn commit() -> String {
    printed_by("git", &["describe", "--always", "--dirty", "--abbrev=12"])
}

fn versions() -> String {
    let versions: Vec<_> = CRATES
        .iter()
        .map(|name| format!("{name} {}", version(LOCK, name).unwrap_or("unknown")))
        .collect();
    versions.join(", ")
}

/// The version of a package in a `Cargo.lock`.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, package) = lock.split_once(&format!("name = \"{name}\"\n"))?;
    let line = package.lines().next()?;
    line.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_known() {
        for name in CRATES {
            assert!(version(LOCK, name).is_some(), "{name}");
        }
        assert!(version(LOCK, "no-such-crate").is_none());
    }
}
