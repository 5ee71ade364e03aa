//! loom's locks in `parking_lot`'s shape: no poison, and a wait borrows the guard.
//!
//! A wait never times out, since a model has no clock: what follows a time-out is shown by an event of
//! its own, or by a model in which every wait that has a limit ends by it ([`let_limits_pass`]).

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use crate::time;

std::thread_local! {
    /// Whether waits with a limit end by it. Not loom's: all threads of a model share the thread of the
    /// system that runs it.
    static LIMITS_PASS: Cell<bool> = const { Cell::new(false) };
}

/// For the rest of this execution, each wait with a limit ends by it, after the other threads had an
/// occasion to go on. So what comes after the limit happens, though nobody moves a clock; if it comes to
/// nothing for ever, the execution gets too long, which is a violation.
pub fn let_limits_pass() {
    LIMITS_PASS.set(true);
}

/// An execution begins.
pub(crate) fn keep_limits() {
    LIMITS_PASS.set(false);
}

/// A mutex without poison.
#[derive(Debug, Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

/// The guard of [`Mutex`]; it is empty only while a condition variable has it.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    held: Option<loom::sync::MutexGuard<'a, T>>,
    mutex: &'a loom::sync::Mutex<T>,
}

impl<T> Mutex<T> {
    /// A mutex round `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().expect("loom never poisons");
        MutexGuard {
            held: Some(held),
            mutex: &self.0,
        }
    }

    /// The lock, if nobody holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let held = self.0.try_lock().ok()?;
        Some(MutexGuard {
            held: Some(held),
            mutex: &self.0,
        })
    }

    /// The value, from its last owner.
    pub fn into_inner(self) -> T {
        self.0.into_inner().expect("loom never poisons")
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("held outside of a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held outside of a wait")
    }
}

/// A condition variable whose waits borrow the guard, and never time out.
#[derive(Debug, Default)]
pub struct Condvar(loom::sync::Condvar);

/// Whether a bounded wait ended by its bound.
#[derive(Debug, Clone, Copy)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// False, unless [`let_limits_pass`] was called.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition variable that nobody waits for.
    #[track_caller]
    pub fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    /// Waits to be notified.
    #[track_caller]
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.held.take().expect("held outside of a wait");
        guard.held = Some(self.0.wait(held).expect("loom never poisons"));
    }

    #[track_caller]
    fn wait_bounded<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) -> WaitTimeoutResult {
        let limits_pass = LIMITS_PASS.get();
        if limits_pass {
            guard.held = None;
            time::pass(limit);
            loom::thread::yield_now();
            guard.held = Some(guard.mutex.lock().expect("loom never poisons"));
        } else {
            self.wait(guard);
        }
        WaitTimeoutResult(limits_pass)
    }

    /// Waits to be notified, or for its limit: see [`let_limits_pass`].
    #[track_caller]
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) -> WaitTimeoutResult {
        self.wait_bounded(guard, limit)
    }

    /// Waits to be notified, or for its limit: see [`let_limits_pass`].
    #[track_caller]
    pub fn wait_until<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        limit: Instant,
    ) -> WaitTimeoutResult {
        self.wait_bounded(guard, limit.saturating_duration_since(time::now()))
    }

    /// Ends the wait that has lasted longest.
    #[track_caller]
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Ends every wait.
    #[track_caller]
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
