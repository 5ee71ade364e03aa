//! A test in a process of its own, which is this program once more, with the name of the test.

use std::env;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Says to this program that it is the process of its own.
const MARK: &str = "MAINSPRING_TEST_IS_ALONE";

/// A process of its own.
pub(crate) struct Alone {
    /// What it is called.
    name: &'static str,
    /// The process.
    child: Child,
}

/// Calls `body` in a process of its own, as the test called `name`, and fails if that fails.
#[track_caller]
pub(crate) fn alone(name: &'static str, body: impl FnOnce()) {
    match Alone::start(name) {
        Some(alone) => drop(alone.finish()),
        None => body(),
    }
}

impl Alone {
    /// Starts the test called `name` in a process of its own. `None` in that process.
    pub(crate) fn start(name: &'static str) -> Option<Self> {
        if env::var_os(MARK).is_some() {
            return None;
        }
        let program = env::current_exe().expect("this program has a file");
        let child = Command::new(program)
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(MARK, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the system has processes");
        Some(Self { name, child })
    }

    /// Its standard input and output. What it writes is not checked then.
    pub(crate) fn pipes(&mut self) -> (ChildStdin, ChildStdout) {
        let stdin = self.child.stdin.take().expect("they are asked for once");
        let stdout = self.child.stdout.take().expect("they are asked for once");
        (stdin, stdout)
    }

    /// Waits for its end, and gives what it wrote to standard error. Fails if the test there has.
    #[track_caller]
    pub(crate) fn finish(self) -> String {
        let Self { name, child } = self;
        let owns_output = child.stdout.is_some();
        let output = child.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {text}\n{errors}");
        let is_there = !owns_output || text.contains("1 passed");
        assert!(is_there, "there is no test {name}: {text}");
        errors
    }
}

/// Lets this process have as many descriptors as that.
pub(crate) fn limit_descriptors(count: u64) {
    let limit = libc::rlimit {
        rlim_cur: count,
        rlim_max: count,
    };
    // SAFETY: the pointer is to a local variable.
    let outcome = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(outcome, 0, "{}", std::io::Error::last_os_error());
}

/// A number from this process's status.
pub(crate) fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is there");
    let line = status.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_whitespace().nth(1));
    value
        .and_then(|value| value.parse().ok())
        .expect("a field with a number")
}

/// The time on a processor that this process has used.
pub(crate) fn processor_time() -> Duration {
    let mut used = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a local variable.
    let outcome = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut used) };
    assert_eq!(outcome, 0);
    let seconds = u64::try_from(used.tv_sec).expect("no time is negative");
    let nanoseconds = u32::try_from(used.tv_nsec).expect("less than a second");
    Duration::new(seconds, nanoseconds)
}
