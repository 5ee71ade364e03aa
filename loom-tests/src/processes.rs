//! A model in a process of its own.

use std::env;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainspring_loom::mutant::VARIABLE;

/// How a run of one model ended.
pub(crate) struct Run {
    pub(crate) end: End,
    /// What it wrote to both of its outputs.
    pub(crate) output: String,
    pub(crate) seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    Failed,
    /// It was ended, being too slow.
    Overdue,
}

impl Run {
    /// How many executions loom tried, by the line that `mainspring_loom::model` prints.
    pub(crate) fn executions(&self) -> u64 {
        let counts = self.output.lines().filter_map(|line| {
            let count = line.split_once("loom: ")?.1.split_once(" executions")?.0;
            count.parse::<u64>().ok()
        });
        counts.sum()
    }

    /// The first words of the panic that ended it.
    pub(crate) fn complaint(&self) -> &str {
        let mut lines = self.output.lines();
        let panicked = lines.any(|line| line.contains("panicked at"));
        let first = lines.find(|line| !line.trim().is_empty());
        first.filter(|_| panicked).unwrap_or("ended by a signal")
    }
}

/// The models in this program.
pub(crate) fn models() -> io::Result<Vec<String>> {
    let listed = Command::new(env::current_exe()?)
        .args(["--list", "--format", "terse"])
        .output()?;
    let names = String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter(|name| !name.starts_with("mutants::"))
        .map(str::to_owned)
        .collect();
    Ok(names)
}

/// Runs one model, as it is or as a mutant.
pub(crate) fn run(model: &str, mutant: Option<&str>, limit: Duration) -> io::Result<Run> {
    let begun = Instant::now();
    let mut command = Command::new(env::current_exe()?);
    command
        .args(["--exact", model, "--nocapture", "--test-threads", "1"])
        .env_remove(VARIABLE)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(mutant) = mutant {
        command.env(VARIABLE, mutant);
    }
    let mut child = command.spawn()?;
    let readers = [reader(child.stdout.take()), reader(child.stderr.take())];
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break if status.success() {
                End::Passed
            } else {
                End::Failed
            };
        }
        if begun.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break End::Overdue;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let output = readers
        .map(|reader| reader.join().unwrap_or_default())
        .concat();
    Ok(Run {
        end,
        output,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Reads a pipe to its end, so that the child never waits for room in it.
fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            // What could not be read is missing in a message, no more.
            let _ = pipe.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}
