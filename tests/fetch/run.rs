//! Runs the built example as a child process, in a directory of its own.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::FromRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, ptr, thread};

/// A child that runs longer than this is killed and fails the test.
const LIMIT: Duration = Duration::from_secs(60);

/// A directory for a test's files, removed when the value is dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// A new, empty one.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Ordering: Relaxed; only the numbers have to differ, nothing is published by them.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            env::temp_dir().join(format!("mainspring-fetch-test-{}-{number}", process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of the files in it, hidden ones included, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the directory exists");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("the entry is readable").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Puts a file into it; where that is.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the directory is writable");
        path
    }

    /// The bytes of one file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs `fetch --out` this directory.
    pub(crate) fn fetch<I>(&self, arguments: I) -> Run
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = command();
        command.arg("--out").arg(&self.0).args(arguments);
        run(command, b"")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit status.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) output: String,
    /// Standard error.
    pub(crate) errors: String,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Run {
    /// Panics unless the program exited with `status` and printed all of `texts`.
    pub(crate) fn expect(&self, status: i32, texts: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for text in texts {
            assert!(
                self.output.contains(text),
                "{text:?} is missing in {self:#?}"
            );
        }
    }
}

/// The program, without arguments.
pub(crate) fn command() -> Command {
    let test = env::current_exe().expect("the test knows where it is");
    let name = format!("fetch{}", env::consts::EXE_SUFFIX);
    // target/PROFILE/deps/TEST, beside target/PROFILE/examples/fetch.
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("the test is in target/*/deps");
    let program = profile.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --example fetch` with the same profile first, or \
         `cargo test` without `--test`, which builds the examples",
        program.display()
    );
    Command::new(program)
}

/// Runs it to its end, with `input` on standard input.
pub(crate) fn run(mut command: Command, input: &[u8]) -> Run {
    command.stderr(Stdio::piped());
    run_with(command, input, |child| reader(child.stderr.take()))
}

/// Runs it to its end, with standard error on a terminal of 80 columns; `errors` is what is drawn
/// there.
#[cfg(unix)]
pub(crate) fn run_on_terminal(mut command: Command) -> Run {
    let (near, far) = terminal();
    command.stderr(far).env("TERM", "xterm");
    run_with(command, b"", |_| reader(Some(near)))
}

fn run_with(
    mut command: Command,
    input: &[u8],
    errors: impl FnOnce(&mut Child) -> thread::JoinHandle<String>,
) -> Run {
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may hold the far end of a terminal, which ends when nobody holds it.
    drop(command);
    let mut stdin = child.stdin.take().expect("it is piped");
    // A program that does not read its input may be gone already.
    drop(stdin.write_all(input));
    drop(stdin);
    let output = reader(child.stdout.take());
    let errors = errors(&mut child);
    let status = wait(&mut child);
    Run {
        status,
        output: output.join().expect("the reader does not panic"),
        errors: errors.join().expect("the reader does not panic"),
        elapsed: begin.elapsed(),
    }
}

/// The two ends of a new terminal: ours, and the one for a program.
#[cfg(unix)]
fn terminal() -> (File, File) {
    let (mut near, mut far) = (-1, -1);
    let mut size = libc::winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: there is room for the two descriptors, the size is one, and null stands for no name
    // and the usual settings.
    let result = unsafe {
        libc::openpty(
            &raw mut near,
            &raw mut far,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut size,
        )
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    [near, far]
        .map(|number| {
            // SAFETY: the descriptor is new, so nobody else owns it.
            unsafe { File::from_raw_fd(number) }
        })
        .into()
}

/// Reads a pipe or a terminal in a thread, so that the program never waits for us.
fn reader<R: Read + Send + 'static>(pipe: Option<R>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A terminal ends in an error.
        drop(pipe.expect("it is there").read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The exit status; the child is killed at the limit.
fn wait(child: &mut Child) -> Option<i32> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            return status.code();
        }
        if Instant::now() >= end {
            drop(child.kill());
            drop(child.wait());
            panic!("the program ran for more than {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}
