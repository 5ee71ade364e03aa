//! Which tasks a thread in `block_on` may run.
//!
//! Such a thread works along, but the future it was called with cannot leave it: a task that blocks
//! there would hold that future up, and nobody could help. So it runs only tasks of a *kind* (the
//! type of the future) that has been seen: the first few of each kind go to the worker threads,
//! where the monitor watches them, and a kind that was once found stuck goes there for long, the
//! longer it was stuck. Everything on the current-thread flavour is run where it is:
//! there is no other thread.
//!
//! The table is a cache of fixed size: kinds that share a place push each other out and begin anew,
//! which costs a wake-up of a worker thread each time and is never wrong.
//!
//! Rejected: `block_on` that runs no tasks, as elsewhere (each answer that its future waits for then
//! costs two wake-ups of a thread: 20 to 60 us instead of 0.2); moving the future to another thread
//! (it need not be `Send`).

use crate::sync::atomic::{AtomicU64, Ordering};

/// How many tasks of a new kind go to the worker threads before others are run here.
const PROBATION: u64 = 8;

/// How many go there after the kind was found stuck once; doubled by each further look that finds
/// it so. A thread that the system has not let run for a moment looks stuck, too.
const PENALTY: u64 = 64;

/// How many go there at most: at 10 us each, the work of some seconds.
const PENALTY_MAX: u64 = 1 << 20;

/// How many go there after a task of the kind has said itself that it blocks.
const PENALTY_BLOCKING: u64 = 1 << 16;

/// Places in the table; a power of two.
const PLACES: usize = 256;

const LEFT_BITS: u32 = 32;
const LEFT_MASK: u64 = (1 << LEFT_BITS) - 1;

/// What is known of the kinds of tasks. A word for each: the kind's tag, and how many of its tasks
/// are still to be passed on.
#[derive(Debug)]
pub(crate) struct Trust(Box<[AtomicU64]>);

/// The kind of a task: tasks whose futures have the same type are of one kind.
pub(crate) type Kind = usize;

/// Nothing is polled: a worker between two polls, or in the driver.
pub(crate) const NO_KIND: Kind = 0;

/// The future of a `block_on`, whatever its type. No task's kind is an odd number.
pub(crate) const ROOT_KIND: Kind = 1;

impl Trust {
    pub(crate) fn new() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }

    /// Whether a thread in `block_on` may run a task of this kind. If not, it counts as passed on.
    #[inline]
    pub(crate) fn admits(&self, kind: Kind) -> bool {
        let (place, tag) = self.place(kind);
        // Ordering: Relaxed, here and below; the word is all there is, and a lost update makes a
        // thread pass on a task more or less.
        let word = place.load(Ordering::Relaxed);
        if word == tag {
            return true;
        }
        let next = if word & !LEFT_MASK == tag {
            word - 1
        } else {
            tag | (PROBATION - 1)
        };
        // Ordering: Relaxed; as above.
        place.store(next, Ordering::Relaxed);
        false
    }

    /// A task of this kind holds a thread up.
    pub(crate) fn distrust(&self, kind: Kind) {
        self.penalise(kind, |left| (2 * left).clamp(PENALTY, PENALTY_MAX));
    }

    /// A task of this kind says that it blocks.
    pub(crate) fn blocks(&self, kind: Kind) {
        self.penalise(kind, |left| left.max(PENALTY_BLOCKING));
    }

    fn penalise(&self, kind: Kind, next: impl FnOnce(u64) -> u64) {
        if kind == NO_KIND || kind == ROOT_KIND {
            return;
        }
        let (place, tag) = self.place(kind);
        // Ordering: Relaxed; as in `admits`.
        let word = place.load(Ordering::Relaxed);
        let left = if word & !LEFT_MASK == tag {
            word & LEFT_MASK
        } else {
            0
        };
        // Ordering: Relaxed; as in `admits`.
        place.store(tag | next(left), Ordering::Relaxed);
    }

    /// The word of a kind, and the tag that says whether the word is about it.
    fn place(&self, kind: Kind) -> (&AtomicU64, u64) {
        // Fibonacci hashing: the high bits of the product depend on all bits of the address.
        let hash = (kind as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let index = (hash >> (u64::BITS - PLACES.trailing_zeros())) as usize;
        // The lowest bit is set, so that no kind's tag is that of an unused place.
        let tag = ((hash << PLACES.trailing_zeros()) | (1 << LEFT_BITS)) & !LEFT_MASK;
        (&self.0[index], tag)
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    const KIND: Kind = 0x7f00_1234_5670;

    fn passed_on(trust: &Trust) -> u64 {
        (0..).find(|_| trust.admits(KIND)).unwrap_or_default()
    }

    #[test]
    fn a_new_kind_is_passed_on_a_few_times() {
        let trust = Trust::new();
        assert_eq!(passed_on(&trust), PROBATION);
        assert_eq!(passed_on(&trust), 0);
    }

    #[test]
    fn each_look_that_finds_a_kind_stuck_doubles_the_penalty() {
        let trust = Trust::new();
        trust.distrust(KIND);
        assert_eq!(passed_on(&trust), PENALTY);
        for _ in 0..5 {
            trust.distrust(KIND);
        }
        assert_eq!(passed_on(&trust), PENALTY << 4);
    }

    #[test]
    fn the_penalty_has_a_limit() {
        let trust = Trust::new();
        for _ in 0..1000 {
            trust.distrust(KIND);
        }
        assert_eq!(passed_on(&trust), PENALTY_MAX);
    }

    #[test]
    fn a_kind_that_says_that_it_blocks_is_passed_on_for_long() {
        let trust = Trust::new();
        trust.blocks(KIND);
        assert_eq!(passed_on(&trust), PENALTY_BLOCKING);
    }

    #[test]
    fn what_is_no_task_is_not_remembered() {
        let trust = Trust::new();
        for kind in [NO_KIND, ROOT_KIND] {
            trust.distrust(kind);
        }
        assert!(trust.0.iter().all(|word| word.load(Ordering::Relaxed) == 0));
    }
}
