//! Waiting for a socket of this runtime to be closed.
//!
//! An `accept` that has run out of file descriptors waits here: a close gives one back.
//!
//! # No close is missed
//!
//! The waiter counts itself in, and then tries to accept once more. The closer closes, and then
//! looks at the count. These are two stores, each followed by a load of what the other stored, so
//! both sides have a sequentially consistent fence between the two: either the waiter's attempt
//! finds the descriptor, or the closer sees the waiter. A close costs one fence and one load when
//! nobody waits.
//!
//! A close wakes all who wait; each tries, and those in vain wait again.
//!
//! Checked by: loom-tests/tests/models/readiness.rs

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Arc, Mutex, mutant};
use crate::wake::wake_all;

/// Where closes are announced.
#[derive(Debug)]
pub(crate) struct Closes {
    /// How many [`Closed`] there are.
    waiting: AtomicUsize,
    /// Who waits. Nothing is locked within it.
    waiters: Mutex<Waiters>,
}

#[derive(Debug)]
struct Waiters {
    /// How many closes have been announced to waiters.
    announced: u64,
    /// The tasks that wait. A waker is taken when it is woken.
    wakers: Slab<Option<Waker>>,
}

/// Becomes ready when a socket has been closed since this was made.
#[derive(Debug)]
pub(crate) struct Closed {
    /// Where the close is announced.
    closes: Arc<Closes>,
    /// The number of closes when this was made.
    announced_before: u64,
    /// The place among the waiters.
    key: usize,
}

impl Closes {
    pub(crate) fn new() -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            waiters: Mutex::new(Waiters {
                announced: 0,
                wakers: Slab::new(),
            }),
        }
    }

    /// A socket has been closed.
    pub(crate) fn announce(&self) {
        // Ordering: SeqCst fence; pairs with the one in `wait`. The close comes before it, the look
        // at the count after it.
        if !mutant!("io: no fence after a close") {
            fence(Ordering::SeqCst);
        }
        // Ordering: Relaxed; the fence above orders it.
        if self.waiting.load(Ordering::Relaxed) != 0 {
            self.announce_to_waiters();
        }
    }

    #[cold]
    fn announce_to_waiters(&self) {
        let mut wakers = Vec::new();
        let mut waiters = self.waiters.lock();
        waiters.announced += 1;
        wakers.extend(
            waiters
                .wakers
                .iter_mut()
                .filter_map(|(_, waker)| waker.take()),
        );
        drop(waiters);
        wake_all(&mut wakers);
    }

    /// From now on closes are noticed. Try once more before you wait for one.
    pub(crate) fn wait(self: &Arc<Self>) -> Closed {
        let (announced_before, key) = {
            let mut waiters = self.waiters.lock();
            (waiters.announced, waiters.wakers.insert(None))
        };
        // Ordering: Relaxed; the fence below orders it.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Ordering: SeqCst fence; pairs with the one in `announce`. The count comes before it, the
        // caller's next attempt after it.
        if !mutant!("io: no fence after the announcement of a wait for a close") {
            fence(Ordering::SeqCst);
        }
        Closed {
            closes: self.clone(),
            announced_before,
            key,
        }
    }
}

impl Future for Closed {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let new = cx.waker().clone();
        let mut waiters = self.closes.waiters.lock();
        let is_closed = waiters.announced != self.announced_before
            && !mutant!("io: a close before the first poll is not looked for");
        let old = waiters.wakers[self.key].replace(new);
        drop(waiters);
        drop(old);
        if is_closed {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        // Ordering: Relaxed; a closer that still counts this one finds it gone under the lock.
        self.closes.waiting.fetch_sub(1, Ordering::Relaxed);
        let waker = self.closes.waiters.lock().wakers.remove(self.key);
        drop(waker);
    }
}
