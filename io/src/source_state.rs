//! What the driver knows of one source: its readiness, and who waits for it.
//!
//! # No wake-up is lost
//!
//! A waiter takes the lock, leaves its waker, and only then looks at the readiness again. The
//! driver changes the readiness, and only then takes the lock to collect the wakers. Whichever of
//! the two has the lock first, either the waiter sees the change or the driver finds the waker.
//!
//! # Who waits
//!
//! Each direction has one slot for the `poll_*` methods, of which the last caller is remembered, as
//! in tokio; and there is a list for the futures, any number of which may wait at once. An event
//! wakes everybody whom it satisfies: waking only one would need a hand-over when that one is
//! dropped.
//!
//! # Arming
//!
//! Where the system reports an event only once per request (oneshot), `armed` says what has been
//! asked of it. A waiter asks for more under the lock, and so does who only tries and finds the source
//! not ready. An event disarms the source for everything, so it wakes all waiters, and those who are
//! not satisfied ask again. With edge-triggered events everything is armed for ever, but for writing,
//! which is armed for ever by the first attempt that finds the source full (see `registration.rs`).
//!
//! Wakers are cloned before the lock is taken, and woken and dropped after it has been released:
//! they are the user's code. So is what tells the descriptor of an `AsyncFd`: whoever waits brings it
//! along.
//!
//! Checked by: loom-tests/tests/models/readiness.rs

use std::io;
use std::task::{Poll, Waker};

use mainspring_executor::fork::Generation;
use slab::Slab;

use crate::readiness::{Observed, Readiness};
use crate::sync::{Mutex, mutant};
use crate::{Interest, Ready};

/// One of the two ways that data takes through a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(crate) const fn interest(self) -> Interest {
        match self {
            Self::Read => Interest::READABLE,
            Self::Write => Interest::WRITABLE,
        }
    }

    pub(crate) const fn mask(self) -> Ready {
        self.interest().mask()
    }
}

/// The state of one source, shared by its registration and the driver.
#[derive(Debug)]
pub(crate) struct SourceState {
    /// The process in which it was registered. In the child of a fork nobody is in the driver, so
    /// nobody may wait; and the lock may be held by a thread that is not there.
    generation: Generation,
    /// What the source is ready for.
    readiness: Readiness,
    /// Who waits. Taken after the lock of the driver's list of sources; nothing is locked within
    /// it.
    waiters: Mutex<Waiters>,
}

#[derive(Debug)]
struct Waiters {
    /// The task that last called a `poll_*` method that reads.
    reader: Option<Waker>,
    /// The task that last called a `poll_*` method that writes.
    writer: Option<Waker>,
    /// The futures that wait, in no order.
    futures: Slab<Waiter>,
    /// What the system will report without being asked again.
    armed: Ready,
}

#[derive(Debug)]
struct Waiter {
    /// The states that end the wait.
    mask: Ready,
    /// The future's task; taken when it is woken.
    waker: Option<Waker>,
}

/// The place of one waiting future in the list of its source.
#[derive(Debug)]
pub(crate) struct WaiterKey(usize);

impl SourceState {
    /// `armed` is what the system reports from now on without being asked again.
    pub(crate) fn new(ready: Ready, armed: Ready) -> Self {
        Self {
            generation: Generation::current(),
            readiness: Readiness::new(ready),
            waiters: Mutex::new(Waiters {
                reader: None,
                writer: None,
                futures: Slab::new(),
                armed,
            }),
        }
    }

    #[inline]
    pub(crate) fn observe(&self) -> Observed {
        self.readiness.observe()
    }

    #[inline]
    pub(crate) fn clear(&self, observed: Observed, states: Ready) {
        self.readiness.clear(observed, states);
    }

    /// Asks the system for `states`, unless it has been asked; nobody waits. `arm` asks the system to
    /// report what it is given; it is called under the lock. Not in the child of a fork.
    #[cold]
    pub(crate) fn ask(
        &self,
        states: Ready,
        arm: impl FnOnce(Ready) -> io::Result<()>,
    ) -> io::Result<()> {
        if mutant!("io: who tries in vain does not ask") {
            return Ok(());
        }
        self.waiters.lock().arm(states, arm)
    }

    /// Waits in the slot of `direction`. `arm` asks the system to report what it is given; it is
    /// called under the lock.
    #[inline]
    pub(crate) fn poll_direction(
        &self,
        waker: &Waker,
        direction: Direction,
        arm: impl FnOnce(Ready) -> io::Result<()>,
    ) -> Poll<io::Result<Observed>> {
        let observed = self.observe();
        if observed.ends_wait(direction.mask()) {
            return Poll::Ready(Ok(observed));
        }
        self.wait_for_direction(waker.clone(), direction, arm)
    }

