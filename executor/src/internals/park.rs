//! Where threads wait.

use std::sync::Arc;
use std::time::Duration;

use crate::driver::Driver;
use crate::park;

/// A thread's waiting place.
#[derive(Clone)]
pub struct Parker(pub(super) Arc<park::Parker>);

impl Parker {
    pub fn new() -> Self {
        Self(Arc::new(park::Parker::new()))
    }

    pub fn park(&self) {
        self.0.park();
    }

    pub fn park_in(&self, driver: &mut dyn Driver) {
        self.0.park_in(driver, || true);
    }

    /// `is_quiet` is what the driver is told besides whether an unpark has come.
    pub fn park_in_if_quiet(&self, driver: &mut dyn Driver, is_quiet: impl Fn() -> bool) {
        self.0.park_in(driver, is_quiet);
    }

    pub fn park_for(&self, limit: Duration) {
        self.0.park_for(limit);
    }

    pub fn unpark(&self) -> bool {
        self.0.unpark()
    }
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}
