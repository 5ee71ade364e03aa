//! What a runtime holds of its timers, and the scope that makes them current for a thread.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc as StdArc;
use std::time::Duration;

use crate::budget::Budget;
#[cfg(mainspring_loom)]
use crate::clock::after_by;
use crate::context::{self, Context};
use crate::instant::Instant;
use crate::origin::Origin;
use crate::shared::Shared;
use crate::sync::Arc;
use crate::wheel::NEVER;

/// The timers of one runtime.
///
/// Clones refer to the same timers. This is the interface to the runtime; applications use
/// [`sleep`](crate::sleep()) and its relatives inside an [`enter`](Self::enter) scope.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mainspring_timer::Handle;
///
/// let timers = Handle::new(1, Arc::new(|| { /* write to the driver's eventfd */ }));
/// let _scope = timers.enter(Some(0));
/// let wait = timers.prepare_park(None);
/// assert_eq!(wait, None); // no timers: wait for I/O only
/// timers.finish_park();
/// timers.turn();
/// ```
#[derive(Clone)]
pub struct Handle {
    /// All that the runtime's threads share.
    shared: Arc<Shared>,
}

/// The scope of [`Handle::enter`]. Dropping it restores what was current before.
///
/// Guards must be dropped in the opposite order of their creation, as local variables are; a guard
/// that is dropped late makes current what was so when it was created.
#[must_use = "the timers are current only as long as the guard lives"]
pub struct EnterGuard {
    /// What to restore.
    previous: Option<Context>,
    /// The scope belongs to a thread.
    _not_send: PhantomData<*const ()>,
}

impl Handle {
    /// Timers for `seats` workers and for outside threads.
    ///
    /// `unpark` makes the thread that waits in the driver return. It must be remembered when it
    /// comes before the wait, as a write to an eventfd is. It is called outside all locks, after
    /// [`prepare_park`](Self::prepare_park) only, and must not panic.
    pub fn new(seats: usize, unpark: StdArc<dyn Fn() + Send + Sync>) -> Self {
        Self::with_budget(seats, unpark, Budget::UNLIMITED)
    }

    /// As [`new`](Self::new), for an executor that limits what a task may do in one poll: each
    /// timer that is due takes one operation from `budget`.
    pub fn with_budget(
        seats: usize,
        unpark: StdArc<dyn Fn() + Send + Sync>,
        budget: Budget,
    ) -> Self {
        Self {
            shared: Arc::new(Shared::new(seats, unpark, budget, Origin::any())),
        }
    }

    /// As [`with_budget`](Self::with_budget), for a program that may fork: in the child, where
    /// nobody turns these wheels, whoever would wait for a timer panics instead.
    pub fn of_runtime(
        seats: usize,
        unpark: StdArc<dyn Fn() + Send + Sync>,
        budget: Budget,
        origin: Origin,
    ) -> Self {
        Self {
            shared: Arc::new(Shared::new(seats, unpark, budget, origin)),
        }
    }

    /// Makes these timers the current ones of this thread until the guard is dropped. Scopes nest.
    ///
    /// A thread in the scope of a seat promises to look after it: it turns it now and then, and
    /// calls [`before_sleep`](Self::before_sleep) or [`prepare_park`](Self::prepare_park) before it
    /// sleeps. `None` is for threads that promise nothing.
    ///
    /// # Panics
    ///
    /// If there is no such seat.
    #[track_caller]
    pub fn enter(&self, seat: Option<usize>) -> EnterGuard {
        let context = Context::new(
            self.shared.clone(),
            self.shared.seat(seat).clone(),
            seat.is_some(),
        );
        EnterGuard {
            previous: context::replace(Some(context)),
            _not_send: PhantomData,
        }
    }

    /// This thread has given its seat to another one: until it leaves the [`enter`](Self::enter)
    /// scope that it is in, it arms timers as an outside thread does.
    pub fn unseat(&self) {
        let is_own = context::with(|current| Arc::ptr_eq(&current.shared, &self.shared));
        if is_own == Some(true) {
            drop(context::replace(Some(Context::new(
                self.shared.clone(),
                self.shared.seat(None).clone(),
                false,
            ))));
        }
    }

    /// The current timers of this thread.
    ///
    /// # Panics
    ///
    /// Outside every [`enter`](Self::enter) scope.
    #[track_caller]
    pub fn current() -> Self {
        Self::current_for("Handle::current")
    }

    /// The current timers of this thread, if it is inside an [`enter`](Self::enter) scope.
    pub fn try_current() -> Option<Self> {
        context::with(|current| Self {
            shared: current.shared.clone(),
        })
    }

