//! What a process may do with Mainspring after `fork()`: in the child a new runtime works, the
//! parent's is refused at once, and the parent notices nothing.
#![cfg(unix)]

#[path = "../support/panics.rs"]
mod panics;
#[path = "../support/runtimes.rs"]
mod runtimes;

mod afresh;
mod child;
mod inside;
mod parent;
mod stale;
mod work;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The tests here fork while their threads, and those of no other test, are in some state or other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
