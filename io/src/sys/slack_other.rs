//! Systems whose threads have no timer slack, and models.

use std::num::NonZeroU64;

/// There is none.
pub(crate) fn set_timer_slack(_slack: NonZeroU64) {}

/// None was set.
pub(crate) fn restore_timer_slack() {}
