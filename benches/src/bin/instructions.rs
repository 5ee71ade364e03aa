//! Counts the instructions of a unit of work, on Mainspring and on tokio, under callgrind.
//!
//! ```text
//! cargo run --release -p mainspring-benches --bin instructions -- [--only NAME]
//!     [--check | --write | --list]
//! ```
//!
//! Without an option it prints a table beside tokio. `--check` counts Mainspring only, and fails
//! if a count has risen by more than 10 % over the one in `INSTRUCTIONS.md`; `--write` writes that
//! file. What is counted, and why it repeats: [`mainspring_benches::instructions`].

use std::fs;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use mainspring_benches::instructions::committed::{Counts, Row, Verdict, change};
use mainspring_benches::instructions::{self, Work, callgrind};
use mainspring_benches::{Mainspring, Runtime, Tokio};

/// A count that seems to have risen is counted so many times again, and the least is taken: what
/// happens by time only adds.
const RECOUNTS: usize = 2;

/// Counts of which the median is committed: one that is out of the way stays in the file for long.
const COUNTS_TO_WRITE: usize = 3;

/// A run that takes longer than this hangs: the longest takes seconds.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// The exit code of a run that hangs.
const HUNG: i32 = 75;

/// The committed counts.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/INSTRUCTIONS.md");

/// What to do when the counts have changed for a good reason.
const TO_UPDATE: &str = "\
To commit the new counts: cargo run --release -p mainspring-benches --bin instructions -- --write
and say in the commit why they changed.";

/// The hidden argument: do one piece of work, in this process.
const RUN: &str = "--run";

