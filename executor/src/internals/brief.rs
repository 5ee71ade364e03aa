//! The lock for a few loads and stores.

use crate::sync::TheBriefLock;

/// The lock, and what is under it.
#[derive(Debug)]
pub struct BriefLock<T>(TheBriefLock<T>);

impl<T> BriefLock<T> {
    pub fn new(value: T) -> Self {
        Self(TheBriefLock::new(value))
    }

    /// Calls `f` with what is under the lock.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock())
    }
}
