//! What models watch costs a normal build nothing: the facade's types are as large as `std`'s, and what
//! is made of them as large as it would be without.

use std::cell;
use std::mem::size_of;
use std::sync;

use crate::idle::Idle;
use crate::monitor::Monitor;
use crate::offload::{self, Board, Gate};
use crate::park::{DriverSeat, Parker};
use crate::seat::Seat;
use crate::slot::Slot;
use crate::standby::{self, Standby};
use crate::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize};
use crate::sync::{Condvar, Mutex, TryLock, UnsafeCell};
use crate::task::Notified;

#[test]
fn the_facade_is_as_large_as_std() {
    assert_eq!(size_of::<Mutex<()>>(), size_of::<sync::Mutex<()>>());
    assert_eq!(size_of::<TryLock<u64>>(), size_of::<sync::Mutex<u64>>());
    assert_eq!(size_of::<Condvar>(), size_of::<sync::Condvar>());
    let cell = size_of::<cell::UnsafeCell<[u8; 3]>>();
    assert_eq!(size_of::<UnsafeCell<[u8; 3]>>(), cell);
    assert_eq!(size_of::<AtomicU64>(), size_of::<u64>());
    assert_eq!(size_of::<AtomicUsize>(), size_of::<usize>());
    assert_eq!(size_of::<AtomicPtr<u8>>(), size_of::<*mut u8>());
}

/// The locks of other systems have other sizes.
#[test]
#[cfg(target_os = "linux")]
fn what_is_made_of_it_has_the_size_that_it_had() {
    assert_eq!(size_of::<Slot>(), 8);
    assert_eq!(size_of::<Seat>(), 80);
    assert_eq!(size_of::<Parker>(), 16);
    assert_eq!(size_of::<DriverSeat>(), 40);
    assert_eq!(size_of::<Idle>(), 48);
    let pool = [
        size_of::<Board<Notified>>(),
        size_of::<offload::Mailbox<Notified>>(),
        size_of::<Gate>(),
    ];
    assert_eq!(pool, [320, 40, 56]);
    let watch = [
        size_of::<Monitor>(),
        size_of::<Standby>(),
        size_of::<standby::Mailbox>(),
    ];
    assert_eq!(watch, [40, 160, 32]);
}