    /// How long the calling thread, which is about to wait in the driver, may wait at most: until
    /// the next timer of any seat is due, and not longer than `limit`. `None` is for ever.
    ///
    /// From here until [`finish_park`](Self::finish_park) whoever arms an earlier timer calls
    /// `unpark`. At most one thread may be between the two. While the clock is paused, timers
    /// that are not due yet do not bound the wait.
    pub fn prepare_park(&self, limit: Option<Duration>) -> Option<Duration> {
        self.shared.prepare_park(limit)
    }

    /// The wait that [`prepare_park`](Self::prepare_park) announced is over, or was not begun.
    pub fn finish_park(&self) {
        self.shared.finish_park();
    }

    /// Wakes what is due in every seat, and returns how many were woken.
    ///
    /// Costs one load per seat when there is no timer, and a look at the clock when there is one.
    /// A waker that panics is reported by the panic hook and keeps no other from being woken.
    pub fn turn(&self) -> usize {
        self.shared.turn()
    }

    /// Wakes what is due in one seat, and returns how many were woken: a worker's periodic check
    /// while another thread is in the driver.
    ///
    /// # Panics
    ///
    /// If there is no such seat.
    #[track_caller]
    pub fn turn_seat(&self, seat: usize) -> usize {
        self.shared.turn_seat(seat)
    }

    /// A worker that goes to sleep elsewhere than in the driver calls this first: if the next timer
    /// of its seat is due before the thread in the driver returns by itself, that thread is
    /// unparked.
    ///
    /// # Panics
    ///
    /// If there is no such seat.
    #[track_caller]
    pub fn before_sleep(&self, seat: usize) {
        self.shared.before_sleep(seat);
    }

    /// No timer is due before this time; `None` if there is no timer. A lower bound: when the timer
    /// that was due next has been cancelled, it may be its time still.
    pub fn next_deadline(&self) -> Option<Instant> {
        match self.shared.next() {
            NEVER => None,
            next => Some(Instant::from_std(self.shared.clock().instant(next))),
        }
    }

    /// Whether a timer is armed. It may say so for a while yet when the last one has been cancelled.
    pub fn has_timers(&self) -> bool {
        self.shared.has_timers()
    }

    /// Lets go of all timers: whoever waits for one is woken, and finds that it is not due.
    ///
    /// Timers may still be created, polled and dropped. One that is armed from now on is woken only if
    /// a thread inside an [`enter`](Self::enter) scope armed it and calls [`turn`](Self::turn).
    pub fn shutdown(&self) {
        self.shared.close();
    }

    /// Allows [`pause`](crate::pause) and its relatives, which suit only runtimes that run on one
    /// thread.
    pub fn allow_pausing(&self) {
        self.shared.clock().allow_pausing();
    }

    /// Pauses the clock, as [`pause`](crate::pause) does for the current runtime.
    ///
    /// # Panics
    ///
    /// Unless [`allow_pausing`](Self::allow_pausing) was called, and if the clock is paused.
    #[track_caller]
    pub fn pause(&self) {
        if let Err(message) = self.shared.clock().pause() {
            panic!("{message}");
        }
    }

    /// Whether the clock is paused.
    pub fn is_paused(&self) -> bool {
        self.shared.clock().is_paused()
    }

    /// Whether the clock stands still until it is told to move: while it is paused, and always under
    /// loom.
    pub fn is_frozen(&self) -> bool {
        self.shared.clock().is_frozen()
    }

    /// Moves a paused clock to the next deadline and wakes what is due then. False if there is no
    /// timer, or the clock is not paused. (Under loom the clock stands still even when it is not
    /// paused, and a model calls this where a wait would end by itself.)
    pub fn advance_to_next(&self) -> bool {
        self.shared.advance_to_next()
    }

    /// In a model, where a wait would end by its limit: the clock goes on by so much. Nobody is woken.
    #[cfg(mainspring_loom)]
    pub fn let_pass(&self, limit: Duration) {
        let clock = self.shared.clock();
        clock.advance_to(after_by(clock.now(), limit));
    }

    /// The current timers, for a function that needs them.
    #[track_caller]
    pub(crate) fn current_for(function: &str) -> Self {
        Self::try_current().unwrap_or_else(|| outside(function))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        // What was current is dropped here, outside the thread-local: it may be the last of a
        // runtime.
        drop(context::replace(self.previous.take()));
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// Reports that a function was called outside every scope.
#[cold]
#[track_caller]
pub(crate) fn outside(function: &str) -> ! {
    panic!(
        "mainspring: `{function}` was called outside a runtime; call it inside \
         `Runtime::block_on`, a spawned task, or a scope of `Handle::enter()`"
    )
}
