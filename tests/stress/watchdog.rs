//! Ends the process, and says where it stood, when nothing goes on any more.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{ledger, process, report};

/// How long nothing may go on. Nothing in these tests waits for a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Watches until it is dropped.
pub(crate) struct Watchdog {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    pub(crate) fn start(what: &'static str) -> Self {
        let (stop, stopped) = mpsc::channel();
        let watching = move || {
            let (mut steps, mut since) = (report::steps(), Instant::now());
            let pause = Duration::from_millis(200);
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let now = report::steps();
                if now != steps {
                    (steps, since) = (now, Instant::now());
                } else if since.elapsed() > PATIENCE {
                    give_up(what);
                }
            }
        };
        let named = thread::Builder::new().name("watchdog".to_owned());
        Self {
            stop: Some(stop),
            thread: Some(named.spawn(watching).expect("the system has threads")),
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to panic about.
            let _ = thread.join();
        }
    }
}

fn give_up(what: &str) -> ! {
    let seed = report::seed();
    report::say(&format!(
        "{what}, seed {seed}: no progress for {PATIENCE:?}"
    ));
    let open = ledger::open_entries();
    report::say(&format!("open tickets:\n  {}", open.join("\n  ")));
    report::say(&format!(
        "threads:\n  {}",
        process::all_threads().join("\n  ")
    ));
    std::process::abort();
}
