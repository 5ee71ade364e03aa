//! Harvest: a worker that has stolen only a few short tasks lets more come before it steals again.
//!
//! A thief that is as fast as who makes the tasks takes them one by one, as they come: each theft moves
//! the same lines of memory to and fro between the two cores, and costs more than such a task. A moment
//! later there are some, and they come together for the price of one.
//!
//! Whoever waits so is awake and looks when the moment is over, so nothing is slept over. It is no searcher
//! meanwhile: on a machine with idle cores one of them is woken for what comes, as if it were in a poll.
//! Tasks that take long are worth a theft each: for them nobody waits. Nor for a task that somebody wakes
//! now and then: who has slept before it and finds nothing after it sleeps at once.
//!
//! Measured on 2 cores, without / with it: to spawn 1,000,000 tasks in one poll 466 / 340 ns each; from
//! one outside thread 343 / 313, from two 260 / 237; a tree of 111,111 tasks 589 / 540.
//! With the waiting ones counted as searchers, who must then leave those again: 344, 375, 255, 609.

use std::cell::Cell;

use crate::pace::Pace;
use crate::sync::spin_loop;

/// Less than so many tasks are few.
const FEW: usize = 8;

/// Pauses of the processor in the moment: 4 us, about. With half of it spawning in one poll takes 1.04
/// times as long, with twice of it as long as with this.
const PAUSES: usize = 80;

/// What a worker's last theft has brought.
#[derive(Debug)]
pub(super) struct Harvest {
    was_poor: Cell<bool>,
    /// It has stolen since it last slept: what comes comes in a row.
    has_stolen: Cell<bool>,
}

impl Harvest {
    pub(super) fn new() -> Self {
        Self {
            was_poor: Cell::new(false),
            has_stolen: Cell::new(false),
        }
    }

    /// So many tasks were stolen, by a worker of this pace. In a model no theft is poor.
    pub(super) fn note(&self, tasks: usize, pace: &Pace) {
        let is_poor = tasks < FEW && pace.is_short() && !cfg!(mainspring_loom);
        self.was_poor.set(self.has_stolen.replace(true) && is_poor);
    }

    /// The worker sleeps: what comes next comes by itself.
    pub(super) fn before_sleep(&self) {
        self.was_poor.set(false);
        self.has_stolen.set(false);
    }

    /// Whether to let more come before the next theft. Once only: if there is nothing then, nothing comes.
    pub(super) fn take_was_poor(&self) -> bool {
        self.was_poor.replace(false)
    }
}

/// Lets a moment pass, unless this worker is wanted.
pub(super) fn let_more_come(is_wanted: impl Fn() -> bool) {
    for _ in 0..PAUSES {
        if is_wanted() {
            return;
        }
        spin_loop();
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    /// Whether the last of so many thefts in a row, each of so many tasks, was poor.
    fn was_poor(thefts: usize, tasks: usize, pace: &Pace) -> bool {
        let harvest = Harvest::new();
        (0..thefts).for_each(|_| harvest.note(tasks, pace));
        harvest.take_was_poor()
    }

    #[test]
    fn a_few_short_tasks_are_poor_and_many_or_long_ones_are_not() {
        let (short, long) = (Pace::with_polls_of(100), Pace::with_polls_of(10_000));
        assert!(was_poor(2, 1, &short));
        assert!(!was_poor(2, FEW, &short));
        assert!(!was_poor(2, 1, &long));
        assert!(!was_poor(2, 1, &Pace::new()), "it may be a long one");
    }

    #[test]
    fn what_comes_by_itself_is_not_poor() {
        let short = Pace::with_polls_of(100);
        assert!(!was_poor(1, 1, &short));
        let harvest = Harvest::new();
        for _ in 0..3 {
            harvest.note(1, &short);
            assert!(!harvest.take_was_poor());
            harvest.before_sleep();
        }
    }

    #[test]
    fn more_is_waited_for_once() {
        let harvest = Harvest::new();
        (0..2).for_each(|_| harvest.note(1, &Pace::with_polls_of(100)));
        assert!(harvest.take_was_poor());
        assert!(!harvest.take_was_poor());
    }

    #[test]
    fn who_is_wanted_does_not_wait() {
        let looks = Cell::new(0);
        let_more_come(|| {
            looks.set(looks.get() + 1);
            looks.get() == 3
        });
        assert_eq!(looks.get(), 3);
    }
}
