//! Jobs that wait for other jobs. A thread that does so uses no core and cannot run what it waits
//! for, so it does not count against its lane's limit meanwhile: one more thread may take its
//! place. Else a pool of one thread would stop for ever at a job that waits for another.
//!
//! The pool learns of a wait from `Handle::block_on`, for as long as that lasts; and from a
//! [`JoinHandle`](crate::JoinHandle) that is pending when it is polled on a thread of the pool,
//! which means that some other `block_on` polls it. When that one goes on cannot be seen, so the
//! thread takes its place again with its next job only.
//!
//! A job that waits by other means, such as a channel of the standard library, holds its place.
//!
//! Checked by: loom-tests/tests/models/pool.rs

use std::marker::PhantomData;
use std::sync::Arc;

use super::thread::{Post, post, scheduler_of_pool, set_post};
use crate::scheduler::Scheduler;
use crate::sync::mutant;

/// This thread is about to wait for tasks or jobs, until the guard is dropped. Does nothing on a
/// thread that belongs to no pool, or waits already.
pub(crate) fn blocked_on_pool_thread() -> Blocked {
    let waiting = match post() {
        Post::Works(_) if mutant!("pool: a job in block_on holds its place (I6)") => None,
        Post::Works(number) => begin_wait(number).map(|scheduler| (scheduler, number)),
        Post::Elsewhere | Post::Waits(_) => None,
    };
    Blocked {
        waiting,
        _not_send: PhantomData,
    }
}

/// This thread has found a task pending whose end it wants.
#[inline]
pub(crate) fn found_pending() {
    if mutant!("pool: a job that finds another pending holds its place (I6)") {
        return;
    }
    if let Post::Works(number) = post() {
        begin_wait(number);
    }
}

/// Ends the wait that [`blocked_on_pool_thread`] began.
#[derive(Debug)]
#[must_use = "the thread counts as waiting until this is dropped"]
pub(crate) struct Blocked {
    /// The pool that this thread belongs to, and its number there. None if nothing was begun.
    waiting: Option<(Arc<Scheduler>, usize)>,
    /// It is about the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some((scheduler, number)) = self.waiting.take() {
            set_post(Post::Works(number));
            scheduler.pool.board.end_wait(number);
        }
    }
}

/// Gives the thread's place in its lane away.
#[cold]
fn begin_wait(number: usize) -> Option<Arc<Scheduler>> {
    let scheduler = scheduler_of_pool()?;
    set_post(Post::Waits(number));
    let assignment = scheduler.pool.board.begin_wait(number);
    scheduler.pool.carry_out(&scheduler, assignment);
    Some(scheduler)
}
