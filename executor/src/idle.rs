//! Who is awake, who searches, who sleeps, and whom a push wakes.
//!
//! # The protocol
//!
//! ```text
//!   a push                                   a worker that finds nothing
//!   P1  push the item (Release)              S1  scan: own queue, injector, all others
//!   P2  fence(SeqCst)            [notify]    S2  RMW the word: one sleeper more      [sleep]
//!   P3  read the word:                       S3  fence(SeqCst)                       [sleep]
//!       nobody searches, somebody sleeps,    S4  scan again; found: take the entry back,
//!       and fewer than `limit` are awake?        search                             [wake_self]
//!       then claim a sleeper and unpark it   S5  park
//! ```
//!
//! # Why no item is forgotten
//!
//! P2 and S3 are totally ordered. If P2 comes first, S4 sees the item. If S3 comes first, P3 sees
//! the sleeper (or a word that a later claimer has left), and one of these holds:
//!
//! * it claims a sleeper, which searches;
//! * somebody searches: a searcher that goes to sleep does S2 to S4 after this, and sees the item;
//!   a searcher that finds something else and was the last scans again (`end_search`);
//! * `limit` workers are awake: each of them scans before it sleeps (S4).
//!
//! # Invariants
//!
//! * I1: every sleeper scans again after it has registered; a `Retry` counts as something found.
//! * I2: the last searcher that finds work scans once more after it has left the searchers, behind
//!   a fence, and notifies if there is more: a pusher that saw it searching relied on it.
//! * I3: the counts are changed by the claimer, before the sleeper runs, so that one push wakes
//!   one sleeper and no sleeper is woken twice.
//! * I4: whoever moves items from queue to queue (a batch steal, a worker that leaves) notifies
//!   afterwards: while they were in nobody's queue, a sleeper may have missed them.
//! * I5: the list of sleepers and the word's sleeping count change together, under the list's lock:
//!   so a claimer that reads the word there can count on what it says.
//!
//! Rejected: a read-modify-write of the word at each push instead of a fence and a load (the line
//! would be written by every pusher); waking one sleeper for each item of a batch (the woken one
//! wakes the next if there is more).
//!
//! Checked by: loom-tests/tests/models/sleep.rs

use std::sync::Arc;

use crate::park::Parker;
use crate::sync::atomic::{AtomicU64, Ordering, fence};
use crate::sync::{Mutex, mutant, variant};

const FIELD_BITS: u32 = 16;
const FIELD_MASK: u64 = (1 << FIELD_BITS) - 1;
const ONE_SEARCHING: u64 = 1;
const ONE_AWAKE: u64 = 1 << FIELD_BITS;
const ONE_SLEEPING: u64 = 1 << (2 * FIELD_BITS);

/// More seats than this do not fit the word's fields.
pub(crate) const SEATS_MAX: usize = FIELD_MASK as usize;

/// The counts and the sleepers of one scheduler.
#[derive(Debug)]
pub(crate) struct Idle {
    /// Three counts: searching, awake (searching or running), sleeping.
    word: AtomicU64,
    /// A push wakes nobody while this many are awake.
    limit: u64,
    /// Those who sleep, the latest last. The lock is held for a push or a pop.
    sleepers: Mutex<Vec<Sleeper>>,
}

/// A thread that sleeps, or is about to.
#[derive(Debug)]
struct Sleeper {
    seat: usize,
    parker: Arc<Parker>,
}

/// One reading of the word.
#[derive(Debug, Clone, Copy)]
struct Counts(u64);

impl Counts {
    fn searching(self) -> u64 {
        self.0 & FIELD_MASK
    }

    fn awake(self) -> u64 {
        (self.0 >> FIELD_BITS) & FIELD_MASK
    }

    fn sleeping(self) -> u64 {
        self.0 >> (2 * FIELD_BITS)
    }

    fn wants_searcher(self, limit: u64) -> bool {
        self.searching() == 0 && self.sleeping() > 0 && self.awake() < limit
    }
}

