//! What the user asks for.

use std::path::PathBuf;
use std::str::FromStr;

use mainspring_benches::measure::{CONTENDERS, Contender};

/// Rounds, unless the user says otherwise.
const ROUNDS: usize = 5;

/// What one measurement takes, unless the user says otherwise.
const MILLIS: u64 = 200;

const USAGE: &str = "compare [--only PART_OF_A_NAME]... [--rounds N] [--millis N] \
                     [--runtimes NAME,NAME] [--json FILE] [--write] [--list]";

/// The arguments of the program.
pub(crate) struct Options {
    /// Only workloads with one of these in their names; all if empty.
    only: Vec<String>,
    /// How often each workload runs on each runtime.
    pub(crate) rounds: usize,
    /// What one measurement takes.
    pub(crate) millis: u64,
    /// The runtimes, in the order of their turns.
    pub(crate) runtimes: Vec<Contender>,
    /// Where to write every single figure.
    pub(crate) json: Option<PathBuf>,
    /// Write the results also if they are not all.
    write: bool,
    /// Print the names and nothing else.
    pub(crate) list: bool,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            rounds: ROUNDS,
            millis: MILLIS,
            runtimes: CONTENDERS.to_vec(),
            json: None,
            write: false,
            list: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--only" => options.only.push(value(argument, arguments.next())?),
                "--rounds" => options.rounds = value(argument, arguments.next())?,
                "--millis" => options.millis = value(argument, arguments.next())?,
                "--runtimes" => {
                    let names: String = value(argument, arguments.next())?;
                    options.runtimes = runtimes(&names)?;
                }
                "--json" => options.json = Some(value(argument, arguments.next())?),
                "--write" => options.write = true,
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

    pub(crate) fn selects(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    /// A run that leaves something out must not replace the results of one that did not.
    pub(crate) fn writes_results(&self) -> bool {
        let is_whole = self.only.is_empty() && self.runtimes.len() == CONTENDERS.len();
        self.write || is_whole
    }
}

pub(crate) fn value<T: FromStr>(name: &str, value: Option<&String>) -> Result<T, String> {
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| format!("{name} needs a value\nusage: {USAGE}"))
}

/// The runtimes of a list, in the order of the tables, each once.
fn runtimes(names: &str) -> Result<Vec<Contender>, String> {
    let names: Vec<_> = names.split(',').collect();
    if let Some(unknown) = names.iter().find(|name| Contender::called(name).is_none()) {
        let known = CONTENDERS.map(|contender| contender.name).join(", ");
        return Err(format!("no runtime is called {unknown}; there are {known}"));
    }
    let mut chosen = CONTENDERS.to_vec();
    chosen.retain(|contender| names.contains(&contender.name));
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let arguments: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn a_run_of_a_part_writes_results_only_if_asked() {
        let writes = |line| parse(line).is_ok_and(|options| options.writes_results());
        assert!(writes("--rounds 3"));
        assert!(!writes("--only echo"));
        assert!(!writes("--runtimes mainspring,tokio"));
        assert!(writes("--only echo --write"));
    }

    #[test]
    fn runtimes_are_in_the_order_of_the_tables() {
        let options = parse("--runtimes smol,mainspring").expect("they are known");
        let names: Vec<_> = options
            .runtimes
            .iter()
            .map(|runtime| runtime.name)
            .collect();
        assert_eq!(names, ["mainspring", "smol"]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for line in [
            "--rounds",
            "--rounds x",
            "--rounds 0",
            "--what",
            "--runtimes go",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
