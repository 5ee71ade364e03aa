//! loom's locks in `parking_lot`'s shape: no poison, and a wait borrows the guard.
//!
//! A wait never times out, since a model has no clock: what follows a time-out is shown by an event of
//! its own. In a model of a whole runtime short waits do; see [`time::end_short_waits`].

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use crate::time;

/// A mutex without poison.
#[derive(Debug, Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

/// The guard of [`Mutex`]; it is empty only while a condition variable has it.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    held: Option<loom::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
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
        MutexGuard {
            held: Some(self.0.lock().expect("loom never poisons")),
            mutex: self,
        }
    }

    /// The lock, if nobody holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let held = self.0.try_lock().ok()?;
        Some(MutexGuard {
            held: Some(held),
            mutex: self,
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
    /// Whether it did.
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

    /// Waits to be notified. A short wait may end without, see [`time::end_short_waits`].
    #[track_caller]
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) -> WaitTimeoutResult {
        if time::ends(limit) {
            guard.held = None;
            time::sleep(limit);
            guard.held = Some(guard.mutex.0.lock().expect("loom never poisons"));
            return WaitTimeoutResult(true);
        }
        self.wait(guard);
        WaitTimeoutResult(false)
    }

    /// As [`wait_for`](Self::wait_for).
    #[track_caller]
    pub fn wait_until<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        limit: Instant,
    ) -> WaitTimeoutResult {
        self.wait_for(guard, limit.saturating_duration_since(time::now()))
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
