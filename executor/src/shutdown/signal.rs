//! A signal that is given once and never taken back, and the futures that wait for it.
//!
//! Whoever waits leaves a waker under the lock that also holds the mark of the signal: either the
//! waiter sees the mark, or the giver finds its waker. Wakers are called and dropped after
//! unlocking.
//!
//! Checked by: loom-tests/tests/models/shutdown.rs

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::sync::{Mutex, mutant};
use crate::unwind::contain;

/// A future that is ready when its runtime begins to end; see
/// [`Handle::shutdown_signal`](crate::Handle::shutdown_signal).
///
/// # Cancel safety
///
/// Nothing is lost when it is dropped.
#[must_use = "futures do nothing unless they are awaited"]
pub struct ShutdownSignal {
    /// What it waits for.
    signal: Arc<Signal>,
    /// The place of its waker, if it has left one.
    place: Option<usize>,
}

/// The shared side.
pub(crate) struct Signal {
    /// Held for a look and the change of one place.
    state: Mutex<State>,
}

struct State {
    /// The signal has been given.
    given: bool,
    /// Those who wait.
    waiting: Slab<Waker>,
}

impl Signal {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                given: false,
                waiting: Slab::new(),
            }),
        }
    }

    /// Gives the signal. Does nothing the second time.
    pub(crate) fn give(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.given = !mutant!("signal: it leaves no mark");
            std::mem::take(&mut state.waiting)
        };
        for (_, waker) in waiting {
            // A foreign waker that panics has been reported by the panic hook; the others are
            // still to be woken.
            if !mutant!("signal: nobody is woken") {
                contain(|| waker.wake());
            }
        }
    }

    /// A future of the signal.
    pub(crate) fn wait(self: &Arc<Self>) -> ShutdownSignal {
        ShutdownSignal {
            signal: Arc::clone(self),
            place: None,
        }
    }
}

impl Future for ShutdownSignal {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The clone is made before the lock is taken: it is foreign code.
        let waker = cx.waker().clone();
        let (ready, left_over) = {
            let place = self.place;
            let mut state = self.signal.state.lock();
            if state.given {
                (true, Some(waker))
            } else if let Some(present) = place.and_then(|place| state.waiting.get_mut(place)) {
                if mutant!("signal: a later waker is not kept") {
                    return Poll::Pending;
                }
                (false, Some(std::mem::replace(present, waker)))
            } else if mutant!("signal: who waits leaves no waker") {
                (false, Some(waker))
            } else {
                let place = state.waiting.insert(waker);
                drop(state);
                self.place = Some(place);
                (false, None)
            }
        };
        drop(left_over);
        if ready {
            // The giver has emptied all places.
            self.place = None;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for ShutdownSignal {
    fn drop(&mut self) {
        let Some(place) = self.place else {
            return;
        };
        // Once the signal is given the places are gone, and nobody inserts any more.
        let waker = self.signal.state.lock().waiting.try_remove(place);
        drop(waker);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").finish_non_exhaustive()
    }
}

impl fmt::Debug for ShutdownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownSignal").finish_non_exhaustive()
    }
}
