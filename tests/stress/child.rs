//! Faults that hit a whole process are injected into one of its own.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Set in the child.
const CHILD: &str = "MAINSPRING_STRESS_CHILD";

/// How long a child may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `body` in a child process that runs the test `name` of this program and nothing else,
/// under limits that `limits` sets (commands of the shell, such as `ulimit -n 64`).
pub(crate) fn under(limits: &str, name: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new("sh")
        .args(["-c", &format!("{limits} && exec \"$@\""), "sh"])
        .arg(program)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        // The loader needs descriptors and memory of its own for what is to be preloaded.
        .env_remove("LD_PRELOAD")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut stdout = child.stdout.take().expect("it is piped");
    let mut stderr = child.stderr.take().expect("it is piped");
    // Both are read while it runs, so that a full pipe does not stop it.
    let errors = thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    let output = thread::spawn(move || {
        let mut text = String::new();
        let _ = stdout.read_to_string(&mut text);
        text
    });
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break Some(status);
        }
        if begun.elapsed() > PATIENCE {
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
            break None;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let errors = errors.join().expect("it only reads");
    let output = output.join().expect("it only reads");
    let succeeded = status.is_some_and(|status| status.success());
    assert!(
        succeeded,
        "{name} under {limits:?}: {status:?}\n{output}\n{errors}"
    );
    let ran = output.contains("1 passed");
    assert!(ran, "{name}: the child ran something else: {output}");
}
