//! A bound on time, on a noisy machine.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use crate::bounded::bounded;

/// How often a measurement is repeated until it is within its bound.
const ATTEMPTS: usize = 6;

/// Only one measurement at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Measures until the result is within the bound. Fails, with all results, if it never is.
#[track_caller]
pub(crate) fn within<T: Debug + Send + 'static>(
    measure: impl Fn() -> T + Clone + Send + 'static,
    is_within: impl Fn(&T) -> bool,
) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut results = Vec::new();
    for _ in 0..ATTEMPTS {
        let result = bounded("a measurement", measure.clone());
        if is_within(&result) {
            eprintln!("measured: {result:?}, after {results:?}");
            return;
        }
        results.push(result);
    }
    panic!("out of bounds each time: {results:?}");
}
