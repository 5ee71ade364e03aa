//! Runs a quick version of each workload on Mainspring and on tokio, and prints a table.
//!
//! ```text
//! cargo run --release -p mainspring-benches --bin compare -- [--only NAME] [--rounds N]
//!     [--millis N] [--list]
//! ```
//!
//! # How it measures
//!
//! Each measurement is a fresh process: this program starts itself with hidden arguments, so that
//! no runtime inherits another one's threads, heap or idle workers. In each round every workload
//! runs on one runtime and at once on the other; a disturbance of the machine thus falls on both,
//! and on one round. The figures are medians over the rounds. A row whose spread, the least and
//! greatest ratio of a round, contains 1 has decided nothing.
//!
//! A measurement that does not end, or that panics, is reported in its row, and the program ends
//! with an error.

use std::io::{self, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use mainspring_benches::measure::{Figure, measure};
use mainspring_benches::table::{Outcome, Row, Table};
use mainspring_benches::{Mainspring, Runtime, Tokio, workloads};

/// Rounds, unless the user says otherwise.
const ROUNDS: usize = 5;

/// What one measurement takes, unless the user says otherwise.
const MILLIS: u64 = 200;

/// A measurement that takes longer than this hangs: the longest takes a second.
const HANGS_AFTER: Duration = Duration::from_secs(30);

/// The exit code of a measurement that hangs.
const HUNG: i32 = 75;

/// The hidden argument: measure one workload on one runtime, in this process.
const MEASURE: &str = "--measure";

const USAGE: &str = "compare [--only PART_OF_A_NAME]... [--rounds N] [--millis N] [--list]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some(MEASURE) => measure_in_this_process(&arguments[1..]),
        _ => Options::parse(&arguments).and_then(|options| compare(&options)),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// What the user asks for.
struct Options {
    /// Only workloads with one of these in their names; all if empty.
    only: Vec<String>,
    /// How often each workload runs on each runtime.
    rounds: usize,
    /// What one measurement takes.
    millis: u64,
    /// Print the names and nothing else.
    list: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            rounds: ROUNDS,
            millis: MILLIS,
            list: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--only" => options.only.push(value(argument, arguments.next())?),
                "--rounds" => options.rounds = value(argument, arguments.next())?,
                "--millis" => options.millis = value(argument, arguments.next())?,
                "--list" => options.list = true,
                _ => return Err(format!("unknown argument {argument}\nusage: {USAGE}")),
            }
        }
        if options.rounds == 0 || options.millis == 0 {
            return Err(format!(
                "--rounds and --millis must be at least 1\nusage: {USAGE}"
            ));
        }
        Ok(options)
    }

    fn selects(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

fn value<T: FromStr>(name: &str, value: Option<&String>) -> Result<T, String> {
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| format!("{name} needs a value\nusage: {USAGE}"))
}

fn compare(options: &Options) -> Result<ExitCode, String> {
    let mut rows: Vec<Row> = workloads::all::<Mainspring>()
        .iter()
        .filter(|workload| options.selects(workload.name))
        .map(|workload| Row::new(workload.name))
        .collect();
    if rows.is_empty() {
        return Err("no workload has that in its name; --list prints all".to_owned());
    }
    if options.list {
        rows.iter().for_each(|row| println!("{}", row.name));
        return Ok(ExitCode::SUCCESS);
    }
    let load_before = load();
    let count = rows.len();
    for round in 1..=options.rounds {
        for (index, row) in rows.iter_mut().enumerate() {
            let rounds = options.rounds;
            progress(&format!(
                "round {round}/{rounds}, {}/{count}: {}",
                index + 1,
                row.name
            ));
            row.ours
                .push(measure_in_child::<Mainspring>(row.name, options.millis));
            row.theirs
                .push(measure_in_child::<Tokio>(row.name, options.millis));
        }
    }
    progress("");
    println!(
        "{} rounds of {} ms; load average {load_before} before, {} after\n",
        options.rounds,
        options.millis,
        load()
    );
    print!(
        "{}",
        Table {
            ours: Mainspring::NAME,
            theirs: Tokio::NAME,
            rows: &rows
        }
    );
    let failed = rows.iter().any(Row::has_failed);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// One line of the terminal that is written over.
fn progress(text: &str) {
    eprint!("\r{text:<70}\r");
    // Progress that cannot be shown is no reason to stop.
    let _ = io::stderr().flush();
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

/// Runs the workload in a process of its own.
fn measure_in_child<R: Runtime>(name: &str, millis: u64) -> Outcome {
    let program = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let output = Command::new(program)
        .args([MEASURE, R::NAME, name, &millis.to_string()])
        // A failure is one line below the table.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("starting a process: {error}"))?;
    if output.status.code() == Some(HUNG) {
        return Err(format!("not finished after {HANGS_AFTER:?}"));
    }
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", output.status, errors.trim()));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let figures: Option<Vec<f64>> = printed
        .split_whitespace()
        .map(|figure| figure.parse().ok())
        .collect();
    match figures.as_deref() {
        Some(&[nanoseconds, processor]) => Ok(Figure {
            nanoseconds,
            processor,
        }),
        _ => Err(format!("printed no figures but: {}", printed.trim())),
    }
}

fn measure_in_this_process(arguments: &[String]) -> Result<ExitCode, String> {
    let [runtime, name, millis] = arguments else {
        return Err(format!(
            "{MEASURE} needs a runtime, a workload and milliseconds"
        ));
    };
    let budget = Duration::from_millis(value(MEASURE, Some(millis))?);
    // A hang is a finding: the table must still appear. A thread that only sleeps disturbs nobody.
    thread::spawn(|| {
        thread::sleep(HANGS_AFTER);
        std::process::exit(HUNG);
    });
    let figure = match runtime.as_str() {
        Mainspring::NAME => measure::<Mainspring>(name, budget),
        Tokio::NAME => measure::<Tokio>(name, budget),
        _ => Err(format!("no runtime is called {runtime}")),
    }?;
    println!("{} {}", figure.nanoseconds, figure.processor);
    Ok(ExitCode::SUCCESS)
}
