//! What models watch costs a normal build nothing: the facade's types are as large as `std`'s, and what
//! is made of them as large as it would be without.

use std::mem::size_of;
use std::sync;

use crate::readiness::Readiness;
use crate::source_state::SourceState;
use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use crate::sync::{Condvar, Mutex};

#[test]
fn the_facade_is_as_large_as_std() {
    assert_eq!(size_of::<Mutex<()>>(), size_of::<sync::Mutex<()>>());
    assert_eq!(size_of::<Condvar>(), size_of::<sync::Condvar>());
    assert_eq!(size_of::<AtomicBool>(), size_of::<bool>());
    assert_eq!(size_of::<AtomicU64>(), size_of::<u64>());
    assert_eq!(size_of::<AtomicUsize>(), size_of::<usize>());
}

/// The locks of other systems have other sizes.
#[test]
#[cfg(target_os = "linux")]
fn what_is_made_of_it_has_the_size_that_it_had() {
    assert_eq!(size_of::<Readiness>(), 8);
    assert_eq!(size_of::<SourceState>(), 104);
}
