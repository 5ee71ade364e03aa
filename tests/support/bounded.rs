//! A limit for how long a test may take: a hang is a failure that says where, not a stuck run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// No test takes a tenth of this, even on a machine that does other things at the same time.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Runs `body` on a thread of its own and gives its result, or its panic. Panics if it takes longer
/// than [`LIMIT`]; the thread is then left where it hangs.
pub(crate) fn bounded<R: Send + 'static>(
    what: &str,
    body: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (sender, receiver) = mpsc::channel();
    let named = thread::Builder::new().name(what.to_owned());
    let started = named.spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(body));
        // Nobody listens if the limit has passed.
        drop(sender.send(outcome));
    });
    started.expect("the system has threads");
    match receiver.recv_timeout(LIMIT) {
        Ok(Ok(result)) => result,
        Ok(Err(payload)) => resume_unwind(payload),
        Err(_) => panic!("{what}: it has not ended within {LIMIT:?}"),
    }
}