    fn wait_for_direction(
        &self,
        waker: Waker,
        direction: Direction,
        arm: impl FnOnce(Ready) -> io::Result<()>,
    ) -> Poll<io::Result<Observed>> {
        self.check_generation()?;
        let mut waiters = self.waiters.lock();
        // Dropped after the lock is released: declared outside of it, dropped explicitly below.
        let mut old = waiters.slot(direction).replace(waker);
        let observed = self.observe();
        let ends = observed.ends_wait(direction.mask());
        let result = if ends && !mutant!("io: no look behind the waker in the slot") {
            let new = waiters.slot(direction).take();
            drop(waiters);
            drop(new);
            Poll::Ready(Ok(observed))
        } else {
            let armed = waiters.arm(direction.mask(), arm);
            drop(waiters);
            match armed {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            }
        };
        drop(old.take());
        result
    }

    /// Waits in the list. The caller keeps `key`, and gives it to [`cancel`](Self::cancel) if it is
    /// still there in the end.
    pub(crate) fn poll_future(
        &self,
        waker: &Waker,
        mask: Ready,
        key: &mut Option<WaiterKey>,
        arm: impl FnOnce(Ready) -> io::Result<()>,
    ) -> Poll<io::Result<Observed>> {
        let observed = self.observe();
        if observed.ends_wait(mask) {
            self.cancel(key);
            return Poll::Ready(Ok(observed));
        }

        self.check_generation()?;
        let new = waker.clone();
        let mut waiters = self.waiters.lock();
        let old = waiters.enlist(key, mask, new);
        let observed = self.observe();
        if observed.ends_wait(mask) && !mutant!("io: no look behind the waker in the list") {
            let new = key.take().map(|key| waiters.futures.remove(key.0));
            drop(waiters);
            drop((old, new));
            return Poll::Ready(Ok(observed));
        }
        let armed = waiters.arm(mask, arm);
        drop(waiters);
        drop(old);
        match armed {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// A future of the list waits no longer.
    pub(crate) fn cancel(&self, key: &mut Option<WaiterKey>) {
        if let Some(key) = key.take() {
            if self.generation.is_stale() {
                return;
            }
            let mut waiters = self.waiters.lock();
            let waiter = waiters.futures.remove(key.0);
            drop(waiters);
            drop(waiter);
        }
    }

    /// A wait in the child of a fork would not end.
    fn check_generation(&self) -> io::Result<()> {
        self.generation.check("the driver of this socket")
    }

    /// An event: the source is in `states` now. Adds to `wakers` whom to wake. For the driver
    /// alone.
    pub(crate) fn event(&self, states: Ready, is_oneshot: bool, wakers: &mut Vec<Waker>) {
        if mutant!("io: the wakers are collected before the report is set") {
            self.waiters.lock().collect(states, wakers);
        }
        self.readiness.set(states);
        let mut waiters = self.waiters.lock();
        if is_oneshot {
            if !mutant!("io: an event leaves a oneshot source armed") {
                waiters.armed = Ready::EMPTY;
            }
            let all = !mutant!("io: a oneshot event wakes only those whom it is for");
            waiters.collect(if all { Ready::ALL } else { states }, wakers);
        } else if !mutant!("io: the wakers are collected before the report is set") {
            waiters.collect(states, wakers);
        }
    }

    /// Every present and future wait ends. Adds to `wakers` whom to wake.
    pub(crate) fn end(&self, wakers: &mut Vec<Waker>) {
        if mutant!("io: the wakers are collected before the end is set") {
            self.waiters.lock().collect(Ready::ALL, wakers);
            return self.readiness.end();
        }
        self.readiness.end();
        self.waiters.lock().collect(Ready::ALL, wakers);
    }
}

impl Observed {
    #[inline]
    fn ends_wait(self, mask: Ready) -> bool {
        self.has_ended() || self.states().intersects(mask)
    }
}

impl Waiters {
    fn slot(&mut self, direction: Direction) -> &mut Option<Waker> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }

    /// Puts a waker into the list, and returns the one that it replaces.
    fn enlist(&mut self, key: &mut Option<WaiterKey>, mask: Ready, waker: Waker) -> Option<Waker> {
        match key {
            Some(key) => self.futures[key.0].waker.replace(waker),
            None => {
                let waiter = Waiter {
                    mask,
                    waker: Some(waker),
                };
                *key = Some(WaiterKey(self.futures.insert(waiter)));
                None
            }
        }
    }

    fn arm(&mut self, mask: Ready, ask: impl FnOnce(Ready) -> io::Result<()>) -> io::Result<()> {
        if self.armed.contains(mask) {
            return Ok(());
        }
        let wanted = if mutant!("io: who asks forgets what others have asked for") {
            mask
        } else {
            self.armed | mask
        };
        ask(wanted)?;
        self.armed = wanted;
        Ok(())
    }

    /// Takes the wakers of those whose wait ends when the source is in one of `states`.
    fn collect(&mut self, states: Ready, wakers: &mut Vec<Waker>) {
        if states.intersects(Direction::Read.mask()) {
            wakers.extend(self.reader.take());
        }
        if states.intersects(Direction::Write.mask()) {
            wakers.extend(self.writer.take());
        }
        for (_, waiter) in &mut self.futures {
            if states.intersects(waiter.mask) {
                wakers.extend(waiter.waker.take());
            }
        }
    }
}
