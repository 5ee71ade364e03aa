//! Foreign code that panics: where its panic stops, and how what it carried is got rid of.
//!
//! Hooks, destructors and foreign wakers run on threads that others need. Their panics have been
//! reported by the panic hook when they come here; the thread goes on.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use crate::sync::catch_unwind;

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// Calls foreign code. None if it panicked.
pub(crate) fn contain<R>(body: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(body))
        .map_err(drop_payload)
        .ok()
}

/// Drops what a panic carried, which is a value of the user's and may panic in its turn.
#[cold]
pub(crate) fn drop_payload(payload: Payload) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // It may be of the same making, and so on for ever: it is leaked.
        std::mem::forget(second);
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    /// Panics with another one of itself when it is dropped.
    struct Hydra;

    impl Drop for Hydra {
        fn drop(&mut self) {
            std::panic::panic_any(Self);
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_is_contained() {
        assert_eq!(contain(|| 3), Some(3));
        assert_eq!(contain(|| std::panic::panic_any(Hydra)), None::<()>);
    }
}
