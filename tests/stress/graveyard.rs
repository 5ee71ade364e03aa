//! Wakers that are kept beyond the end of their tasks, and of their runtimes, and woken still.

use std::sync::Mutex;
use std::task::Waker;

use crate::random::Random;

/// Wakers of tasks, dead or alive.
pub(crate) struct Graveyard(Mutex<Vec<Waker>>);

/// Wakers kept at most.
const KEPT_MAX: usize = 500;

impl Graveyard {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Keeps a waker, and lets another one go if there are too many.
    pub(crate) fn keep(&self, waker: Waker, random: &mut Random) {
        let old = {
            let mut kept = self.0.lock().expect("nobody panics in here");
            if kept.len() < KEPT_MAX {
                kept.push(waker);
                None
            } else {
                let place = random.below(kept.len());
                Some(std::mem::replace(&mut kept[place], waker))
            }
        };
        // Without the lock: a waker's drop may free a task.
        drop(old);
    }

    /// Wakes one, and keeps it or not.
    pub(crate) fn wake_one(&self, random: &mut Random) {
        let waker = {
            let mut kept = self.0.lock().expect("nobody panics in here");
            if kept.is_empty() {
                return;
            }
            let place = random.below(kept.len());
            if random.one_in(4) {
                kept.swap_remove(place)
            } else {
                kept[place].clone()
            }
        };
        if random.one_in(2) {
            waker.wake();
        } else {
            waker.wake_by_ref();
        }
    }

    /// Wakes all of them, and keeps none.
    pub(crate) fn wake_all(&self) {
        let all = std::mem::take(&mut *self.0.lock().expect("nobody panics in here"));
        for waker in all {
            waker.wake();
        }
    }
}
