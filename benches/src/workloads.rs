//! The workloads: each is one function, generic over the runtime.
//!
//! Most are [iterated](Iterated): they do a number of iterations and say how long they took,
//! without what they had to set up before. One iteration is a fixed number of units: tasks, yields,
//! hops, round trips. The tables give the time of a unit, and where a unit is a round trip that
//! somebody waits for, also the percentiles of their times. The others are not a rate, and measure
//! themselves: memory, lateness, what an idle runtime costs.

mod blocked;
mod echo;
mod firing;
mod iterated;
mod lifetime;
mod memory;
mod offload;
mod parallel;
mod patterns;
mod ping_pong;
mod sleep;
mod spawn;
mod tcp;
mod timer;
mod udp;
mod wake;
mod yield_now;

pub use iterated::{Amount, Iterated, Taken};

use std::fmt;
use std::future::Future;
use std::io;

use crate::Runtime;
use crate::measure::Effort;
use crate::metric::Metric;
use iterated::Flavour;

/// The worker threads of the runtime under test, where it has any: as many as the smallest machine
/// that we compare on has cores.
const WORKERS: usize = 2;

/// What a task that panicked is reported as.
const TASK_FAILED: &str = "a task of the workload failed";

/// What a refused or broken connection is reported as.
const SOCKET_FAILED: &str = "a socket of the loopback interface failed";

/// One workload on the runtime `R`.
#[derive(Debug)]
pub struct Workload<R> {
    /// `group/what`, unique.
    pub name: &'static str,
    /// What it does.
    pub work: Work<R>,
}

/// The two kinds of workload.
pub enum Work<R> {
    /// Iterations on a runtime that is already warm.
    Iterated(Iterated<R>),
    /// Starts a runtime and measures it by itself.
    Whole(fn(Effort) -> io::Result<Vec<Metric>>),
}

/// All workloads, in the order of the tables.
pub fn all<R: Runtime>() -> Vec<Workload<R>> {
    let mut workloads = Vec::new();
    workloads.extend(spawn::all());
    workloads.extend(yield_now::all());
    workloads.extend(ping_pong::all());
    workloads.extend(patterns::all());
    workloads.extend(parallel::all());
    workloads.extend(wake::all());
    workloads.extend(timer::all());
    workloads.extend(sleep::all());
    workloads.extend(firing::all());
    workloads.extend(echo::all());
    workloads.extend(tcp::all());
    workloads.extend(udp::all());
    workloads.extend(offload::all());
    workloads.extend(memory::all());
    workloads.extend(lifetime::all());
    workloads.extend(blocked::all());
    workloads
}

impl<R: Runtime> Workload<R> {
    /// Measures on a fresh runtime.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread, a socket, or to say what is to be measured.
    ///
    /// # Panics
    ///
    /// If the runtime loses a task or a wake-up that the workload needs.
    pub fn measure(&self, effort: Effort) -> io::Result<Vec<Metric>> {
        match &self.work {
            Work::Iterated(iterated) => iterated.measure(effort),
            Work::Whole(measure) => measure(effort),
        }
    }

    fn multi_thread<T: Into<Taken>>(
        name: &'static str,
        units: u64,
        run: impl Fn(&R, u64) -> T + Send + 'static,
    ) -> Self {
        let iterated = Iterated::new(Flavour::MultiThread, Amount::Units(units), run);
        Self {
            name,
            work: Work::Iterated(iterated),
        }
    }

    fn current_thread<T: Into<Taken>>(
        name: &'static str,
        units: u64,
        run: impl Fn(&R, u64) -> T + Send + 'static,
    ) -> Self {
        let iterated = Iterated::new(Flavour::CurrentThread, Amount::Units(units), run);
        Self {
            name,
            work: Work::Iterated(iterated),
        }
    }

    fn whole(name: &'static str, measure: fn(Effort) -> io::Result<Vec<Metric>>) -> Self {
        Self {
            name,
            work: Work::Whole(measure),
        }
    }
}

impl<R> fmt::Debug for Work<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iterated(iterated) => iterated.fmt(f),
            Self::Whole(_) => f.write_str("Whole"),
        }
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
