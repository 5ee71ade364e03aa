//! Runs each workload on Mainspring, tokio and smol, and prints a table.
//!
//! ```text
//! cargo run --release -p mainspring-benches --bin compare -- [--only NAME]... [--rounds N]
//!     [--millis N] [--runtimes NAME,NAME] [--json FILE] [--write] [--list]
//! ```
//!
//! # How it measures
//!
//! Each measurement is a fresh process: this program starts itself with hidden arguments, so that
//! no runtime inherits another one's threads, heap or idle workers. In each round every workload
//! runs on one runtime after the other; a disturbance of the machine thus falls on all of them, and
//! on one round. The figures are medians over the rounds. A row whose spread, the least and
//! greatest ratio of a round, contains 1 has decided nothing.
//!
//! A measurement that does not end, or that panics, is reported below the table, and the program
//! ends with an error.
//!
//! A run of everything writes `RESULTS.md` and `results.svg` in the crate's folder. One that leaves
//! something out does so only with `--write`.

mod child;
mod options;

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use mainspring_benches::comparison::{Measured, failures};
use mainspring_benches::report::{Machine, Report};
use mainspring_benches::{Mainspring, workloads};

use options::Options;

/// Where the results belong.
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some(child::MEASURE) => child::measure(&arguments[1..]).map(|()| ExitCode::SUCCESS),
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

fn compare(options: &Options) -> Result<ExitCode, String> {
    let names: Vec<_> = workloads::all::<Mainspring>()
        .iter()
        .map(|workload| workload.name)
        .filter(|name| options.selects(name))
        .collect();
    if names.is_empty() {
        return Err("no workload has that in its name; --list prints all".to_owned());
    }
    if options.list {
        names.iter().for_each(|name| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    let machine = Machine::this();
    let measured = measure(options, &names);
    let machine = machine.at_the_end();
    let runtimes = options.runtimes.iter().map(|runtime| runtime.name);
    let report = Report::new(
        machine,
        options.rounds,
        options.millis,
        runtimes.collect(),
        &measured,
    );
    print!("{report}");
    if let Some(path) = &options.json {
        write(path, &report.json())?;
    }
    if options.writes_results() {
        let folder = Path::new(FOLDER);
        let has_instructions = folder.join("INSTRUCTIONS.md").exists();
        write(
            &folder.join("RESULTS.md"),
            &report.markdown(has_instructions),
        )?;
        write(&folder.join("results.svg"), &report.chart())?;
    }
    Ok(if failures(&measured).is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn measure(options: &Options, names: &[&'static str]) -> Vec<Measured> {
    let mut measured: Vec<_> = names
        .iter()
        .map(|workload| Measured {
            workload,
            runtimes: options
                .runtimes
                .iter()
                .map(|runtime| (runtime.name, Vec::new()))
                .collect(),
        })
        .collect();
    let (rounds, count) = (options.rounds, names.len());
    for round in 1..=rounds {
        if !io::stderr().is_terminal() {
            eprintln!("round {round} of {rounds}");
        }
        for (index, workload) in measured.iter_mut().enumerate() {
            let (number, name) = (index + 1, workload.workload);
            progress(&format!("round {round}/{rounds}, {number}/{count}: {name}"));
            for (runtime, outcomes) in &mut workload.runtimes {
                outcomes.push(child::run(runtime, name, options.millis));
            }
        }
    }
    progress("");
    measured
}

/// One line of the terminal that is written over. Nothing where there is no terminal.
fn progress(text: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r{text:<70}\r");
        // Progress that cannot be shown is no reason to stop.
        let _ = io::stderr().flush();
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
