//! Your own code under [loom](https://docs.rs/loom), on the runtime that ships.
//!
//! loom runs a test again and again, in every order in which its threads could have taken their steps
//! (as far as a bound on the preemptions allows), and with every value that a memory ordering lets an
//! atomic's load return. A lost wake-up is a deadlock, and found; so is a race, and a leak.
//!
//! Code that is to be tested so takes its locks, atomics and threads from this module in place of
//! `std`. In a normal build these *are* `std`'s, re-exported, and there is nothing else here: no
//! dependency, no indirection, no byte. With `--cfg mainspring_loom` they are loom's, and the whole of
//! Mainspring (tasks, workers, `block_on`, blocking jobs, timers, shutdown) runs on loom's threads,
//! too: the executor and the timers are the very code of a normal build. The same source compiles in
//! both.
//!
//! ```
//! use mainspring::loom::sync::Arc;
//! use mainspring::loom::sync::atomic::{AtomicUsize, Ordering};
//! use mainspring::loom::{model, run};
//!
//! // Under loom: for every interleaving of two workers. In a normal build: once.
//! model(|| {
//!     let sum = run(1, async {
//!         let count = Arc::new(AtomicUsize::new(0));
//!         let other = count.clone();
//!         let task = mainspring::spawn(async move { other.fetch_add(1, Ordering::Relaxed) });
//!         count.fetch_add(1, Ordering::Relaxed);
//!         task.await.unwrap();
//!         count.load(Ordering::Relaxed)
//!     });
//!     assert_eq!(sum, 2);
//! });
//! ```
//!
//! # What is different in a model
//!
//! * A runtime has two workers unless its builder says otherwise, one thread for blocking jobs, no
//!   monitor and no stand-by workers: loom allows five threads, the one that runs the model included.
//! * Time stands still. When every worker sleeps and no blocking job runs, the clock moves to the next
//!   timer; with [`time::fire_next`] a thread of the model moves it at any other moment.
//! * There are no sockets: registering one is an error. [`io::duplex`] is a pair of connected streams.
//! * The channels and locks of [`tokio::sync`](crate::sync), which this crate re-exports, are not
//!   loom's: they work, and loom explores no order of their steps.
//! * [`select!`](crate::select) without `biased;` looks at its branches in their order, too: a normal build
//!   begins at one that is drawn by lot, and a model must not.
//! * A panic is a failed test; nothing contains it, so no `JoinError` has one.
//!
//! `loom-tests/README.md` in the repository is the guide: the lines for your manifest, how to read a
//! failure, and what a pass means.

pub mod io;
#[cfg(all(feature = "macros", mainspring_loom))]
mod select;
#[cfg(feature = "time")]
pub mod time;

#[cfg(mainspring_loom)]
#[path = "loom/model.rs"]
mod names;
#[cfg(not(mainspring_loom))]
#[path = "loom/real.rs"]
mod names;

pub use names::{cell, hint, sync, thread};
pub(crate) use names::{mutant, runtime_begins, variant, waited};

#[cfg(all(feature = "macros", mainspring_loom))]
#[doc(hidden)]
pub use ::tokio as __tokio;

/// Spawning and joining tasks: [`crate::task`].
pub mod task {
    #[doc(inline)]
    pub use crate::task::*;
}

use std::future::Future;

use crate::runtime::{Builder, Runtime};

/// Whether this is a build under loom.
///
/// # Examples
///
/// ```
/// // A stress test goes round often; a model once, for loom repeats it.
/// let rounds = if mainspring::loom::is_loom() { 1 } else { 1000 };
/// ```
#[must_use]
pub const fn is_loom() -> bool {
    cfg!(mainspring_loom)
}

/// Runs `body` as a model: under loom in every interleaving that the bound on preemptions allows, which
/// is two unless the environment variable `LOOM_MAX_PREEMPTIONS` says otherwise; in a normal build once.
///
/// Under loom it prints how many executions there were, and everything in this module may be used
/// inside only. `body` must do the same each time but for what its threads do to one another: no
/// random numbers, no time of day, no order of a `HashMap`.
///
/// # Panics
///
/// If `body` does. Under loom also at a deadlock, a race of [`cell`] accesses, a leak of a
/// [`sync::Arc`]; and if `LOOM_MAX_PERMUTATIONS` or `LOOM_MAX_DURATION` is set, with which loom would
/// stop early and say that all is well.
pub fn model(body: impl Fn() + Sync + Send + 'static) {
    names::model(body);
}

/// As [`model`], with another bound on the preemptions of one execution. `LOOM_MAX_PREEMPTIONS` raises
/// it by as much as it raises the bound of [`model`].
///
/// A model of a whole runtime takes hundreds of steps. With a bound of one, each is tried as the place
/// of a preemption; with two, each pair of them, which takes some hundred times as long. Switches at
/// places where a thread waits are not counted.
///
/// # Panics
///
/// As [`model`].
pub fn model_with_preemptions(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    names::model_with_preemptions(preemptions, body);
}

/// Runs `body` in one order only, for what is not the subject of a model. In a normal build it calls
/// `body`. Calls must not be nested; [`run`] has two of its own.
///
/// # Panics
///
/// If `body` does. Under loom, if it is nested.
pub fn unexplored<R>(body: impl FnOnce() -> R) -> R {
    names::unexplored(body)
}

/// Runs `future` to its end on a new runtime with this many worker threads (0: the current-thread
/// flavour), and ends the runtime.
///
/// In a model the runtime is built and ended [unexplored]: what the workers do while
/// `future` runs is the subject. Tasks that are alive afterwards are dropped.
///
/// # Panics
///
/// If `future` does, or the system refuses a thread.
///
/// # Examples
///
/// ```
/// use mainspring::loom::{model, run};
///
/// model(|| {
///     let answer = run(2, async { mainspring::spawn(async { 42 }).await.unwrap() });
///     assert_eq!(answer, 42);
/// });
/// ```
#[track_caller]
pub fn run<F: Future>(workers: usize, future: F) -> F::Output {
    let runtime = unexplored(|| runtime(workers));
    let output = runtime.block_on(future);
    unexplored(|| drop(runtime));
    output
}

#[track_caller]
fn runtime(workers: usize) -> Runtime {
    let mut builder = if workers == 0 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    if workers > 0 {
        builder.worker_threads(workers);
    }
    match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("`loom::run`: the runtime could not be built: {error}"),
    }
}
