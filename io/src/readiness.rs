//! The word in which a source's readiness is remembered, and the protocol by which it is cleared.
//!
//! The system reports a change of readiness once (edge-triggered). The driver puts the report into
//! this word; operations look there first and make no system call that is bound to fail. An
//! operation that finds that it would block clears what it relied on, but it must not clear a
//! report that came after its attempt: nobody would ever report that again.
//!
//! # The word
//!
//! ```text
//! | tick: the rest | ended: 1 bit | states (Ready): 6 bits |
//! ```
//!
//! # Transitions
//!
//! - `set` (the driver, for an event): tick + 1, **then** the states are added.
//! - `clear` (an operation that would have blocked): takes states away, if the tick is still the
//!   one that was observed before the attempt.
//! - `end` (shutdown, or a failed driver): sets the bit; it stays.
//!
//! # Invariants
//!
//! 1. *No report is lost.* Let a report be set after an attempt that would block. If the tick moves
//!    before the attempt's `clear`, the `clear` does nothing. If it moves after it, the states are
//!    added after it too, because `set` moves the tick first.
//! 2. *A report may be believed too long.* An attempt that observes the new tick before the new
//!    states are added may clear, and the states appear then though there is nothing left. The next
//!    attempt finds out. It costs one system call, rarely.
//!
//! Only the driver moves the tick, and there is one driver, so the two steps of `set` need not be
//! one. The tick wraps after 2^57 reports (2^25 on 32 bits), which an attempt does not outlast.
//!
//! # Rejected
//!
//! - One compare-and-swap loop for `set`: the same cost, and a load that hides interleavings from
//!   loom.
//! - Counters of reports and of clears, one pair a direction, without any compare-and-swap: three
//!   words instead of one to look at, and six pairs once `PRIORITY` and `ERROR` are waited for.
//!
//! Checked by: loom-tests/tests/models/readiness.rs

use crate::Ready;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{mutant, order};

const ENDED: usize = 1 << Ready::BITS;
const TICK: usize = ENDED << 1;

/// A source's readiness.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// See the top of the file.
    word: AtomicUsize,
}

/// The word as it was at one moment: a licence to clear what it shows, as long as no event comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed(usize);

impl Readiness {
    pub(crate) fn new(states: Ready) -> Self {
        Self {
            word: AtomicUsize::new(states.bits()),
        }
    }

    #[inline]
    pub(crate) fn observe(&self) -> Observed {
        // Ordering: Acquire; pairs with the Release of `set`. The attempt that follows comes after
        // the system's report of the tick that is seen here. Without it the attempt could be made
        // first and its failure be taken for one under a later tick, whose report would be lost.
        Observed(self.word.load(order!("io: observe", Acquire)))
    }

    /// Adds what the system has reported. For the driver alone.
    pub(crate) fn set(&self, states: Ready) {
        if mutant!("io: a report's states come before its tick (1)") {
            self.word.fetch_or(states.bits(), Ordering::Release);
            self.word.fetch_add(TICK, Ordering::Release);
            return;
        }
        // Ordering: Release; pairs with the Acquire of `observe`: whoever sees this tick makes an
        // attempt that sees the data which the system has reported.
        self.word
            .fetch_add(TICK, order!("io: the tick of a report", Release));
        // Ordering: Relaxed; who sees the states sees the tick, and this RMW hands its Release on.
        // It comes after the tick, as both change the same word.
        self.word.fetch_or(states.bits(), Ordering::Relaxed);
    }

    /// Takes `states` away, unless there has been an event since `observed`.
    pub(crate) fn clear(&self, observed: Observed, states: Ready) {
        let mut current = observed.0;
        while current / TICK == observed.0 / TICK || mutant!("io: clear looks at no tick (1)") {
            let cleared = current & !states.bits();
            // Ordering: Relaxed; the word carries nothing here but itself. That the attempt was
            // made before is what the tick in the comparison says.
            let outcome = self.word.compare_exchange_weak(
                current,
                cleared,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            match outcome {
                Ok(_) => return,
                Err(now) => current = now,
            }
        }
    }

    /// Every wait is to end from now on.
    pub(crate) fn end(&self) {
        // Ordering: Relaxed; who sees the bit asks for the reason under the lock of the list of
        // sources, which is held here.
        self.word.fetch_or(ENDED, Ordering::Relaxed);
    }
}

impl Observed {
    #[inline]
    pub(crate) fn states(self) -> Ready {
        Ready::from_word(self.0)
    }

    #[inline]
    pub(crate) fn has_ended(self) -> bool {
        self.0 & ENDED != 0
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_cleared_when_nothing_has_happened_since() {
        let readiness = Readiness::new(Ready::EMPTY);
        readiness.set(Ready::READABLE | Ready::WRITABLE);
        readiness.clear(readiness.observe(), Ready::READABLE);
        assert_eq!(readiness.observe().states(), Ready::WRITABLE);
    }

    #[test]
    fn a_report_that_came_after_the_attempt_is_not_cleared() {
        let readiness = Readiness::new(Ready::READABLE);
        let observed = readiness.observe();
        readiness.set(Ready::READABLE);
        readiness.clear(observed, Ready::READABLE);
        assert_eq!(readiness.observe().states(), Ready::READABLE);
    }

    #[test]
    fn clearing_one_state_does_not_keep_another_from_being_cleared() {
        let readiness = Readiness::new(Ready::ALL);
        let observed = readiness.observe();
        readiness.clear(observed, Ready::READABLE);
        readiness.clear(observed, Ready::WRITABLE);
        let rest = Ready::ALL - Ready::READABLE - Ready::WRITABLE;
        assert_eq!(readiness.observe().states(), rest);
    }

    #[test]
    fn the_end_is_seen_beside_the_states() {
        let readiness = Readiness::new(Ready::READABLE);
        readiness.end();
        readiness.clear(readiness.observe(), Ready::ALL);
        assert!(readiness.observe().has_ended());
        assert!(readiness.observe().states().is_empty());
    }

    #[test]
    fn a_wrapping_tick_leaves_the_states_alone() {
        let readiness = Readiness {
            word: AtomicUsize::new(usize::MAX - (TICK - 1)),
        };
        readiness.set(Ready::WRITABLE);
        assert_eq!(readiness.observe().states(), Ready::WRITABLE);
        assert!(!readiness.observe().has_ended());
    }
}