impl Idle {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            word: AtomicU64::new(0),
            limit: limit as u64,
            sleepers: Mutex::new(Vec::new()),
        }
    }

    /// A thread takes a seat, awake.
    pub(crate) fn join(&self) {
        // Ordering: Relaxed; joining publishes nothing. The thread scans before it sleeps.
        self.word.fetch_add(ONE_AWAKE, Ordering::Relaxed);
    }

    /// An awake thread gives its seat up. It has emptied its queue, and notifies afterwards.
    pub(crate) fn leave(&self) {
        // Ordering: Relaxed; the `notify` that follows has the fence.
        self.word.fetch_sub(ONE_AWAKE, Ordering::Relaxed);
    }

    /// P2 and P3, after a push: the parker of a claimed sleeper, which the caller must unpark.
    #[inline]
    #[must_use]
    pub(crate) fn notify(&self) -> Option<Arc<Parker>> {
        // P2. Pairs with S3 in `sleep`.
        if !mutant!("idle: no fence after the push (P2)") {
            fence(Ordering::SeqCst);
        }
        // Ordering: Relaxed; P3 is ordered after the push by the fence. (Loom passes some executions
        // over in which a thread loads a word that it changes later: the models run the variant, too.)
        let counts = Counts(if variant!("idle: P3 by a read-modify-write") {
            self.word.fetch_add(0, Ordering::Relaxed)
        } else {
            self.word.load(Ordering::Relaxed)
        });
        if counts.wants_searcher(self.limit) {
            self.claim()
        } else {
            None
        }
    }

    /// Takes a sleeper off the list, counted as a searcher. Threads that are parked in the driver
    /// come last: waking one leaves the driver alone.
    #[cold]
    fn claim(&self) -> Option<Arc<Parker>> {
        let mut sleepers = self.sleepers.lock();
        // Ordering: Relaxed; the lock orders it after every other claim, so that one burst of
        // pushes wakes one sleeper.
        let counts = Counts(self.word.load(Ordering::Relaxed));
        if !counts.wants_searcher(self.limit) && !mutant!("idle: no second look at the word (I3)") {
            return None;
        }
        self.take_sleeper(&mut sleepers)
    }

    /// The monitor's claim: because a worker is stuck, the limit does not count.
    pub(crate) fn claim_for_rescue(&self) -> Option<Arc<Parker>> {
        // P2, for what the monitor has moved. Pairs with the fence of `end_search`: a searcher that
        // is seen here finds it. (One that goes to sleep finds it by the lock of the sleepers, too.)
        if !mutant!("idle: no fence before the monitor's look") {
            fence(Ordering::SeqCst);
        }
        let mut sleepers = self.sleepers.lock();
        // Ordering: Relaxed; as in `claim`.
        let counts = Counts(self.word.load(Ordering::Relaxed));
        if counts.searching() > 0 {
            return None;
        }
        self.take_sleeper(&mut sleepers)
    }

    fn take_sleeper(&self, sleepers: &mut Vec<Sleeper>) -> Option<Arc<Parker>> {
        let latest = sleepers.len().checked_sub(1)?;
        let chosen = sleepers
            .iter()
            .rposition(|sleeper| !sleeper.parker.is_driving());
        let chosen = chosen.unwrap_or(latest);
        let parker = if mutant!("idle: who is claimed stays on the list (I5)") {
            Arc::clone(&sleepers[chosen].parker)
        } else {
            sleepers.remove(chosen).parker
        };
        let change = (ONE_SEARCHING + ONE_AWAKE).wrapping_sub(ONE_SLEEPING);
        if !mutant!("idle: a claim is not counted (I3)") {
            // Ordering: Relaxed; I3 needs only that it happens before the unpark.
            self.word.fetch_add(change, Ordering::Relaxed);
        }
        Some(parker)
    }

    /// Asks to search. At most half of those awake do, so that a burst of idleness does not
    /// become a crowd at one queue.
    pub(crate) fn begin_search(&self) -> bool {
        // Ordering: Relaxed; two threads may both pass this bound, which is only a heuristic.
        let counts = Counts(self.word.load(Ordering::Relaxed));
        if 2 * counts.searching() >= counts.awake() {
            return false;
        }
        // Ordering: Relaxed; a pusher that sees this searcher relies on S2 to S4, or on
        // `end_search`, which have their own fences.
        if !mutant!("idle: a searcher is not counted") {
            self.word.fetch_add(ONE_SEARCHING, Ordering::Relaxed);
        }
        true
    }

    /// A searcher has found work. True if it was the last: then it must scan, and notify if there
    /// is more (I2).
    #[must_use]
    pub(crate) fn end_search(&self) -> bool {
        // Ordering: Relaxed; the fence below orders it before the scan.
        let before = Counts(self.word.fetch_sub(ONE_SEARCHING, Ordering::Relaxed));
        let last = before.searching() == 1;
        if last {
            // Pairs with P2 in `notify`: a pusher that saw this searcher is seen by its scan.
            if !mutant!("idle: no fence after the last search (I2)") {
                fence(Ordering::SeqCst);
            }
        }
        last
    }

    /// S2 and S3: registers a sleeper. The caller scans again, then parks.
    pub(crate) fn sleep(&self, seat: usize, parker: &Arc<Parker>, searching: bool) {
        let mut sleepers = self.sleepers.lock();
        sleepers.push(Sleeper {
            seat,
            parker: Arc::clone(parker),
        });
        let searching = if searching { ONE_SEARCHING } else { 0 };
        if !mutant!("idle: a sleeper is not counted (S2)") {
            // S2. Ordering: Relaxed; the fence below orders it before the scan.
            self.word
                .fetch_add(ONE_SLEEPING - ONE_AWAKE - searching, Ordering::Relaxed);
        }
        drop(sleepers);
        // S3. Pairs with P2 in `notify`.
        if !mutant!("idle: no fence before the last look (S3)") {
            fence(Ordering::SeqCst);
        }
    }

    /// A registered thread is awake again. False if somebody had claimed it: then it is counted
    /// as a searcher already. Otherwise it is now, if `searching`.
    #[must_use]
    pub(crate) fn wake_self(&self, seat: usize, searching: bool) -> bool {
        let mut sleepers = self.sleepers.lock();
        let Some(index) = sleepers.iter().rposition(|sleeper| sleeper.seat == seat) else {
            return false;
        };
        sleepers.remove(index);
        let searching = if searching { ONE_SEARCHING } else { 0 };
        let change = (ONE_AWAKE + searching).wrapping_sub(ONE_SLEEPING);
        // Ordering: Relaxed; the lock orders it against claims.
        self.word.fetch_add(change, Ordering::Relaxed);
        true
    }

    /// Whether anybody is awake.
    pub(crate) fn anybody_awake(&self) -> bool {
        // Ordering: Relaxed; where it matters the caller has a fence before it.
        Counts(self.word.load(Ordering::Relaxed)).awake() > 0
    }

    /// Whether an awake worker is the only one. A hint.
    pub(crate) fn is_one_awake(&self) -> bool {
        // Ordering: Relaxed; a hint.
        Counts(self.word.load(Ordering::Relaxed)).awake() <= 1
    }

    /// Whether nobody sleeps and nobody searches: then only one worker more could help.
    pub(crate) fn all_run(&self) -> bool {
        // Ordering: Relaxed; the monitor looks again.
        let counts = Counts(self.word.load(Ordering::Relaxed));
        counts.searching() == 0 && counts.sleeping() == 0
    }

    /// The parker of a seat that sleeps. It stays registered and takes its own entry back.
    pub(crate) fn sleeper(&self, seat: usize) -> Option<Arc<Parker>> {
        let sleepers = self.sleepers.lock();
        let sleeper = sleepers.iter().find(|sleeper| sleeper.seat == seat)?;
        Some(Arc::clone(&sleeper.parker))
    }

    /// Which seats sleep, and whether one of them does so in the driver.
    pub(crate) fn sleeping_seats(&self) -> (Vec<usize>, bool) {
        let sleepers = self.sleepers.lock();
        let driven = sleepers.iter().any(|sleeper| sleeper.parker.is_driving());
        (
            sleepers.iter().map(|sleeper| sleeper.seat).collect(),
            driven,
        )
    }

    /// The parkers of all who sleep, for shutdown. They stay registered and take their own
    /// entries back.
    pub(crate) fn all_sleepers(&self) -> Vec<Arc<Parker>> {
        self.sleepers
            .lock()
            .iter()
            .map(|sleeper| Arc::clone(&sleeper.parker))
            .collect()
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_push_wakes_one_sleeper_and_none_while_it_searches() {
        let idle = Idle::new(4);
        let parkers = [Arc::new(Parker::new()), Arc::new(Parker::new())];
        for (seat, parker) in parkers.iter().enumerate() {
            idle.join();
            idle.sleep(seat, parker, false);
        }
        let woken = idle.notify().expect("two sleep and nobody searches");
        assert!(
            Arc::ptr_eq(&woken, &parkers[1]),
            "the latest sleeper comes first"
        );
        assert!(idle.notify().is_none(), "one searches already");
        assert!(idle.end_search(), "it was the only searcher");
        assert!(idle.notify().is_some(), "and passes the duty on");
    }

    #[test]
    fn nobody_is_woken_beyond_the_limit() {
        let idle = Idle::new(1);
        let parker = Arc::new(Parker::new());
        idle.join();
        idle.sleep(0, &parker, false);
        idle.join();
        assert!(idle.notify().is_none());
        idle.leave();
        assert!(idle.notify().is_some());
    }

    #[test]
    fn a_claimed_sleeper_learns_that_it_searches() {
        let idle = Idle::new(2);
        let parker = Arc::new(Parker::new());
        idle.join();
        idle.sleep(7, &parker, false);
        assert!(idle.notify().is_some());
        assert!(!idle.wake_self(7, false), "claimed");
        assert!(idle.end_search());
    }
}
