//! Workloads that are a rate: so many iterations, and how long they took.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use super::WORKERS;
use crate::Runtime;
use crate::measure::Effort;
use crate::metric::{Metric, Sorted, Unit};
use crate::process::processor_time;

/// Work that can be repeated on one runtime.
pub struct Iterated<R> {
    /// What one iteration does.
    pub amount: Amount,
    /// The flavour of the runtime to run on.
    flavour: Flavour,
    /// Does so many iterations.
    run: Box<Run<R>>,
}

type Run<R> = dyn Fn(&R, u64) -> Taken + Send;

/// What one iteration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Tasks, yields, hops, round trips.
    Units(u64),
    /// Bytes that are carried.
    Bytes(u64),
}

/// How long some iterations took.
#[derive(Debug)]
pub struct Taken {
    /// All together.
    pub elapsed: Duration,
    /// Each unit by itself, where somebody waits for it. Otherwise empty.
    pub trips: Vec<Duration>,
}

/// The kind of runtime that a workload runs on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flavour {
    /// [`WORKERS`] threads.
    MultiThread,
    /// The thread in `block_on`.
    CurrentThread,
}

/// Times units that follow one another, with one look at the clock each.
#[derive(Debug)]
pub(super) struct Laps {
    begun: Instant,
    last: Instant,
    laps: Vec<Duration>,
}

impl Laps {
    /// Begins the first of so many units.
    pub(super) fn begin(units: u64) -> Self {
        let laps = Vec::with_capacity(units as usize);
        let begun = Instant::now();
        let last = begun;
        Self { begun, last, laps }
    }

    /// A unit has ended, and the next one begins.
    pub(super) fn lap(&mut self) {
        let now = Instant::now();
        self.laps.push(now - self.last);
        self.last = now;
    }
}

impl From<Laps> for Taken {
    fn from(laps: Laps) -> Self {
        Self {
            elapsed: laps.last - laps.begun,
            trips: laps.laps,
        }
    }
}

impl From<Duration> for Taken {
    fn from(elapsed: Duration) -> Self {
        let trips = Vec::new();
        Self { elapsed, trips }
    }
}

impl<R: Runtime> Iterated<R> {
    pub(super) fn new<T: Into<Taken>>(
        flavour: Flavour,
        amount: Amount,
        run: impl Fn(&R, u64) -> T + Send + 'static,
    ) -> Self {
        Self {
            amount,
            flavour,
            run: Box::new(move |runtime, iterations| run(runtime, iterations).into()),
        }
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
    pub fn run(&self, runtime: &R, iterations: u64) -> Taken {
        assert!(
            iterations > 0,
            "`Iterated::run` was asked for no iterations"
        );
        (self.run)(runtime, iterations)
    }

    /// Runs until it is warm, and then for about the budget.
    pub(super) fn measure(&self, effort: Effort) -> io::Result<Vec<Metric>> {
        let runtime = self.start_runtime()?;
        let iterations = self.warm_up(&runtime, effort.budget);
        let before = processor_time();
        let Taken { elapsed, trips } = self.run(&runtime, iterations);
        let processor = processor_time() - before;
        let mut metrics = Vec::new();
        let units = match self.amount {
            Amount::Units(units) => {
                let units = (units * iterations) as f64;
                metrics.push(Metric::time("time", elapsed.as_nanos() as f64 / units));
                units
            }
            Amount::Bytes(bytes) => {
                let bytes = (bytes * iterations) as f64;
                let rate = bytes / elapsed.as_secs_f64();
                metrics.push(Metric::new("throughput", Unit::Throughput, rate));
                bytes
            }
        };
        if !trips.is_empty() {
            let trips = Sorted::new(trips);
            metrics.extend([trips.percentile(50), trips.percentile(99)]);
        }
        // A runtime whose idle threads spin is faster on an idle machine, and slower on a busy one:
        // this shows it. It is also the steadier figure on a machine that does other things.
        metrics.push(Metric::time("cpu", processor.as_nanos() as f64 / units).aside());
        Ok(metrics)
    }

    /// Runs the workload until caches, threads and allocator are warm, and finds out how many
    /// iterations take `budget`.
    fn warm_up(&self, runtime: &R, budget: Duration) -> u64 {
        let enough = budget / 4;
        let mut iterations = 1;
        loop {
            let taken = self.run(runtime, iterations);
            let elapsed = taken.elapsed.max(Duration::from_nanos(1));
            let in_budget = iterations as f64 * budget.as_secs_f64() / elapsed.as_secs_f64();
            if elapsed >= enough {
                return (in_budget as u64).max(1);
            }
            // The first iterations are slow and say little: the count grows by at most eight times.
            iterations = ((in_budget / 3.0) as u64).clamp(iterations + 1, iterations * 8);
        }
    }
}

impl<R> fmt::Debug for Iterated<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iterated")
            .field("amount", &self.amount)
            .field("flavour", &self.flavour)
            .finish_non_exhaustive()
    }
}
