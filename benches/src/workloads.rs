//! The workloads: each is one function, generic over the runtime.
//!
//! A workload does a number of iterations and returns how long they took, without what it had to
//! set up before. One iteration is a fixed number of units: tasks, yields, hops, round trips. The
//! tables give the time of a unit.

mod echo;
mod offload;
mod patterns;
mod ping_pong;
mod spawn;
mod timer;
mod wake;
mod yield_now;

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use crate::Runtime;

/// The worker threads of the runtime under test, where it has any: as many as the smallest machine
/// that we compare on has cores.
const WORKERS: usize = 2;

/// What a task that panicked is reported as.
const TASK_FAILED: &str = "a task of the workload failed";

/// What a refused or broken connection is reported as.
const SOCKET_FAILED: &str = "a socket of the loopback interface failed";

/// One workload on the runtime `R`.
pub struct Workload<R> {
    /// `group/what`, unique.
    pub name: &'static str,
    /// How many units one iteration is.
    pub units: u64,
    /// The flavour of the runtime to run on.
    flavour: Flavour,
    /// Does so many iterations and says how long they took.
    run: fn(&R, u64) -> Duration,
}

/// The kind of runtime that a workload runs on.
#[derive(Debug, Clone, Copy)]
enum Flavour {
    /// [`WORKERS`] threads.
    MultiThread,
    /// The thread in `block_on`.
    CurrentThread,
}

/// All workloads, in the order of the tables.
pub fn all<R: Runtime>() -> Vec<Workload<R>> {
    let mut workloads = Vec::new();
    workloads.extend(spawn::all());
    workloads.extend(yield_now::all());
    workloads.extend(ping_pong::all());
    workloads.extend(patterns::all());
    workloads.extend(wake::all());
    workloads.extend(timer::all());
    workloads.extend(echo::all());
    workloads.extend(offload::all());
    workloads
}

impl<R: Runtime> Workload<R> {
    /// The first part of the name.
    pub fn group(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }

    /// Starts the runtime that the workload wants.
    ///
    /// # Errors
    ///
    /// If the system refuses threads or descriptors.
    pub fn start_runtime(&self) -> io::Result<R> {
        match self.flavour {
            Flavour::MultiThread => R::multi_thread(WORKERS),
            Flavour::CurrentThread => R::current_thread(),
        }
    }

    /// Does `iterations` iterations on `runtime` and returns how long they took.
    ///
    /// # Panics
    ///
    /// If `iterations` is 0. If the runtime loses a task, or the system refuses a thread or a
    /// socket.
    pub fn run(&self, runtime: &R, iterations: u64) -> Duration {
        assert!(
            iterations > 0,
            "`Workload::run` was asked for no iterations of {}",
            self.name
        );
        (self.run)(runtime, iterations)
    }

    const fn multi_thread(name: &'static str, units: u64, run: fn(&R, u64) -> Duration) -> Self {
        Self {
            name,
            units,
            flavour: Flavour::MultiThread,
            run,
        }
    }

    const fn current_thread(name: &'static str, units: u64, run: fn(&R, u64) -> Duration) -> Self {
        Self {
            name,
            units,
            flavour: Flavour::CurrentThread,
            run,
        }
    }
}

impl<R> fmt::Debug for Workload<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload")
            .field("name", &self.name)
            .field("units", &self.units)
            .field("flavour", &self.flavour)
            .finish_non_exhaustive()
    }
}

/// Runs `future` as a spawned task, where most of a program's code runs.
fn in_task<R, F>(runtime: &R, future: F) -> F::Output
where
    R: Runtime,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    runtime.block_on(async { R::spawn(future).await.expect(TASK_FAILED) })
}
