//! Which process timers belong to.
//!
//! In the child of a `fork()` nobody turns the wheels of the parent's runtimes: a timer that was
//! armed there would never be due, and one that was armed before will not be woken. So whoever would
//! wait for a timer of the parent's panics instead.
//!
//! This crate cannot count forks. Whoever makes a [`Handle`](crate::Handle) for a runtime can.

/// The process in which timers were made; see [`Handle::of_runtime`].
///
/// [`Handle::of_runtime`]: crate::Handle::of_runtime
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Counts the forks that the present process is the child of.
    forks: fn() -> u32,
    /// What it said when this was made.
    before: u32,
}

impl Origin {
    /// The present process. `forks` gives a number that grows in the child of a fork and is
    /// constant otherwise. It is called each time that a timer is armed.
    pub fn here(forks: fn() -> u32) -> Self {
        Self {
            forks,
            before: forks(),
        }
    }

    /// For those who do not fork.
    pub(crate) fn any() -> Self {
        Self::here(|| 0)
    }

    /// Refuses to wait in the child of a fork.
    ///
    /// # Panics
    ///
    /// If the process has been forked since this was made.
    #[inline]
    pub(crate) fn expect_current(self) {
        if (self.forks)() != self.before {
            refuse()
        }
    }
}

#[cold]
fn refuse() -> ! {
    panic!(
        "mainspring: a timer of a runtime that belongs to the parent of this process: it was made \
         before `fork()`, and its threads did not come along. Build a new `Runtime` in the child, \
         and create timers within it"
    )
}
