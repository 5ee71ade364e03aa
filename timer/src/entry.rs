//! A timer that can be polled, reset and cancelled from any thread, behind a safe interface.
//!
//! An entry is created in the seat of the current thread. At its first pending poll it is armed in
//! the seat of the thread that polls it, if that thread belongs to the same runtime; otherwise, as
//! when a `Sleep` is sent to a thread without a runtime, in the seat that it was created in, under
//! the rules for outside threads.
//!
//! This file keeps the promises that [`Seat`] asks for:
//!
//! 1. An entry is the owner of its node: all methods that change anything take `Pin<&mut Entry>`,
//!    so there is one owner at a time and the node stays where it is.
//! 2. `seat` changes only while the node is not linked, so a linked node is always in `seat`.
//! 3. Dropping a pinned entry disarms it, and keeps the seat alive until then.

use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::Instant as StdInstant;

use pin_project_lite::pin_project;

use crate::budget::Budget;
use crate::clock::Clock;
use crate::context::{self, Context};
use crate::handle::outside;
use crate::node::{Node, State};
use crate::seat::Seat;
use crate::sync::{Arc, mutant};
use crate::wheel::Linked;

pin_project! {
    /// A timer.
    #[derive(Debug)]
    pub(crate) struct Entry {
        // What the wheel links.
        #[pin]
        node: Node,
        // Where the node is linked, if it is. Taken out by the drop alone, which may keep it for the next
        // entry.
        seat: ManuallyDrop<Arc<Seat>>,
    }

    impl PinnedDrop for Entry {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // SAFETY: the entry is dropped, so its field is not used again.
            let seat = unsafe { ManuallyDrop::take(this.seat) };
            disarm(this.node.as_ref(), &seat);
            context::give_back(seat);
        }
    }
}

impl Entry {
    /// An entry that is not armed. `deadline` gets the runtime's clock and what it shows.
    ///
    /// # Panics
    ///
    /// Outside a runtime; the message names `function`.
    #[track_caller]
    pub(crate) fn new(function: &str, deadline: impl FnOnce(&Clock, u64) -> u64) -> Self {
        let seat = context::with(Context::seat_for_timer);
        let Some(seat) = seat else { outside(function) };
        let now = seat.now();
        Self {
            node: Node::new(deadline(seat.core().clock(), now)),
            seat: ManuallyDrop::new(seat),
        }
    }

    pub(crate) fn deadline(&self) -> StdInstant {
        self.seat.core().clock().instant(self.node.deadline())
    }

    /// What the executor allows the task that polls.
    pub(crate) fn budget(&self) -> Budget {
        self.seat.core().budget()
    }

    pub(crate) fn is_elapsed(&self) -> bool {
        self.node.deadline() <= self.seat.core().clock().now()
    }

    /// Ready once the deadline has passed; otherwise the waker is woken then.
    pub(crate) fn poll(self: Pin<&mut Self>, waker: &Waker) -> Poll<()> {
        let this = self.project();
        let node = this.node.as_ref();
        if node.state() == State::Linked {
            this.seat.core().origin().expect_current();
            // SAFETY: the caller has the entry exclusively, so it is the owner; the state was read
            // just now.
            if unsafe { node.will_wake(waker) } {
                return Poll::Pending;
            }
            let waker = waker.clone();
            // SAFETY: as above; a linked node is in `seat`.
            match unsafe { this.seat.replace_waker(node, waker) } {
                Ok(_old) => return Poll::Pending,
                Err(_unused) => {} // It fired in between.
            }
        }
        if mutant!("timer: what has fired is not compared with the time (4)") && node.has_fired() {
            return Poll::Ready(());
        }
        let passed = match this.seat.has_passed(node.deadline()) {
            Ok(()) => return Poll::Ready(()),
            Err(passed) => passed,
        };
        if arm(node, this.seat, waker.clone(), passed) || this.seat.now() < node.deadline() {
            return Poll::Pending;
        }
        // Nobody turns the wheel of a runtime that has ended, but the clock goes on.
        Poll::Ready(())
    }

    /// Changes the deadline. A waker that waits for the old one waits for the new one.
    pub(crate) fn reset(self: Pin<&mut Self>, deadline: StdInstant) {
        let this = self.project();
        let deadline = this.seat.core().clock().number(deadline);
        let node = this.node.as_ref();
        if node.state() == State::Owned {
            // So that the next poll finds out whether this deadline has passed already.
            this.seat.now();
            node.set_deadline(deadline);
            return;
        }
        let stays = mutant!("timer: what is made earlier stays where it is (4)");
        if stays || deadline >= node.deadline() {
            // The wheel moves it when it comes across it. If it fires just now all the same, the
            // task is woken, and its next poll arms the timer anew.
            node.set_deadline(deadline);
            return;
        }
        let waker = disarm(node, this.seat);
        node.set_deadline(deadline);
        if let Some(waker) = waker {
            let passed = this.seat.now();
            let _armed = arm(node, this.seat, waker, passed);
        }
    }
}

/// Links a node that is not linked: in the current thread's seat if that is of the same runtime.
/// `passed` is a time that has passed, not long ago if possible. False if the timers have ended.
fn arm(node: Pin<&Node>, seat: &mut Arc<Seat>, waker: Waker, passed: u64) -> bool {
    seat.core().origin().expect_current();
    let own = context::with(|current| {
        if Arc::ptr_eq(&current.seat, seat) {
            return Some((None, current.is_seated));
        }
        is_same_runtime(current, seat).then(|| (Some(current.seat.clone()), current.is_seated))
    });
    let own = own.flatten();
    let is_inside = own.is_some();
    let (own, is_seated) = own.unwrap_or((None, false));
    if let Some(own) = own {
        *seat = own;
    }
    // SAFETY: callers have the entry exclusively, so this is the owner, and they have found
    // the node unlinked. The seat changes and the entry is dropped only after `disarm`, or when the
    // node's state says that it is not linked.
    let armed = unsafe { seat.arm(node, waker, passed, is_seated, is_inside) };
    // After a shutdown nothing will wake a timer of an outside thread, and the waker is dropped.
    armed.is_ok()
}

/// Unlinks a node, if it is linked, and gives back its waker.
fn disarm(node: Pin<&Node>, seat: &Seat) -> Option<Waker> {
    match node.state() {
        State::Owned => None,
        // SAFETY: callers have the entry exclusively, so this is the owner; a linked node is in
        // the entry's seat.
        State::Linked => unsafe { seat.disarm(node) },
    }
}

fn is_same_runtime(current: &Context, seat: &Seat) -> bool {
    Arc::ptr_eq(current.shared.core(), seat.core())
}
