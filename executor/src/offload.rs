//! The offload pool: threads for jobs that wait, and for jobs that compute.
//!
//! Four *lanes* share the threads, each with a limit of its own, so that none takes another's:
//!
//! | lane | what | at once at most |
//! |---|---|---|
//! | blocking | the user's jobs that wait: each gets a thread | `max_blocking_threads` |
//! | computing | the user's jobs that want a core each | the cores |
//! | files | the runtime's own work on files | [`pool`]'s `FILES_MAX` |
//! | look-ups | the runtime's own look-ups of names, which may be stuck | `LOOKUPS_MAX` |
//!
//! A thread is started when a job finds none that is idle or will be in a moment. Any thread runs
//! jobs of any lane. It waits for the next one on a stack (the latest first, so that a burst's
//! threads retire), and ends after `keep_alive` without one.
//!
//! # A job
//!
//! It is a task that is polled once. It waits in its lane's queue, on the [`board`]; is handed to a
//! thread, by that thread's mailbox or by its own look at the queues; runs; is over; and completes,
//! which wakes whoever awaits it. Abort cancels it on the spot, on the aborting thread, as long as
//! it has not begun; the queue entry, now stale, is let go by whoever comes upon it.
//!
//! # A thread
//!
//! ```text
//!           start          job_over                next: none
//!   (new) ────────▶ running ────────▶ finishing ────────────────▶ idle ────────▶ (ended)
//!                   ▲  │  ▲               │                        │    retire
//!          end_wait │  │  │ next: a job   │                        │
//!                   │  ▼  └───────────────┤                        │
//!                  waiting                └──── mail: claimed ─────┘
//!                     begin_wait
//! ```
//!
//! A thread is *arriving* from the moment in which it is claimed or started until it begins its job. While
//! one is, nobody claims a second: what is queued is for those that run jobs already, and if there is still
//! more than they need when the one arrives, it sees to the next. So a burst of short jobs is run by a few
//! threads, and one of long jobs gets its threads one after the other, each as soon as the one before it is
//! awake.
//!
//! *Finishing* is the moment between the end of a closure and the thread's look at the queues, in
//! which the job completes. A caller that awaits one job after the other submits the next one in
//! that very moment: it is queued, and the finishing thread finds it. So such a caller never has
//! more than one thread. What the thread does in between is to wake somebody; if it must run a
//! destructor of the user's instead, it takes its promise back first.
//!
//! # Invariants
//!
//! * I1: a job that was accepted is run, cancelled or refused, once. It is in a queue, in a
//!   mailbox, or in the hands of a thread; whoever sets RUNNING in its state word has its closure.
//! * I2: while no start has been refused, no more jobs that could run now wait than there are
//!   finishing threads, or some thread is arriving. So while a job waits, its lane is full of running jobs, whose threads look
//!   when they are done; or some thread will look in a moment; or the system has refused a thread,
//!   and some other is alive that will look.
//! * I3: an idle thread is claimed by taking it off the stack, under the lock. A thread whose wait
//!   timed out and that is no longer on the stack has been claimed, and must wait for its mail.
//! * I4: jobs run, closures and wakers are dropped, and threads are started, with no lock held.
//! * I5: a job waits for a thread that the system refused only while there is a thread that will
//!   look (`lookers`). The last such thread that ends, or begins to wait for somebody else, takes
//!   the hope along: then all jobs that wait get the system's error.
//! * I6: a thread that waits for another task, and that the pool knows of ([`waits`]), takes no
//!   place in its lane: the other one may be a job that needs this place.
//!
//! # Rejected
//!
//! * A sharded queue with separate idle accounting: such a one lost wake-ups in production
//!   elsewhere and was taken back within days.
//! * Going idle before the job completes: a job that was handed to the thread would wait for as
//!   long as the completion takes, and only this thread could run it. From the queue another can.
//! * Look-ups and files in one lane: name servers that do not answer would stop the reading of
//!   files.

mod board;
mod gate;
mod job;
mod lane;
mod mailbox;
mod permit;
mod pool;
mod reserved;
mod spawn;
mod thread;
mod waits;

pub use job::JobContext;
pub use permit::{OffloadPermit, ReserveError, ReserveOffload, reserve_offload};
pub use reserved::{Reserved, ReservedJob, run_reserved};
pub use spawn::{offload, spawn_blocking};

#[cfg(all(test, not(mainspring_loom), target_pointer_width = "64"))]
pub(crate) use self::{board::Board, gate::Gate, mailbox::Mailbox};
#[cfg(mainspring_loom)]
pub(crate) use board::{Assignment, Board, Newcomer, Next, Unstarted};
#[cfg(mainspring_loom)]
pub(crate) use gate::{Entrance, Gate};
pub(crate) use lane::Lane;
#[cfg(mainspring_loom)]
pub(crate) use lane::{Entry, Limits};
#[cfg(mainspring_loom)]
pub(crate) use mailbox::{Mail, Mailbox};
pub(crate) use pool::{Pool, PoolConfig};
pub(crate) use thread::forget;
pub(crate) use waits::{blocked_on_pool_thread, found_pending};

use std::panic::Location;
use std::sync::Arc;

use crate::scheduler::Scheduler;
use crate::task::{JoinHandle, Schedule, TaskOrigin, new_job, next_id};

impl Scheduler {
    /// Hands a job to the pool.
    pub(crate) fn submit<F, R>(
        self: &Arc<Self>,
        lane: Lane,
        job: F,
        spawned_at: &'static Location<'static>,
    ) -> JoinHandle<R>
    where
        F: FnOnce(&JobContext) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.submit_with(lane, job, spawned_at, |own| own)
    }

    /// As [`submit`](Self::submit), with the job's scheduler wrapped.
    pub(crate) fn submit_with<F, R, S>(
        self: &Arc<Self>,
        lane: Lane,
        job: F,
        spawned_at: &'static Location<'static>,
        wrap: impl FnOnce(job::JobScheduler) -> S,
    ) -> JoinHandle<R>
    where
        F: FnOnce(&JobContext) -> R + Send + 'static,
        R: Send + 'static,
        S: Schedule,
    {
        self.generation.expect_current("offload");
        // Jobs are in no list of live tasks: the pool's board knows them until they are over.
        let origin = TaskOrigin {
            id: next_id(),
            spawned_at,
            shard: 0,
        };
        let (entry, handle) = new_job(
            job::Job::new(job),
            wrap(job::JobScheduler::of(self)),
            origin,
        );
        self.pool.submit(self, lane, entry);
        handle
    }
}
