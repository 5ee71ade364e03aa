//! The command line: what may be said on it, and what it defaults to.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use mainspring::task;

/// Where the list of URLs continues on standard input.
const STANDARD_INPUT: &str = "-";

/// Downloads many files at once.
///
/// Without any URL it shows what it can do, on a server of its own.
#[derive(Debug, Parser)]
#[command(name = "fetch", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// What to download (http:// or https://); "-" reads more, one a line, from standard input.
    #[arg(value_name = "URL")]
    urls: Vec<String>,

    /// Downloads that run at once.
    #[arg(long, short, value_name = "N", default_value_t = 8, requires = "urls")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) jobs: u16,

    /// The longest silence of a server that is waited for, in seconds.
    #[arg(
        long,
        short,
        value_name = "SECONDS",
        default_value = "30",
        requires = "urls"
    )]
    #[arg(value_parser = seconds)]
    pub(crate) timeout: Duration,

    /// Further attempts after a failure that may pass.
    #[arg(long, short, value_name = "N", default_value_t = 3, requires = "urls")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) retries: u32,

    /// The directory for the files; it is made if it does not exist.
    #[arg(
        long,
        short,
        value_name = "DIR",
        default_value = ".",
        requires = "urls"
    )]
    pub(crate) out: PathBuf,

    /// Trust the authorities in this PEM file too, besides the public ones.
    #[arg(long, value_name = "FILE", requires = "urls")]
    pub(crate) cacert: Option<PathBuf>,
}

/// What `--help` ends with.
const AFTER_HELP: &str = "\
A file is named after the last part of its URL, and replaces an older one of that name; a second \
file of the same name in one run becomes name-2. It appears under its name only when it is complete.

Retried are failed connections, time-outs, downloads cut short, and the answers 408, 429 and 5xx, \
after a pause that doubles each time.

Exit status: 0 all arrived, 1 some did not, 2 the command line is wrong.";

/// What the command line asks for.
pub(crate) enum Command {
    /// No URL: show what the program does.
    Demo,
    /// Download.
    Fetch(Arguments),
}

impl Arguments {
    /// Reads the command line; ends the process with an explanation if it is wrong, or with the
    /// help if that is what it asks for.
    pub(crate) fn read() -> Command {
        let arguments = Self::parse();
        if arguments.urls.is_empty() {
            Command::Demo
        } else {
            Command::Fetch(arguments)
        }
    }

    /// The URLs in the order of the command line, those of standard input where its `-` stands.
    ///
    /// # Errors
    ///
    /// Standard input cannot be read.
    pub(crate) async fn all_urls(&self) -> io::Result<Vec<String>> {
        let mut all = Vec::new();
        for url in &self.urls {
            if url == STANDARD_INPUT {
                let list = task::spawn_blocking(read_input).await?.map_err(|error| {
                    io::Error::other(format!("standard input cannot be read: {error}"))
                })?;
                all.extend(listed(&list));
            } else {
                all.push(url.clone());
            }
        }
        Ok(all)
    }
}

fn read_input() -> io::Result<Vec<u8>> {
    let mut list = Vec::new();
    io::stdin().lock().read_to_end(&mut list)?;
    Ok(list)
}

/// The URLs of a list: one a line, without empty lines and those that begin with `#`.
///
/// A line that is not UTF-8 spoils itself only: what is wrong in it is replaced by a character that
/// no URL to download may have.
fn listed(list: &[u8]) -> impl Iterator<Item = String> {
    list.split(|byte| *byte == b'\n')
        .map(|line| String::from_utf8_lossy(line).trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Err(_) if number > 0.0 => Err("it is longer than any time that can be told".to_owned()),
        _ => Err("it must be more than 0".to_owned()),
    }
}
