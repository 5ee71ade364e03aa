//! What the executor asks of whoever composes it with I/O and timers.
//!
//! The executor knows neither sockets nor clocks. A worker that runs out of work parks on the
//! [`Driver`] it was given; everything that a thread needs around the tasks it runs comes from the
//! [`Environment`].

use std::any::Any;
use std::fmt;

/// The exclusive side of the I/O and timer driver: one thread at a time is in it.
pub trait Driver: Send + 'static {
    /// Waits until there is an event, a timer is due, or [`Environment::unpark`] is called; then
    /// wakes what is due. An `unpark` that came before the wait ends it at once.
    ///
    /// `quiet` tells whether events and timers are all that can happen: no unpark has come, every
    /// worker sleeps, and no job of the offload pool is under way. A clock that jumps to the next
    /// timer asks it first.
    fn park(&mut self, quiet: &dyn Fn() -> bool);

    /// Wakes what is due, without waiting.
    fn turn(&mut self);

    /// Whether a turn just before a wait may find what has come a moment ago. Not if there are timers only:
    /// [`park`](Self::park) knows best when to return for those. Nor if time passes in `park` only.
    fn is_worth_a_look(&self) -> bool;
}

/// The shared side: what surrounds a thread that runs tasks.
pub trait Environment: fmt::Debug + Send + Sync + 'static {
    /// Calls `body` with this thread's surroundings set: the current driver, the current timers.
    /// `seat` is the worker's number; a thread without one runs no tasks.
    fn enter(&self, seat: Option<usize>, body: &mut dyn FnMut());

    /// This thread has given its seat away while `body` runs: from now on it is one without.
    fn unseat(&self);

    /// Makes the thread that is parked in the driver, or the next one to park there, return.
    fn unpark(&self);

    /// Whether [`Driver::turn`] could find anything. Called often; one or two loads.
    fn wants_turn(&self) -> bool;

    /// A worker's periodic check while another thread is in the driver.
    fn tick(&self, seat: usize);

    /// A worker goes to sleep, leaves its seat, or is stuck, while another thread may be parked in
    /// the driver: what this worker has armed must reach that thread.
    fn before_sleep(&self, seat: usize);

    /// The last job of the offload pool that was under way has ended: a clock that waits for that
    /// may go on. Called often; one load unless there is such a clock.
    fn jobs_ended(&self);

    /// After the end of the runtime a thread is still in `block_on`, or waits for jobs that run: wakes
    /// what is due. Called every few milliseconds.
    fn turn_after_the_end(&self);

    /// Itself, so that whoever made it finds its own type again.
    fn as_any(&self) -> &dyn Any;

    /// The runtime has ended: whoever still waits for something is woken. Sockets give errors; timers
    /// go on for threads in `block_on`.
    fn shutdown(&self);
}
