//! Timers, and who moves the clock of a model.
//!
//! In a model the clock of each runtime stands still. It moves to the next timer by itself when every
//! worker sleeps, no blocking job runs, and nobody who is in `block_on` has anything to do: so a
//! `sleep` ends at once, and always last. What may also happen, that a timer fires while others are at
//! work, is what [`fire_next`] is for: call it in a thread of the model, and loom tries it at each
//! moment.
//!
//! In a normal build time passes.

#[doc(inline)]
pub use crate::time::*;

use crate::runtime::Handle;

/// In a model: moves the clock of this runtime to its next timer and wakes what is due then. False if
/// there is no timer. In a normal build, false: time passes by itself.
///
/// # Examples
///
/// A time-out that races with an answer; under loom, each comes first in some execution.
///
/// ```
/// use mainspring::loom::time::{Duration, fire_next, timeout};
/// use mainspring::loom::{model_with_preemptions, thread};
/// use mainspring::runtime::Builder;
///
/// model_with_preemptions(1, || {
///     let runtime = Builder::new_current_thread().build().unwrap();
///     let handle = runtime.handle().clone();
///     let clock = thread::spawn(move || fire_next(&handle));
///     runtime.block_on(async {
///         let answer = mainspring::spawn(async { 42 });
///         if let Ok(answer) = timeout(Duration::from_secs(60), answer).await {
///             assert_eq!(answer.unwrap(), 42);
///         }
///     });
///     clock.join().unwrap();
/// });
/// ```
pub fn fire_next(runtime: &Handle) -> bool {
    crate::loom::is_loom() && runtime.advance_to_next()
}
