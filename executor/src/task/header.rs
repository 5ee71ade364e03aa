//! The part of a task that does not depend on its future.

use std::panic::Location;
use std::ptr::NonNull;
use std::task::Waker;

use super::id::Id;
use super::raw::Vtable;
use super::state::State;
use crate::sync::UnsafeCell;

/// The head of every task. The task's scheduler, its future and its output follow it.
#[repr(C)]
pub(crate) struct Header {
    /// The protocol word.
    pub(super) state: State,
    /// The functions that know the future's type.
    pub(super) vtable: &'static Vtable,
    /// The links of the list of live tasks.
    pub(super) links: UnsafeCell<Links>,
    /// The number that names the task.
    pub(super) id: Id,
    /// Where it was spawned.
    pub(super) spawned_at: &'static Location<'static>,
    /// Which shard of the list of live tasks holds it.
    pub(super) shard: u32,
    /// The waker of whoever awaits the JoinHandle.
    pub(super) join_waker: UnsafeCell<Option<Waker>>,
}

/// A task's place in its shard's doubly linked list.
pub(super) struct Links {
    /// The task spawned after this one.
    pub(super) prev: Option<NonNull<Header>>,
    /// The task spawned before this one.
    pub(super) next: Option<NonNull<Header>>,
}

impl Links {
    pub(super) const UNLINKED: Self = Self {
        prev: None,
        next: None,
    };
}

/// What a task is born with besides its future.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskOrigin {
    /// The number that names the task.
    pub(crate) id: Id,
    /// Where it was spawned.
    pub(crate) spawned_at: &'static Location<'static>,
    /// Which shard of the list of live tasks will hold it.
    pub(crate) shard: u32,
}

#[cfg(all(test, not(mainspring_loom), target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// As `crate::sizes`: nothing is there for the sake of the models.
    #[test]
    fn a_header_has_the_size_that_it_had() {
        assert_eq!(size_of::<State>(), 8);
        assert_eq!(size_of::<Header>(), 72);
    }
}
