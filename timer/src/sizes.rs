//! What models watch costs a normal build nothing: the facade's types are as large as `std`'s, and what
//! is made of them as large as it would be without.

use std::mem::size_of;
use std::{cell, sync};

use crate::entry::Entry;
use crate::node::Node;
use crate::seat::Seat;
use crate::sync::{Arc, AtomicBool, AtomicU8, AtomicU64, Mutex, UnsafeCell};

#[test]
fn the_facade_is_as_large_as_std() {
    assert_eq!(size_of::<Mutex<()>>(), size_of::<sync::Mutex<()>>());
    let cell = size_of::<cell::UnsafeCell<[u8; 3]>>();
    assert_eq!(size_of::<UnsafeCell<[u8; 3]>>(), cell);
    assert_eq!(size_of::<Arc<u8>>(), size_of::<usize>());
    assert_eq!(size_of::<AtomicBool>(), size_of::<bool>());
    assert_eq!(size_of::<AtomicU8>(), size_of::<u8>());
    assert_eq!(size_of::<AtomicU64>(), size_of::<u64>());
}

/// The locks of other systems have other sizes.
#[test]
#[cfg(target_os = "linux")]
fn what_is_made_of_it_has_the_size_that_it_had() {
    assert_eq!(size_of::<Node>(), 56);
    assert_eq!(size_of::<Entry>(), 64);
    assert_eq!(size_of::<Seat>(), 640);
}
