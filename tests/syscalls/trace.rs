//! Running a part of this program under `strace`, and reading what it saw.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write, stderr};
use std::path::PathBuf;
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Runtime};

use crate::bounded::LIMIT;

/// Says in the environment of the observed program which runtime it is to use.
const FLAVOUR: &str = "MAINSPRING_TRACED";

/// Marks the beginning and the end of the part that counts.
const BEGIN: &str = "traced part begins";
const END: &str = "traced part ends";

/// The runtimes that are observed.
pub(crate) const FLAVOURS: [&str; 2] = ["current-thread", "two-workers"];

/// The same, of which a worker that has nothing to do looks for events for [`BUSY_FOR`].
pub(crate) const BUSY_FLAVOURS: [&str; 2] = ["current-thread, busy", "two-workers, busy"];

/// Long enough for many calls, though each takes tens of microseconds under `strace`.
const BUSY_FOR: Duration = Duration::from_millis(40);

/// The observed program, and where its trace goes.
pub(crate) struct Traced {
    child: Child,
    /// What it says to the test, by lines.
    output: BufReader<ChildStdout>,
    file: PathBuf,
}

/// How often each call was made, and the lines of the trace.
#[derive(Debug)]
pub(crate) struct Trace {
    counts: BTreeMap<String, usize>,
    /// The thread that made the marks, as the trace names it.
    marker: String,
    pub(crate) lines: Vec<String>,
}

/// The runtime that this process is to use as the observed one; None in the process of the tests.
pub(crate) fn flavour() -> Option<Runtime> {
    build(|_| {})
}

/// The same without a monitor, which makes calls of its own when a poll takes long.
pub(crate) fn flavour_without_monitor() -> Option<Runtime> {
    build(|builder| {
        builder.disable_monitor();
    })
}

fn build(set_up: impl FnOnce(&mut Builder)) -> Option<Runtime> {
    let flavour = env::var(FLAVOUR).ok()?;
    let (kind, busy) = flavour.split_once(", ").unwrap_or((&flavour, ""));
    let (mut builder, workers) = match kind {
        "current-thread" => (Builder::new_current_thread(), 1),
        "two-workers" => (Builder::new_multi_thread(), 2),
        other => panic!("there is no flavour {other:?}"),
    };
    if busy == "busy" {
        builder.busy_poll(BUSY_FOR);
    }
    set_up(builder.worker_threads(workers).enable_all());
    Some(builder.build().expect("the system has threads"))
}

/// In the observed process: from here on calls count.
pub(crate) fn begin() {
    mark(BEGIN);
}

/// In the observed process: calls count no more.
pub(crate) fn end() {
    mark(END);
}

/// One write, which the trace shows whole.
fn mark(text: &str) {
    // Not `eprintln`, which goes to the test harness instead of the system.
    stderr()
        .write_all(text.as_bytes())
        .expect("standard error is open");
}

/// Set where tracing must work, as in `.ci/run`; then the tests fail without it. Empty is not set.
const REQUIRED: &str = "MAINSPRING_REQUIRE_STRACE";

/// Whether tracing works here. Says so if it does not, or fails where it must.
pub(crate) fn is_possible() -> bool {
    let tried = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let works = tried.as_ref().is_ok_and(process::ExitStatus::success);
    if !works {
        let is_required = env::var_os(REQUIRED).is_some_and(|value| !value.is_empty());
        assert!(
            !is_required,
            "strace does not work here ({tried:?}), and {REQUIRED} is set"
        );
        println!("skipped: strace does not work here ({tried:?})");
    }
    works
}

