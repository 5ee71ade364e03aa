//! The protocol between the thread that waits in the driver and those that arm timers meanwhile.
//!
//! # State
//!
//! One word, `until`: 0 while nobody is parked, else the time until which somebody may sleep. An
//! armer that lowers it has taken on the duty to call `unpark`.
//!
//! # Protocol
//!
//! ```text
//!   parker (prepare_park)                      armer (outside thread, or before_sleep)
//!   P1  until := FOREVER                       A1  publish the deadline d of its seat
//!   P2  fence(SeqCst)                          A2  fence(SeqCst)
//!   P3  least := minimum of all deadlines      A3  if until > d: lower it to d, and if it was
//!   P4  lower until to least                       still later than d, call unpark
//!   P5  wait until least
//!   P6  until := 0
//! ```
//!
//! No armed deadline is slept through. The two fences are in one total order.
//!
//! - A2 before P2: P3 sees d, or something earlier, so P5 ends by d. (It may see something later
//!   only if the node has been woken or cancelled since.)
//! - P2 before A2: A3 sees what P1 stored or something newer. If that is later than d, `unpark` is
//!   called; the driver remembers it, so it ends the wait even if it comes before P5. If P4 made it
//!   d or earlier, P5 ends by then. If another armer did, that one calls `unpark`. If it is 0, the
//!   wait is over; the parker after that is in the first case, as A3 did not see its P1.
//!
//! P5 may last a little longer, if a turn has woken somebody shortly before (`GAP` and `GAP_AFTER_MANY` in
//! `shared.rs`): then "by d" above is "by d, or that little later".
//!
//! `fetch_min` at A3 lets the first of many armers call `unpark` and keeps the rest from it.
//!
//! A worker that arms a timer in its own seat takes no part: before it sleeps it either parks, and
//! then reads its own deadline in P3, or it sleeps elsewhere and runs A2 and A3 first.
//!
//! # Rejected
//!
//! - Reading the deadlines first and storing `until` once: an armer between the two is missed.
//! - `unpark` whenever something is armed: a system call per timer.
//!
//! Checked by: loom-tests/tests/models/timer.rs

use std::fmt;
use std::sync::Arc as StdArc;

use crate::sync::{AtomicU64, Ordering, fence, mutant};

/// Nobody is parked. Earlier than any deadline, so that no armer ever lowers it.
const NOBODY: u64 = 0;

/// Parked without a bound, or not decided yet. Later than any deadline.
const FOREVER: u64 = u64::MAX;

/// Who sleeps until when, and how to wake them.
pub(crate) struct Park {
    /// Until when the parked thread may sleep, see above.
    until: AtomicU64,
    /// Makes the thread in the driver return. Remembered if it comes before the wait.
    unpark: StdArc<dyn Fn() + Send + Sync>,
}

impl Park {
    pub(crate) fn new(unpark: StdArc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            until: AtomicU64::new(NOBODY),
            unpark,
        }
    }

    /// P1 and P2: from here on armers call `unpark`. The caller reads the deadlines next.
    pub(crate) fn announce(&self) {
        // Ordering: Relaxed; the fence below orders it before the reads of the deadlines.
        self.until.swap(FOREVER, Ordering::Relaxed);
        // Pairs with the fence in `wake_if_later`.
        if !mutant!("timer: no fence after the announcement (P2)") {
            fence(Ordering::SeqCst);
        }
    }

    /// P4: the thread sleeps until this time at most, so deadlines from then on need no `unpark`.
    pub(crate) fn settle(&self, until: u64) {
        // Ordering: Relaxed; an armer that reads it too late calls `unpark` for nothing.
        self.until.fetch_min(until, Ordering::Relaxed);
    }

    /// P6: nobody is parked any more. A hint: without it armers would call `unpark` for nothing, and
    /// nothing else.
    pub(crate) fn end(&self) {
        // Ordering: Relaxed; an armer that reads it too late calls `unpark` for nothing.
        self.until.swap(NOBODY, Ordering::Relaxed);
    }

    /// A2 and A3: the caller has published `deadline`; a thread that sleeps longer is woken.
    pub(crate) fn wake_if_later(&self, deadline: u64) {
        // Pairs with the fence in `announce`.
        if !mutant!("timer: no fence after the publication (A2)") {
            fence(Ordering::SeqCst);
        }
        // Ordering: Relaxed; the fence orders it after the publication of the deadline.
        if self.until.load(Ordering::Relaxed) <= deadline {
            return;
        }
        // Ordering: Relaxed; only the word itself is decided upon: one armer sees it go down.
        if self.until.fetch_min(deadline, Ordering::Relaxed) > deadline {
            (self.unpark)();
        }
    }
}

impl fmt::Debug for Park {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ordering: Relaxed; a snapshot for people.
        f.debug_struct("Park")
            .field("until", &self.until.load(Ordering::Relaxed))
            .finish()
    }
}
