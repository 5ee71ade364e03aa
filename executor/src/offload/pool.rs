//! The pool of one scheduler: carries out what the [`Board`] decides.
//!
//! Checked by: loom-tests/tests/models/pool.rs

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::board::{Assignment, Board, Closing, Newcomer, Submitted, Unstarted};
use super::gate::Gate;
use super::lane::{Entry, Lane, Limits};
use super::mailbox::{Mail, Mailbox};
use super::thread;
use crate::handle::Handle;
use crate::hooks::Hooks;
use crate::scheduler::Scheduler;
use crate::sync::mutant;
use crate::task::{AbortHandle, Notified, TaskMeta};

/// Threads for the runtime's own work on files at most. Enough to keep a disk's queue busy, or a
/// network's; beyond that, more of them only wait in each other's way. Not measured.
const FILES_MAX: usize = 32;

/// Threads for look-ups at most. A resolver that does not answer holds each for seconds. Not
/// measured.
const LOOKUPS_MAX: usize = 16;

/// The bounds of a pool.
#[derive(Debug, Clone)]
pub(crate) struct PoolConfig {
    /// Blocking jobs at once at most.
    pub(crate) blocking_max: usize,
    /// Computing jobs at once at most.
    pub(crate) computing_max: usize,
    /// Places for computing jobs that wait, for those who ask for one.
    pub(crate) waiting_max: usize,
    /// How long a thread waits for its next job.
    pub(crate) keep_alive: Duration,
    /// Names and hooks of the threads.
    pub(crate) hooks: Hooks,
}

/// The offload pool of one scheduler.
pub(crate) struct Pool {
    /// How long its threads wait for a job, and what they are called.
    pub(super) config: PoolConfig,
    /// Jobs and threads.
    pub(super) board: Board<Notified>,
    /// The places for computing jobs that wait.
    pub(super) gate: Arc<Gate>,
}

impl Entry for Notified {
    type Mark = AbortHandle;

    fn mark(&self) -> AbortHandle {
        self.abort_handle()
    }

    fn is_stale(&self) -> bool {
        Self::is_stale(self)
    }
}

impl Pool {
    pub(crate) fn new(config: PoolConfig) -> Self {
        let limits = Limits {
            blocking: config.blocking_max,
            computing: config.computing_max,
            files: FILES_MAX,
            lookups: LOOKUPS_MAX,
        };
        Self {
            board: Board::new(limits),
            gate: Arc::new(Gate::new(config.waiting_max)),
            config,
        }
    }

    /// Takes a job on. If the pool has closed the job is cancelled; if no thread could be started
    /// and none is there to run it, it ends with the system's error.
    pub(super) fn submit(&self, scheduler: &Arc<Scheduler>, lane: Lane, job: Notified) {
        match self.board.submit(lane, job) {
            Ok(Submitted { assignment, stale }) => {
                self.carry_out(scheduler, assignment);
                stale.into_iter().for_each(Notified::run);
            }
            Err(late) => {
                if !mutant!("pool: a job that comes too late is let go") {
                    late.cancel();
                }
            }
        }
    }

    /// Sees to it that an assignment's job gets its thread.
    pub(super) fn carry_out(
        &self,
        scheduler: &Arc<Scheduler>,
        assignment: Option<Assignment<Notified>>,
    ) {
        match assignment {
            None => {}
            Some(Assignment::HandTo(mailbox, job)) => mailbox.put(Mail::Job(job)),
            Some(Assignment::Start(newcomer, mailbox, job)) => {
                self.start(scheduler, newcomer, mailbox, job);
            }
        }
    }

    /// Starts a thread for a job. Where the system refuses, the job is queued for the threads
    /// there are; without any it gets the error.
    fn start(
        &self,
        scheduler: &Arc<Scheduler>,
        newcomer: Newcomer,
        mailbox: Arc<Mailbox<Notified>>,
        job: Notified,
    ) {
        // The closure is dropped if the thread cannot be started, and the job must not be: it goes
        // by mail.
        mailbox.put(Mail::Job(job));
        let handle = Handle::new(Arc::clone(scheduler));
        let own = Arc::clone(&mailbox);
        let started = self
            .config
            .hooks
            .builder()
            .spawn(move || thread::pool_thread(&handle, newcomer.number, &own));
        let Err(error) = started else { return };
        let Some(Mail::Job(job)) = mailbox.take() else {
            unreachable!("nobody else has claimed a thread that never was")
        };
        match self.board.start_failed(newcomer, job) {
            // At most an idle thread: this does not start another one.
            Unstarted::Queued(assignment) => self.carry_out(scheduler, assignment),
            Unstarted::Closed(job) => job.cancel(),
            Unstarted::Stranded(jobs) => {
                for job in jobs {
                    job.refuse(copy_of(&error));
                }
            }
        }
    }

    /// Takes nothing on any more: queued jobs are cancelled, idle threads end. Jobs that run are
    /// asked to stop, and left to end by themselves.
    pub(crate) fn close(&self) {
        let Closing {
            queued,
            running,
            idle,
        } = self.board.close();
        for mailbox in idle {
            if !mutant!("pool: the end sends nobody home") {
                mailbox.put(Mail::End);
            }
        }
        if !mutant!("pool: the end closes no gate") {
            self.gate.close();
        }
        for job in running {
            if !mutant!("pool: the end asks no job to stop") {
                job.abort();
            }
        }
        for job in queued {
            if !mutant!("pool: the end cancels nothing") {
                job.cancel();
            }
        }
    }

    /// Waits until all threads have ended. False if `until` came first.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        self.board.wait(until)
    }

    /// Whether no job is queued or running.
    pub(crate) fn is_idle(&self) -> bool {
        self.board.is_idle()
    }

    /// How many threads there are, and how many of them are idle.
    pub(crate) fn threads(&self) -> (usize, usize) {
        self.board.threads()
    }

    /// How many jobs wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.board.queued()
    }

    /// The jobs that run now.
    pub(crate) fn running(&self) -> Vec<TaskMeta> {
        let jobs = self.board.running().into_iter();
        jobs.filter(|job| !job.is_finished())
            .map(|job| job.meta())
            .collect()
    }
}

/// The same refusal for one more job.
fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
