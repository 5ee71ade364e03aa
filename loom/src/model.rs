//! The runner of a model.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use loom::model::Builder;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::util::SubscriberInitExt;

use crate::locks::keep_limits;
use crate::threads::refuse_threads;

/// Preemptions that loom tries in one execution, unless `LOOM_MAX_PREEMPTIONS` says otherwise.
const PREEMPTIONS: usize = 2;

/// Steps of one execution after which loom takes it for a livelock, unless `LOOM_MAX_BRANCHES` asks
/// for more.
const BRANCHES: usize = 20_000;

/// Says which of loom's steps are to be written: `trace` for all.
const LOG: &str = "LOOM_LOG";

/// Runs `body` in every interleaving that the bound on preemptions allows, and prints how many those
/// were. A violation is a panic: a failed assertion of `body`, an access that races, a deadlock, a
/// leak of what loom watches.
///
/// # Panics
///
/// If the model is violated; if `LOOM_MAX_PERMUTATIONS` or `LOOM_MAX_DURATION` is set, with which loom
/// would stop early and say that all is well.
pub fn model(body: impl Fn() + Sync + Send + 'static) {
    model_with_preemptions(PREEMPTIONS, body);
}

/// As [`model`], with another bound on the preemptions of one execution: a whole runtime takes so many
/// steps that only few can be tried. `LOOM_MAX_PREEMPTIONS` raises it by as much as it raises the bound
/// of [`model`].
///
/// # Panics
///
/// As [`model`].
pub fn model_with_preemptions(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    assert!(
        builder.max_permutations.is_none() && builder.max_duration.is_none(),
        "a model that is cut short passes without a proof: unset LOOM_MAX_PERMUTATIONS and \
         LOOM_MAX_DURATION, and bound LOOM_MAX_PREEMPTIONS instead"
    );
    builder.preemption_bound = Some(bound(preemptions, builder.preemption_bound));
    builder.max_branches = builder.max_branches.max(BRANCHES);
    // `loom::model` would do this, but leaves no say in the bounds.
    let _log = env::var_os(LOG).map(|_| {
        let steps = Subscriber::builder()
            .with_env_filter(EnvFilter::from_env(LOG))
            .with_test_writer()
            .without_time();
        steps.finish().set_default()
    });
    let executions = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&executions);
    let begun = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        keep_limits();
        refuse_threads(false);
        body();
    });
    println!(
        "loom: {} executions in {:.1} s",
        executions.load(Ordering::Relaxed),
        begun.elapsed().as_secs_f64()
    );
}

/// The bound of a model that wants `preemptions`, where the environment wants `asked` of every model.
fn bound(preemptions: usize, asked: Option<usize>) -> usize {
    let asked = asked.unwrap_or(PREEMPTIONS);
    match asked.checked_sub(PREEMPTIONS) {
        Some(more) => preemptions + more,
        None => preemptions.min(asked),
    }
}

/// Runs `body` in one order only: for what is not the subject of a model, such as the building of a
/// runtime. Other threads of the model may run meanwhile; they, too, are not interleaved anew. Calls
/// must not be nested.
pub fn unexplored<R>(body: impl FnOnce() -> R) -> R {
    loom::stop_exploring();
    let result = body();
    loom::explore();
    result
}

/// Whether the models are to go further than each change needs: more tasks, more threads.
/// `cargo loom-deep` sets `MAINSPRING_LOOM_DEEP`.
pub fn is_deep() -> bool {
    env::var_os("MAINSPRING_LOOM_DEEP").is_some()
}