const USAGE: &str = "instructions [--only PART_OF_A_NAME]... [--check | --write | --list]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some(RUN) => run_in_this_process(&arguments[1..]),
        _ => Options::parse(&arguments).and_then(|options| options.carry_out()),
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
    /// Only work with one of these in its name; all if empty.
    only: Vec<String>,
    /// What to do with the counts.
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    /// Print them beside tokio's.
    Compare,
    /// Compare them with the committed ones.
    Check,
    /// Commit them.
    Write,
    /// Print the names only.
    List,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            mode: Mode::Compare,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match (argument.as_str(), options.mode) {
                ("--only", _) => {
                    let part = arguments.next();
                    options.only.push(part.ok_or(USAGE)?.clone());
                }
                ("--check", Mode::Compare) => options.mode = Mode::Check,
                ("--write", Mode::Compare) => options.mode = Mode::Write,
                ("--list", Mode::Compare) => options.mode = Mode::List,
                _ => return Err(format!("not understood: {argument}\nusage: {USAGE}")),
            }
        }
        if options.mode == Mode::Write && !options.only.is_empty() {
            return Err("--write writes all counts: it cannot be used with --only".to_owned());
        }
        Ok(options)
    }

    fn carry_out(&self) -> Result<ExitCode, String> {
        let works = instructions::all::<Mainspring>().into_iter();
        let names: Vec<String> = works
            .map(|work| work.name)
            .filter(|name| self.selects(name))
            .collect();
        if names.is_empty() {
            return Err("no work has that in its name; --list prints all".to_owned());
        }
        match self.mode {
            Mode::List => names.iter().for_each(|name| println!("{name}")),
            Mode::Compare => compare(&names)?,
            Mode::Write => write(&names)?,
            Mode::Check => return self.check(&names),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn selects(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    /// Compares with the committed counts, and fails if one has risen.
    fn check(&self, names: &[String]) -> Result<ExitCode, String> {
        let file = fs::read_to_string(FILE).map_err(|error| format!("reading {FILE}: {error}"))?;
        let committed = Counts::parse(&file).map_err(|error| format!("{FILE}: {error}"))?;
        let made_with = made_with()?;
        if made_with != committed.made_with {
            println!("note: the committed counts were made with another compiler or machine:");
            println!("    {}\n    here: {made_with}", committed.made_with);
        }
        println!("{:<28} {:>9} {:>9}", "work", "committed", "now");
        let mut wrong = Vec::new();
        for name in names {
            if let Some(problem) = check_one(&committed, name)? {
                wrong.push(problem);
            }
        }
        let gone = committed.rows.iter().map(|row| row.name.as_str());
        let gone = gone.filter(|name| self.selects(name) && !names.iter().any(|it| it == name));
        wrong.extend(gone.map(|name| format!("{name}: in the file, but no such work is left")));
        if wrong.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        println!();
        wrong
            .iter()
            .for_each(|problem| println!("FAILED: {problem}"));
        println!("{TO_UPDATE}");
        Ok(ExitCode::FAILURE)
    }
}

/// Counts one piece of work and prints its row; says what is wrong with it, if anything is.
fn check_one(committed: &Counts, name: &str) -> Result<Option<String>, String> {
    let mut now = count::<Mainspring>(name)?;
    for _ in 0..RECOUNTS {
        if committed.judge(name, now) == Verdict::Risen {
            now = now.min(count::<Mainspring>(name)?);
        }
    }
    let Some(row) = committed.row(name) else {
        println!("{name:<28} {:>9} {now:>9}", "-");
        return Ok(Some(format!("{name}: not in {FILE}")));
    };
    let before = row.ours;
    let change = change(before, now);
    let verdict = committed.judge(name, now);
    let remark = match verdict {
        Verdict::Fallen => "  fallen: --write would hold the gain",
        Verdict::Risen => "  RISEN",
        Verdict::Kept | Verdict::New => "",
    };
    println!("{name:<28} {before:>9} {now:>9} {change:>+7.1} %{remark}");
    Ok((verdict == Verdict::Risen).then(|| {
        format!("{name}: {now} instructions, {change:.1} % more than the committed {before}")
    }))
}

fn compare(names: &[String]) -> Result<(), String> {
    println!("{}", made_with()?);
    println!(
        "{:<28} {:>10} {:>9} {:>6}",
        "work",
        Mainspring::NAME,
        Tokio::NAME,
        "ratio"
    );
    for name in names {
        let row = count_on_both(name, 1)?;
        let (ours, theirs) = (row.ours, row.theirs.unwrap_or_default());
        let ratio = theirs as f64 / ours.max(1) as f64;
        println!("{name:<28} {ours:>10} {theirs:>9} {ratio:>6.2}");
    }
    Ok(())
}

fn write(names: &[String]) -> Result<(), String> {
    let made_with = made_with()?;
    let rows: Result<Vec<Row>, String> = names
        .iter()
        .map(|name| count_on_both(name, COUNTS_TO_WRITE).inspect(|row| println!("{row}")))
        .collect();
    let counts = Counts {
        made_with,
        rows: rows?,
    };
    fs::write(FILE, counts.to_string()).map_err(|error| format!("writing {FILE}: {error}"))?;
    println!("written: {FILE}");
    Ok(())
}

/// The medians of so many counts.
fn count_on_both(name: &str, counts: usize) -> Result<Row, String> {
    Ok(Row {
        name: name.to_owned(),
        ours: median_count::<Mainspring>(name, counts)?,
        theirs: Some(median_count::<Tokio>(name, counts)?),
    })
}

fn median_count<R: Runtime>(name: &str, counts: usize) -> Result<u64, String> {
    let counts: Result<Vec<u64>, String> = (0..counts).map(|_| count::<R>(name)).collect();
    let mut counts = counts?;
    counts.sort_unstable();
    Ok(counts[counts.len() / 2])
}

/// The instructions of one time of the work called `name`.
fn count<R: Runtime>(name: &str) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let times = find::<R>(name)?.times;
    let arguments = |times: u64| vec![RUN.into(), R::NAME.into(), name.into(), times.to_string()];
    let count = callgrind::instructions_of_one(program.as_os_str(), arguments, times);
    count.map_err(|error| format!("{name} on {}: {error}", R::NAME))
}

/// What counts depend on beside the source.
fn made_with() -> Result<String, String> {
    let valgrind = callgrind::version()
        .map_err(|error| format!("valgrind: {error} (Debian's package is valgrind)"))?;
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_err(|error| format!("rustc --version: {error}"))?;
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    let machine = std::env::consts::ARCH;
    Ok(format!("{}, {valgrind}, {machine}", rustc.trim()))
}

fn run_in_this_process(arguments: &[String]) -> Result<ExitCode, String> {
    let [runtime, name, times] = arguments else {
        return Err(format!("{RUN} needs a runtime, a name and a number"));
    };
    let times = times.parse().map_err(|error| format!("{times}: {error}"))?;
    // A thread that only sleeps adds nothing that the difference of two runs would not leave out.
    thread::spawn(|| {
        thread::sleep(HANGS_AFTER);
        eprintln!("not finished after {HANGS_AFTER:?}");
        std::process::exit(HUNG);
    });
    match runtime.as_str() {
        Mainspring::NAME => run_on::<Mainspring>(name, times),
        Tokio::NAME => run_on::<Tokio>(name, times),
        _ => Err(format!("no runtime is called {runtime}")),
    }
}

fn run_on<R: Runtime>(name: &str, times: u64) -> Result<ExitCode, String> {
    let run = find::<R>(name)?.run(times);
    run.map_err(|error| format!("no runtime: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

fn find<R: Runtime>(name: &str) -> Result<Work<R>, String> {
    let mut works = instructions::all::<R>().into_iter();
    works
        .find(|work| work.name == name)
        .ok_or_else(|| format!("no work is called {name}"))
}
