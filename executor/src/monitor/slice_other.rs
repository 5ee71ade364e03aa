//! Where the system's scheduler cannot be asked for short slices of time.

pub(super) fn ask_for_short_slices() {}
