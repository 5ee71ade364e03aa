//! A bounded number of places, given in the order in which they were asked for.
//!
//! # Invariants
//!
//! * G1: places that are free, held, or granted to a waiter that has not looked yet are as many as
//!   there were at the start.
//! * G2: while somebody waits, no place is free: one that is given back goes to the waiter who came
//!   first, and nobody overtakes him. He is granted it by being taken off the list, so a waiter that
//!   is gone although it is not on the list passes its place on.
//! * G3: wakers are cloned, woken and dropped with no lock held.
//!
//! Checked by: loom-tests/tests/models/offload.rs

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, mutant};
use crate::unwind::contain;

/// The places.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Who has one, who waits. Held for a look-up in the list of those who wait.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Places that nobody has.
    free: usize,
    /// The ticket of the next one who waits.
    next_ticket: u64,
    /// Those who wait, the first come first.
    waiting: BTreeMap<u64, Waker>,
    /// Set by the end of the runtime: nobody gets a place any more.
    closed: bool,
}

/// The gate has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

/// What one who enters has: nothing, then perhaps a ticket, then a place.
#[derive(Debug, Default)]
pub(crate) struct Entrance {
    /// The place on the list of those who wait.
    ticket: Option<u64>,
}

impl Gate {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            state: Mutex::new(State {
                free: places,
                next_ticket: 0,
                waiting: BTreeMap::new(),
                closed: false,
            }),
        }
    }

    /// Takes a place, or waits for one. After `Ready` the entrance is as new.
    pub(crate) fn poll_enter(
        &self,
        entrance: &mut Entrance,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        let ticket = entrance.ticket.take();
        if state.closed && !mutant!("gate: who comes after the end waits") {
            return Poll::Ready(Err(Closed));
        }
        let ticket = match ticket {
            Some(ticket) if !state.waiting.contains_key(&ticket) => return Poll::Ready(Ok(())),
            Some(ticket) => ticket,
            None if state.free > 0 => {
                state.free -= 1;
                return Poll::Ready(Ok(()));
            }
            None => {
                state.next_ticket += 1;
                state.next_ticket
            }
        };
        if mutant!("gate: the lock is let go between the look and the waiter (G2)") {
            drop(state);
            state = self.state.lock();
        }
        let before = state.waiting.insert(ticket, waker);
        drop(state);
        // Before foreign code, which may panic: a ticket that nobody gives up keeps its place for ever.
        entrance.ticket = Some(ticket);
        drop(before);
        Poll::Pending
    }

    /// Whoever entered so far waits no more. If it was granted a place meanwhile, the next one has
    /// it.
    pub(crate) fn give_up(&self, entrance: &mut Entrance) {
        let Some(ticket) = entrance.ticket.take() else {
            return;
        };
        let removed = self.state.lock().waiting.remove(&ticket);
        if removed.is_none() && !mutant!("gate: a place that nobody wants any more is lost (G2)") {
            self.leave();
        }
    }

    /// Gives a place back.
    pub(crate) fn leave(&self) {
        let next = {
            let mut state = self.state.lock();
            let next = state.waiting.pop_first();
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some((_, waker)) = next {
            if mutant!("gate: who is granted a place is not woken") {
                return;
            }
            // One that panics must not take the job along whose place this was.
            contain(|| waker.wake());
        }
    }

    /// Nobody gets a place any more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.closed = true;
            if mutant!("gate: the end wakes nobody") {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        for waker in waiting.into_values() {
            // One that panics must not keep the others, nor the end of the runtime.
            contain(|| waker.wake());
        }
    }

    /// How many places are free.
    #[cfg(mainspring_loom)]
    pub(crate) fn free(&self) -> usize {
        self.state.lock().free
    }
}
