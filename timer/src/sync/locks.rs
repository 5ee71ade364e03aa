//! The lock of normal builds: `std`'s, without poison. The executor's facade says why not
//! `parking_lot`'s.

use std::sync::{self, MutexGuard, PoisonError};

/// A mutex without poison: what runs under it does not panic.
#[derive(Debug)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
