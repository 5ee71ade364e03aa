//! Whose turn it is to end the tasks of a runtime that is over.
//!
//! All its threads could do that side by side, and did: to give the memory of a million tasks back
//! then took 167 to 176 ns a task, most of it in the lock of the allocator's heap that they all came
//! from. One thread alone takes 44 to 66. But a destructor is the user's code and may compute or
//! block, perhaps until another task is dropped. So one thread has the turn for as long as it gets on,
//! and the others wait beside it. Who has ended none of its tasks for [`PATIENCE`] loses the turn to
//! one of them, and waits for it with the rest when it comes back.
//!
//! It is a matter of time only. Nobody waits longer than that without a look, and whoever ends tasks
//! takes each one out of the list by itself, with the turn or without.
//!
//! # Invariants
//!
//! * Whoever waits is rung when the turn is given away, or looks again after [`PATIENCE`].
//! * While tasks are left, one thread at least does not wait: who has the turn, or, if that one does not
//!   get on, whoever waited for it.
//!
//! Under loom, where time passes only if a model says so, nobody waits but in a variant: in all other
//! models all end tasks side by side.
//!
//! Checked by: loom-tests/tests/models/task_list.rs

use std::time::Duration;

use crate::sync::{Condvar, Mutex, mutant, variant};

/// Longer than almost all destructors take, and shorter than anybody notices.
const PATIENCE: Duration = Duration::from_millis(1);

/// Who has the turn.
pub(super) struct Turn {
    state: Mutex<State>,
    /// Rung when nobody has it any more.
    free: Condvar,
}

struct State {
    /// Counts the times that somebody has gone on. The last one is the number of who has the turn.
    last: u64,
    /// Whether somebody has it.
    is_taken: bool,
}

/// One thread's part in it. It gives the turn away when it is dropped.
pub(super) struct Part<'a> {
    turn: &'a Turn,
    /// When this thread has gone on last.
    own: Option<u64>,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                last: 0,
                is_taken: false,
            }),
            free: Condvar::new(),
        }
    }

    pub(super) fn part(&self) -> Part<'_> {
        Part {
            turn: self,
            own: None,
        }
    }
}

impl Part<'_> {
    /// Takes the turn, or keeps it: this thread is about to end a few tasks. Waits while somebody else
    /// has it and gets on.
    pub(super) fn go_on(&mut self) {
        let waits = !cfg!(mainspring_loom) || variant!("turn: the others wait");
        let mut state = self.turn.state.lock();
        while waits && state.is_taken && self.own != Some(state.last) {
            let seen = state.last;
            self.turn.free.wait_for(&mut state, PATIENCE);
            if state.last == seen && !mutant!("turn: who is stuck keeps it") {
                break;
            }
        }
        state.last += 1;
        state.is_taken = true;
        self.own = Some(state.last);
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let mut state = self.turn.state.lock();
        if state.is_taken && self.own == Some(state.last) {
            state.is_taken = false;
            drop(state);
            if !mutant!("turn: nobody hears of its end") {
                self.turn.free.notify_all();
            }
        }
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_gets_on_keeps_the_turn() {
        let turn = Turn::new();
        let mut first = turn.part();
        let mut got_on = Instant::now();
        first.go_on();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                turn.part().go_on();
                Instant::now()
            });
            let end = Instant::now() + 5 * PATIENCE;
            let mut slowest = Duration::ZERO;
            while Instant::now() < end {
                let now = Instant::now();
                slowest = slowest.max(now - got_on);
                got_on = now;
                first.go_on();
                thread::sleep(PATIENCE / 20);
            }
            let given = Instant::now();
            slowest = slowest.max(given - got_on);
            drop(first);
            let taken = other.join().expect("no panic");
            // The system may have stopped this thread for as long as the other one waits.
            assert!(taken >= given || slowest >= PATIENCE / 2, "{slowest:?}");
        });
    }

    #[test]
    fn who_does_not_get_on_loses_the_turn_and_may_have_it_again() {
        let turn = Turn::new();
        let mut stuck = turn.part();
        stuck.go_on();
        let mut other = turn.part();
        other.go_on();
        // This one does not get on, either.
        stuck.go_on();
        drop(other);
        assert!(turn.state.lock().is_taken, "it was not the other's to give");
        drop(stuck);
        assert!(!turn.state.lock().is_taken);
    }

    #[test]
    fn the_end_of_a_turn_wakes_who_waits() {
        let turn = Turn::new();
        let mut first = turn.part();
        first.go_on();
        thread::scope(|scope| {
            let others: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| turn.part().go_on()))
                .collect();
            drop(first);
            for other in others {
                other.join().expect("no panic");
            }
        });
        assert!(!turn.state.lock().is_taken);
    }
}
