//! What the process has: threads of the runtimes, and descriptors.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, PanicAction};

use crate::bombs::is_intended;
use crate::report;

/// The beginning of the names of all threads that the runtimes of these tests start.
pub(crate) const THREADS: &str = "ms-stress";

/// The beginning of the names that runtimes give when nobody says otherwise.
const UNNAMED: &str = "mainspring";

/// How long the system may take to let a thread's or a socket's remains go.
const PATIENCE: Duration = Duration::from_secs(10);

/// Threads and descriptors at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Belongings {
    /// The names of the runtimes' threads.
    threads: Vec<String>,
    /// What the descriptors point to.
    descriptors: BTreeMap<u32, String>,
}

/// Names a runtime's threads, and keeps it from printing the panics that are meant.
pub(crate) fn prepare(builder: &mut Builder) -> &mut Builder {
    builder.thread_name(THREADS).on_task_panic(|panic| {
        if !is_intended(panic.payload()) {
            report::failure(&format!("{}: {:?}", panic.meta(), panic.message()));
        }
        PanicAction::Ignore
    })
}

/// Keeps the other tests of this process waiting: they would be counted.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed leaves nothing here that could be wrong.
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Belongings {
    pub(crate) fn now() -> Self {
        Self {
            threads: threads(),
            descriptors: descriptors(),
        }
    }

    /// Waits until nothing is left but what was there at this moment. Otherwise says what is.
    pub(crate) fn wait_until_back(&self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let now = Self::now();
            let is_back = now.threads.len() <= self.threads.len()
                && now.descriptors.len() <= self.descriptors.len();
            if is_back {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("before: {self:?}\nleft behind: {now:?}"));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The names of the threads that belong to runtimes.
fn threads() -> Vec<String> {
    let all = fs::read_dir("/proc/self/task").expect("Linux has it");
    // A thread that ends meanwhile has no name any more.
    let names = all.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let names = names.map(|name| name.trim().to_owned());
    names
        .filter(|name| name.starts_with(THREADS) || name.starts_with(UNNAMED))
        .collect()
}

fn descriptors() -> BTreeMap<u32, String> {
    let all = fs::read_dir("/proc/self/fd").expect("Linux has it");
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let named = numbers.map(|number: u32| {
        let target = fs::read_link(format!("/proc/self/fd/{number}"));
        (
            number,
            target.map_or_else(|error| error.to_string(), |path| path.display().to_string()),
        )
    });
    named.collect()
}

/// Each thread's name and what it waits for, for a report of a hang.
pub(crate) fn all_threads() -> Vec<String> {
    let all = fs::read_dir("/proc/self/task").expect("Linux has it");
    let told = all.filter_map(|task| {
        let path = task.ok()?.path();
        let read = |file| fs::read_to_string(path.join(file)).unwrap_or_default();
        let status = read("status");
        let line = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key));
            line.unwrap_or_default().replace('\t', " ")
        };
        let name = read("comm");
        let call = read("syscall");
        let call = call.split(' ').next().unwrap_or_default();
        Some(format!(
            "{} {}, system call {}",
            name.trim(),
            line("State:"),
            call.trim()
        ))
    });
    told.collect()
}
