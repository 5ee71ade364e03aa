//! A runtime in a thread-local of the main thread ends with the process. It takes a main function of
//! its own: the tests of the usual harness run on other threads.

use std::cell::RefCell;
use std::env;
use std::future::pending;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::yield_now;
use mainspring::time::sleep;

/// Says in the child which runtime it is to keep to its end.
const FLAVOUR: &str = "MAINSPRING_KEPT_TO_THE_END";

/// No child takes a tenth of this, even on a machine that does other things at the same time.
const LIMIT: Duration = Duration::from_secs(30);

/// What a child's last words are.
const ENDED: &str = "the runtime has ended";

thread_local! {
    /// What is dropped when the thread ends, in this order.
    static KEPT: RefCell<Option<(Runtime, Last)>> = const { RefCell::new(None) };
}

/// Says so when it is dropped.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        eprintln!("{ENDED}");
    }
}

fn main() {
    if let Ok(flavour) = env::var(FLAVOUR) {
        return keep(&flavour);
    }
    for flavour in ["current", "multi", "shut down"] {
        let child = Command::new(env::current_exe().expect("it has a path"))
            .env(FLAVOUR, flavour)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (status, said) = end_of(child);
        assert!(status.success(), "{flavour}: {status:?}: {said}");
        assert_eq!(said.trim_end(), ENDED, "{flavour}");
        println!("test exit {flavour:?} ... ok");
    }
}

/// Waits for a child, not for ever.
fn end_of(mut child: Child) -> (ExitStatus, String) {
    let started = Instant::now();
    while child.try_wait().expect("it is a child").is_none() {
        if started.elapsed() > LIMIT {
            child.kill().expect("it is a child");
            panic!("the process has not ended within {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it has ended");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status, said)
}

/// Leaves a busy runtime to the end of the main thread.
fn keep(flavour: &str) {
    let mut builder = match flavour {
        "current" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().expect("threads");
    runtime.spawn(pending::<()>());
    runtime.spawn(async { sleep(Duration::from_secs(3600)).await });
    runtime.spawn(async {
        loop {
            yield_now().await;
        }
    });
    runtime.block_on(async { sleep(Duration::from_millis(2)).await });
    if flavour == "shut down" {
        let report = runtime.block_on(runtime.handle().shutdown(Duration::from_millis(1)));
        // The one that yields is stuck if the system stops its thread meanwhile.
        assert_eq!(report.aborted + report.stuck.len(), 3, "{report}");
    }
    KEPT.with(|kept| *kept.borrow_mut() = Some((runtime, Last)));
}
