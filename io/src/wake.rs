//! Waking many tasks, none of which can keep the others from being woken.

#[cfg(not(mainspring_loom))]
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes all, and leaves the list empty. Call it without a lock: a waker is the user's code.
///
/// A waker that panics has been reported by the panic hook. It must not take the other tasks'
/// wake-ups with it, nor the thread that drives everybody's sockets.
pub(crate) fn wake_all(wakers: &mut Vec<Waker>) {
    for waker in wakers.drain(..) {
        contain(|| waker.wake());
    }
}

/// Calls code of the user's. What it panics with is dropped; if that panics, too, what comes out is
/// leaked, since it must not do what the panic itself may not.
#[cfg(not(mainspring_loom))]
fn contain(call: impl FnOnce()) {
    let dropped = catch_unwind(AssertUnwindSafe(call))
        .or_else(|payload| catch_unwind(AssertUnwindSafe(|| drop(payload))));
    if let Err(second) = dropped {
        std::mem::forget(second);
    }
}

/// Loom reports what it finds by panicking, so nothing is contained.
#[cfg(mainspring_loom)]
fn contain(call: impl FnOnce()) {
    call();
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;
    use std::panic::panic_any;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    /// Panics when it is dropped, with nothing that would take memory: it is leaked.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(());
        }
    }

    /// Panics with a bomb when it is woken, and counts.
    struct Bomber(AtomicUsize);

    impl Wake for Bomber {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic_any(Bomb);
        }
    }

    #[test]
    fn wakers_whose_panics_panic_keep_no_other_from_being_woken() {
        let bomber = Arc::new(Bomber(AtomicUsize::new(0)));
        let mut wakers = vec![Waker::from(bomber.clone()), Waker::from(bomber.clone())];
        wake_all(&mut wakers);
        assert_eq!(bomber.0.load(Ordering::Relaxed), 2);
    }
}
