//! The facade under loom: the same names, made of loom's types.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

pub(crate) mod atomic {
    //! The atomic types.

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
}

/// A thread-local whose initial value is a constant, so that it needs no look whether it has one.
macro_rules! const_thread_local {
    ($(#[$attr:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::thread_local! { $(#[$attr])* static $name: $type = $value }
    };
}
pub(crate) use const_thread_local;

/// loom's mutex with parking_lot's shape.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

/// The guard of [`Mutex`]; it is empty only while a condition variable has it.
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().expect("loom never poisons")))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("held outside of a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("held outside of a wait")
    }
}

/// loom's condition variable with parking_lot's shape. It never times out: a model shows a
/// time-out as an event of its own.
#[derive(Debug, Default)]
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().expect("held outside of a wait");
        guard.0 = Some(self.0.wait(held).expect("loom never poisons"));
    }

    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _limit: Duration) {
        self.wait(guard);
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
