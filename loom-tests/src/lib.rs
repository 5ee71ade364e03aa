//! Models of Mainspring's protocols, run by `cargo loom`.
//!
//! Each model runs the executor's own code on loom's threads and atomics, in every order that a
//! bounded number of preemptions allows, and states its property in the sentence above it. In a
//! normal build there is nothing here.
//!
//! A pass means: no violation with at most four threads, the preemption bound below, and
//! C11 release/acquire semantics. It does not speak of crossbeam-deque or polling, which are taken
//! on trust.
#![cfg(mainspring_loom)]

/// Preemptions that loom tries in one execution, unless `LOOM_MAX_PREEMPTIONS` says otherwise.
const PREEMPTIONS: usize = 2;

/// Steps of one execution after which loom takes it for a livelock.
const BRANCHES: usize = 20_000;

/// Runs `body` in every interleaving.
pub fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.max_branches = builder.max_branches.max(BRANCHES);
    builder.check(body);
}
