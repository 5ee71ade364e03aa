//! One wheel, its lock, and its next deadline for others to read.
//!
//! Each worker of a runtime has a seat, and one more is shared by all outside threads. A thread
//! arms timers in its own seat only, so a worker's lock is contended only when somebody else turns
//! its wheel or drops a timer that was armed there.
//!
//! The published deadline is a lower bound: no timer of the seat is due before it. Arming lowers
//! it, turning sets it to what remains. Cancelling leaves it, unless the wheel is empty then;
//! finding the new minimum could mean a walk along a full slot at each of thousands of
//! cancellations, while a bound that is too early costs one turn that finds nothing and corrects
//! it.
//!
//! User code runs outside the lock: wakers are collected and woken, or dropped, after it.
//!
//! Checked by: loom-tests/tests/models/timer.rs

use std::fmt;
use std::pin::Pin;
use std::task::Waker;

use crate::batch::WakeBatch;
use crate::node::Node;
use crate::shared::Core;
use crate::sync::{Arc, AtomicU64, BriefLock, Ordering, contain_panic, mutant, variant};
use crate::wheel::{Linked, NEVER, Turned, Wheel};

/// Nodes of a coarse slot that are looked at to find the exact next deadline. A slot with more of
/// them is visited when it begins, which costs one early wake-up.
const VISITS: usize = 16;

/// A deadline closer than this, 1 ms, is compared with the clock when a timer is polled. Looking
/// costs 25 to 40 ns, a third of arming and cancelling a timer; a turn that has to wake a timer
/// which could have been ready at once costs microseconds.
const NEAR: u64 = 1_000_000;

/// So many timers are taken out under one hold of the lock at the end: 2 us, about.
const TAKEN_OUT_AT_ONCE: usize = if cfg!(mainspring_loom) { 1 } else { 64 };

/// A wheel that timers are armed in.
pub(crate) struct Seat {
    /// What this seat shares with the others of its runtime.
    core: Arc<Core>,
    /// A lower bound of the deadlines in the wheel; written under the lock. On a cache line of its
    /// own, as all threads read it.
    next: Padded<AtomicU64>,
    /// What the seat's own thread uses. On a cache line of its own.
    own: Padded<Own>,
}

/// What hardly anybody but the seat's own thread uses.
struct Own {
    /// A time that has passed: what the clock showed when this seat looked at it last. Saves looks.
    recent: AtomicU64,
    /// Protects the wheel and the links of the nodes in it. A leaf: nothing is locked under it.
    content: BriefLock<Content>,
}

/// What is behind the lock of a seat.
struct Content {
    /// The armed timers.
    wheel: Wheel<Node>,
    /// Whether timers may be armed: false after the runtime has shut down.
    is_open: bool,
}

/// Two cache lines, the unit in which processors fetch them.
#[repr(align(128))]
struct Padded<T>(T);

impl Seat {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let now = core.clock().now();
        let wheel = Wheel::new(now);
        Self {
            core,
            next: Padded(AtomicU64::new(NEVER)),
            own: Padded(Own {
                recent: AtomicU64::new(now),
                content: BriefLock::new(Content {
                    wheel,
                    is_open: true,
                }),
            }),
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The time now. A timer's creation looks at it, so that its first poll need not.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        let now = self.core.clock().now();
        self.note(now);
        now
    }

    /// Whether a deadline has passed, and if not, a time that has. The latter may lie back by as
    /// much as the deadline is ahead less [`NEAR`]: for a deadline that is far from the last time
    /// that this seat knows, the clock is not looked at. Should it have passed all the same, as the
    /// thread has been busy for that long since it created the timer, the next turn wakes the
    /// timer.
    #[inline]
    pub(crate) fn has_passed(&self, deadline: u64) -> Result<(), u64> {
        let clock = self.core.clock();
        let mut known = 0;
        if !clock.is_warped() {
            // Ordering: Relaxed; any value is a time that has passed, on a clock common to all
            // threads.
            known = self.own.0.recent.load(Ordering::Relaxed);
        }
        if deadline > known && (clock.is_warped() || deadline - known < NEAR) {
            known = self.now();
        }
        if deadline <= known {
            Ok(())
        } else {
            Err(known)
        }
    }

    /// No timer of this seat is due before this time.
    pub(crate) fn next(&self) -> u64 {
        // Ordering: Relaxed; what it leads to is behind the lock. Where it must not be missed, the
        // fences of the park protocol order it.
        self.next.0.load(Ordering::Relaxed)
    }

    /// Links a node. `is_own` says that the current thread is the worker that this seat belongs to:
    /// then nobody is told, as the worker looks at its deadline itself before it sleeps. `passed`
    /// is a time that has passed. `is_inside` says that the current thread is in the runtime. Gives
    /// the waker back if the runtime has shut down and the thread is not in it.
    ///
    /// # Safety
    ///
    /// 1. The caller is the node's owner, and the node is not linked.
    /// 2. Before the node is freed, moved or linked in another seat, [`disarm`](Self::disarm) is
    ///    called on this one, unless the node's state says that it has fired.
    pub(crate) unsafe fn arm(
        &self,
        node: Pin<&Node>,
        waker: Waker,
        passed: u64,
        is_own: bool,
        is_inside: bool,
    ) -> Result<(), Waker> {
        let deadline = node.deadline();
        let mut content = self.own.0.content.lock();
        let refuses = !is_inside || mutant!("timer: what is closed takes nobody's timers");
        if !content.is_open && refuses && !mutant!("timer: what is closed takes timers") {
            drop(content);
            return Err(waker);
        }
        // SAFETY: handed on from the caller: (1), and `disarm` is where (2) is kept.
        unsafe { node.link(&mut content.wheel, waker, passed) };
        // Ordering: Relaxed; the lock is held. (Loom passes some executions over in which a thread loads
        // a word that it changes later: the models run the variant, too.)
        let next = if variant!("timer: an armer looks by a read-modify-write") {
            self.next.0.fetch_add(0, Ordering::Relaxed)
        } else {
            self.next()
        };
        let is_next = deadline < next;
        let tells =
            is_next && !is_own && !mutant!("timer: an outside timer is told to nobody (A3)");
        if mutant!("timer: an outside timer is told before it is published (A1)") && tells {
            self.core.park().wake_if_later(deadline);
        }
        if mutant!("timer: armed, and the lock is let go before the publication") {
            drop(content);
            content = self.own.0.content.lock();
        }
        if is_next && !mutant!("timer: no deadline is published (A1)") {
            self.publish(deadline);
        }
        drop(content);
        if tells && !mutant!("timer: an outside timer is told before it is published (A1)") {
            self.core.park().wake_if_later(deadline);
        }
        Ok(())
    }

