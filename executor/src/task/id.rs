//! Task ids, handed out in blocks so that spawning threads share no counter.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::const_thread_local;

/// A number that names a task for as long as the process runs. It is never reused.
///
/// Ids grow over time on one thread, but say nothing about the order of spawns on different ones.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let task = mainspring::spawn(async { mainspring::task::id() });
/// let id = task.id();
/// assert_eq!(task.await.unwrap(), id);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

impl Id {
    /// The id as a plain number, for logs and maps. It is never zero.
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Ids a thread takes at a time. One shared increment in this many spawns is not measurable.
const BLOCK: u64 = 1024;

/// The first id that no thread has taken.
#[cfg(not(mainspring_loom))]
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

#[cfg(mainspring_loom)]
loom::lazy_static! {
    static ref NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
}

const_thread_local! {
    /// The next id of this thread's block. A block starts at `1 + k * BLOCK`, so a value on that
    /// boundary says that the block is used up.
    static NEXT: Cell<u64> = Cell::new(1)
}

/// A fresh id.
pub(crate) fn next_id() -> Id {
    NEXT.with(|next| {
        let mut id = next.get();
        if id % BLOCK == 1 {
            // Ordering: Relaxed; only the uniqueness of the number matters.
            id = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
            // The block's first number is spent on the boundary mark.
            id += 1;
        }
        next.set(id + 1);
        Id(NonZeroU64::new(id).unwrap_or(NonZeroU64::MIN))
    })
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_of_many_threads_are_all_different() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..5000).map(|_| next_id()).collect::<Vec<_>>()))
            .collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for id in thread.join().expect("the thread only counts") {
                assert!(seen.insert(id), "{id} was given twice");
            }
        }
    }
}
