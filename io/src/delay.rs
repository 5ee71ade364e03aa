//! How this crate, which knows no clock, waits for a time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A future that ends after a time; see [`Handle::set_delay`](crate::Handle::set_delay).
pub type Delay = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What makes them, shared so that it is called under no lock.
#[derive(Clone)]
pub(crate) struct Delays(Arc<dyn Fn(Duration) -> Option<Delay> + Send + Sync>);

impl Delays {
    pub(crate) fn new(make: impl Fn(Duration) -> Option<Delay> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub(crate) fn make(&self, time: Duration) -> Option<Delay> {
        (self.0)(time)
    }
}

impl fmt::Debug for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delays").finish_non_exhaustive()
    }
}
