//! Memory on its way from thread to thread.

use std::ptr::NonNull;

use crate::task;
use crate::task::depot::Free;

/// What a chain of the models is worth.
const BYTES: usize = 1024;

/// A depot of chains of one cell each.
pub struct Depot(task::depot::Depot);

/// A cell, with a number in it that is no atomic.
pub struct Cell(Box<[u64; 4]>);

impl Cell {
    pub fn new(number: u64) -> Self {
        Self(Box::new([0, 0, 0, number]))
    }

    pub fn number(&self) -> u64 {
        self.0[3]
    }
}

impl Depot {
    pub fn new() -> Self {
        Self(task::depot::Depot::new())
    }

    /// Leaves a cell there. False if it was refused.
    pub fn leave(&self, cell: Cell) -> bool {
        let first = NonNull::from(Box::leak(cell.0)).cast::<Free>();
        // SAFETY: leaked just now, and large enough for two pointers.
        unsafe { first.write(Free { next: None }) };
        // SAFETY: a chain of this one cell, which is nobody else's.
        let is_left = unsafe { self.0.leave(first, 0, BYTES) };
        if !is_left {
            drop(own(first));
        }
        is_left
    }

    pub fn take(&self) -> Option<Cell> {
        self.0.take(0, BYTES).map(own)
    }
}

impl Default for Depot {
    fn default() -> Self {
        Self::new()
    }
}

/// The memory of a cell that was taken or refused. If somebody else has it, too, it is freed twice: so a
/// model looks at the numbers first.
fn own(first: NonNull<Free>) -> Cell {
    // SAFETY: `leave` has leaked it.
    Cell(unsafe { Box::from_raw(first.as_ptr().cast()) })
}