    /// Unlinks a node and gives back its waker; nothing if it has fired. When this returns, no
    /// other thread touches the node any more.
    ///
    /// # Safety
    ///
    /// The caller is the node's owner, and the node was last linked in this seat.
    pub(crate) unsafe fn disarm(&self, node: Pin<&Node>) -> Option<Waker> {
        let mut content = self.own.0.content.lock();
        // SAFETY: handed on from the caller.
        let waker = unsafe { node.unlink(&mut content.wheel) };
        let is_empty = content.wheel.is_empty();
        if mutant!("timer: disarmed, and the lock is let go before the publication") {
            drop(content);
            content = self.own.0.content.lock();
        }
        if is_empty {
            self.publish(NEVER);
        }
        drop(content);
        waker
    }

    /// Exchanges the waker of a linked node and gives back the old one; gives the new one back if
    /// the node has fired.
    ///
    /// # Safety
    ///
    /// As for [`disarm`](Self::disarm).
    pub(crate) unsafe fn replace_waker(
        &self,
        node: Pin<&Node>,
        waker: Waker,
    ) -> Result<Waker, Waker> {
        let mut content = self.own.0.content.lock();
        // SAFETY: handed on from the caller.
        unsafe { node.replace_waker(&mut content.wheel, waker) }
    }

    /// Wakes what is due and says how many that were. One load if nothing is.
    pub(crate) fn turn(&self, now: u64) -> usize {
        if self.next() > now {
            return 0;
        }
        self.note(now);
        let mut batch = WakeBatch::new();
        let mut woken = 0;
        loop {
            let turned = self.collect(now, &mut batch);
            woken += batch.wake_all();
            if turned == Turned::Done {
                return woken;
            }
        }
    }

    /// The exact deadline of the timer that is due next, or [`NEVER`]. Takes the lock, and looks at
    /// every timer of a slot.
    pub(crate) fn exact_next(&self) -> u64 {
        let mut content = self.own.0.content.lock();
        let next = content.wheel.next_expiry(usize::MAX);
        if mutant!("timer: looked at, and the lock is let go before the publication") {
            drop(content);
            content = self.own.0.content.lock();
        }
        self.publish(next);
        drop(content);
        next
    }

    /// Takes out all timers and wakes whoever waits for them: nobody turns the wheel any more, but a
    /// thread that is still in the runtime may arm them again and turn it itself.
    pub(crate) fn close(&self) {
        let mut wakers = Vec::new();
        // Whoever is in the runtime may arm timers meanwhile, but is woken only afterwards: they are few.
        while self.take_out_some(&mut wakers) {}
        if mutant!("timer: the end wakes nobody") {
            return;
        }
        for waker in wakers {
            contain_panic(|| waker.wake());
        }
    }

    /// Closes the seat and takes out some of its timers. False if there are no more.
    fn take_out_some(&self, wakers: &mut Vec<Waker>) -> bool {
        // Not under the lock, for which others spin.
        wakers.reserve(TAKEN_OUT_AT_ONCE);
        let mut content = self.own.0.content.lock();
        content.is_open = false;
        for _ in 0..TAKEN_OUT_AT_ONCE {
            let Some(node) = content.wheel.pop() else {
                if mutant!("timer: closed, and the lock is let go before the publication") {
                    drop(content);
                    content = self.own.0.content.lock();
                }
                self.publish(NEVER);
                drop(content);
                return false;
            };
            // SAFETY: the wheel let go of the node under this lock, and it is not used again.
            wakers.push(unsafe { Node::fire(node) });
        }
        true
    }

    /// Keeps a time that has passed. A paused clock is always asked.
    #[inline]
    fn note(&self, now: u64) {
        if !self.core.clock().is_warped() {
            // Ordering: Relaxed; see `has_passed`.
            self.own.0.recent.store(now, Ordering::Relaxed);
        }
    }

    /// Takes out a batch of what is due, under the lock.
    fn collect(&self, now: u64, batch: &mut WakeBatch) -> Turned {
        let mut content = self.own.0.content.lock();
        let turned = content.wheel.turn(now, batch.room(), |node| {
            // SAFETY: the wheel let go of the node under this lock, and it is not used again.
            batch.push(unsafe { Node::fire(node) });
        });
        if turned == Turned::Done {
            let next = content.wheel.next_expiry(VISITS);
            if mutant!("timer: turned, and the lock is let go before the publication") {
                drop(content);
                content = self.own.0.content.lock();
            }
            self.publish(next);
        }
        drop(content);
        turned
    }

    /// Sets the published deadline. Called under the lock.
    fn publish(&self, next: u64) {
        // Ordering: Relaxed; pairs with `next`, see there.
        self.next.0.store(next, Ordering::Relaxed);
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("next", &self.next())
            .finish_non_exhaustive()
    }
}