impl Traced {
    /// Starts the test `name` of this program under `strace`.
    pub(crate) fn start(name: &str, flavour: &str) -> Self {
        let file = format!("mainspring-{}-{name}-{flavour}.strace", process::id());
        let file = env::temp_dir().join(file.replace(':', "_"));
        let mut child = Command::new("strace")
            .args([
                "-f",
                "-qq",
                "--seccomp-bpf",
                "-e",
                "trace=all",
                "-e",
                "signal=none",
                "-o",
            ])
            .arg(&file)
            .arg(env::current_exe().expect("this program has a path"))
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(FLAVOUR, flavour)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("strace starts, as it did before");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            output,
            file,
        }
    }

    /// What the observed program says after `key`, on a line of its own.
    pub(crate) fn answer(&mut self, key: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).expect("it writes text") > 0 {
            // The harness may have begun the line.
            if let Some((_, answer)) = line.split_once(key) {
                return answer.trim().to_owned();
            }
            line.clear();
        }
        panic!("the observed program has ended without saying {key:?}");
    }

    /// Waits for the end of the observed program and reads the part of the trace that counts.
    pub(crate) fn finish(mut self) -> Trace {
        let until = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            assert!(Instant::now() < until, "the observed program does not end");
            thread::sleep(Duration::from_millis(5));
        };
        assert!(
            status.success(),
            "the observed program has failed: {status}"
        );
        let text = fs::read_to_string(&self.file).expect("strace has written it");
        Trace::parse(&text)
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Only if the test has failed is there anything left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
    }
}

impl Trace {
    fn parse(text: &str) -> Self {
        let is_mark = |line: &str, mark: &str| line.contains("write(2,") && line.contains(mark);
        let begin = text.lines().find(|line| is_mark(line, BEGIN));
        let marker = begin.and_then(|line| line.split(' ').next());
        let after = text
            .lines()
            .skip_while(|line| !is_mark(line, BEGIN))
            .skip(1);
        let lines: Vec<_> = after.take_while(|line| !is_mark(line, END)).collect();
        let ended = text.lines().any(|line| is_mark(line, END));
        assert!(
            ended,
            "the trace has no end mark; it ends in {:?}",
            text.lines().last()
        );
        let mut counts = BTreeMap::new();
        for line in &lines {
            if let Some(name) = call_name(line) {
                *counts.entry(name.to_owned()).or_insert(0) += 1;
            }
        }
        Self {
            counts,
            marker: marker.unwrap_or_default().to_owned(),
            lines: lines.into_iter().map(str::to_owned).collect(),
        }
    }

    /// How many calls of these names were begun.
    pub(crate) fn count(&self, names: &[&str]) -> usize {
        names
            .iter()
            .map(|name| self.counts.get(*name).copied().unwrap_or(0))
            .sum()
    }

    /// How many calls the thread that made the marks has begun between them.
    pub(crate) fn total_of_marker(&self) -> usize {
        assert!(!self.marker.is_empty(), "the trace has no begin mark");
        let own = self.lines.iter().filter(|line| {
            line.split(' ').next() == Some(&self.marker) && call_name(line).is_some()
        });
        own.count()
    }

    /// How many calls were begun.
    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// How often each call was made.
    pub(crate) fn summary(&self) -> &BTreeMap<String, usize> {
        &self.counts
    }
}

/// The name of the call that a line shows the beginning of. None for other lines: the second half
/// of a call that another thread's line had interrupted, and the ends of threads.
fn call_name(line: &str) -> Option<&str> {
    let (pid, call) = line.split_once(' ')?;
    pid.parse::<u32>().ok()?;
    let (name, _) = call.trim_start().split_once('(')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some(name)
}

#[test]
fn a_trace_is_read_between_its_marks() {
    let text = "\
        7 write(2, \"traced part begins\", 18 <unfinished ...>\n\
        8 epoll_pwait2(3,  <unfinished ...>\n\
        7 <... write resumed>) = 18\n\
        7 recvfrom(5, \"a\", 4096, 0, NULL, NULL) = 1\n\
        8 <... epoll_pwait2 resumed>[], 1024, NULL, NULL, 8) = 0\n\
        8 +++ exited with 0 +++\n\
        7 sendto(5, \"a\", 1, MSG_NOSIGNAL, NULL, 0) = 1\n\
        7 write(2, \"traced part ends\", 16) = 16\n\
        7 close(5) = 0\n";
    let trace = Trace::parse(text);
    assert_eq!(trace.count(&["epoll_pwait2", "recvfrom"]), 2);
    assert_eq!(trace.count(&["close", "write"]), 0);
    assert_eq!((trace.total(), trace.lines.len()), (3, 6));
}
