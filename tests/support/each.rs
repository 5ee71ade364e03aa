//! A behaviour must hold on every kind of runtime.

use std::future::Future;

use mainspring::runtime::Runtime;

use crate::bounded::bounded;
use crate::runtimes::{current_thread, multi_thread};

/// Calls `body` with a runtime of each kind, one after the other.
pub(crate) fn on_each_runtime(body: impl Fn(Runtime) + Clone + Send + 'static) {
    let again = body.clone();
    bounded("current thread", move || again(current_thread()));
    for workers in [1, 2] {
        let again = body.clone();
        bounded(&format!("{workers} workers"), move || {
            again(multi_thread(workers))
        });
    }
}

/// Runs a future in `block_on` of a runtime of each kind.
pub(crate) fn in_each_runtime<F: Future<Output = ()>>(
    body: impl Fn() -> F + Clone + Send + 'static,
) {
    on_each_runtime(move |runtime| runtime.block_on(body()));
}
