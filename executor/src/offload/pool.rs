//! The pool's queues and threads. The protocol is described in [`super`].

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::context;
use crate::driver::Environment;
use crate::handle::Handle;
use crate::hooks::Hooks;
use crate::sync::{Condvar, Mutex};
use crate::task::Notified;

/// Which kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// It waits.
    Blocking,
    /// It computes.
    Computing,
}

/// The bounds of a pool.
#[derive(Debug, Clone)]
pub(crate) struct PoolConfig {
    /// Threads at most.
    pub(crate) threads_max: usize,
    /// Computing jobs at once at most.
    pub(crate) computing_max: usize,
    /// How long a thread waits for its next job.
    pub(crate) keep_alive: Duration,
    /// Names and hooks of the threads.
    pub(crate) hooks: Hooks,
}

/// The offload pool of one scheduler.
pub(crate) struct Pool {
    config: PoolConfig,
    /// Queues, counts and idle threads. Held for a push or a pop, never while a job runs.
    state: Mutex<State>,
    /// Rung when the last thread has ended.
    ended: Condvar,
}

struct State {
    blocking: VecDeque<Notified>,
    computing: VecDeque<Notified>,
    /// Computing jobs that run now, or are in a mailbox.
    computing_now: usize,
    /// Threads that wait for a job, the latest last.
    idle: Vec<Arc<Mailbox>>,
    /// Threads that are alive or being started.
    threads: usize,
    closed: bool,
}

/// Where an idle thread finds its next job.
struct Mailbox {
    job: Mutex<Mail>,
    condvar: Condvar,
}

enum Mail {
    None,
    Job(Notified, Lane),
    /// The pool has closed.
    End,
}

/// What a submitter must do after it has let the lock go.
enum Placed {
    /// The job is queued, and somebody will look.
    Queued,
    /// Give the job to this thread.
    HandTo(Arc<Mailbox>, Notified),
    /// Start a thread, which runs the job first.
    Start(Notified),
    /// The pool has closed.
    Refused(Notified),
}

impl State {
    /// The next job that may run now, counted as running.
    fn next_job(&mut self, computing_max: usize) -> Option<(Notified, Lane)> {
        if let Some(job) = self.blocking.pop_front() {
            return Some((job, Lane::Blocking));
        }
        if self.computing_now < computing_max {
            let job = self.computing.pop_front()?;
            self.computing_now += 1;
            return Some((job, Lane::Computing));
        }
        None
    }

    /// Whether no job is queued or running.
    fn is_idle(&self) -> bool {
        self.threads == self.idle.len() && self.blocking.is_empty() && self.computing.is_empty()
    }

    fn place(&mut self, lane: Lane, job: Notified, config: &PoolConfig) -> Placed {
        if self.closed {
            return Placed::Refused(job);
        }
        let may_run = lane == Lane::Blocking || self.computing_now < config.computing_max;
        if may_run && (!self.idle.is_empty() || self.threads < config.threads_max) {
            if lane == Lane::Computing {
                self.computing_now += 1;
            }
            if let Some(mailbox) = self.idle.pop() {
                return Placed::HandTo(mailbox, job);
            }
            self.threads += 1;
            return Placed::Start(job);
        }
        match lane {
            Lane::Blocking => self.blocking.push_back(job),
            Lane::Computing => self.computing.push_back(job),
        }
        Placed::Queued
    }
}

impl Pool {
    pub(crate) fn new(config: PoolConfig) -> Self {
        let state = State {
            blocking: VecDeque::new(),
            computing: VecDeque::new(),
            computing_now: 0,
            idle: Vec::new(),
            threads: 0,
            closed: false,
        };
        Self {
            config,
            state: Mutex::new(state),
            ended: Condvar::new(),
        }
    }

    /// Takes a job on. Gives it back if the pool has closed, or if no thread could be started and
    /// none is alive to run it.
    pub(crate) fn submit(
        &self,
        handle: &Handle,
        lane: Lane,
        job: Notified,
    ) -> Result<(), Notified> {
        let placed = self.state.lock().place(lane, job, &self.config);
        match placed {
            Placed::Queued => Ok(()),
            Placed::Refused(job) => Err(job),
            Placed::HandTo(mailbox, job) => {
                mailbox.put(Mail::Job(job, lane));
                Ok(())
            }
            Placed::Start(job) => self.start_thread(handle, lane, job),
        }
    }

    /// Starts a thread for a job. Where the system refuses, the job is queued for the threads
    /// there are; without any it is given back.
    fn start_thread(&self, handle: &Handle, lane: Lane, job: Notified) -> Result<(), Notified> {
        // The closure is dropped if the thread cannot be started, and the job must not be.
        let first = Arc::new(Mutex::new(Some((job, lane))));
        let mine = Arc::clone(&first);
        let handle = handle.clone();
        let started = self.config.hooks.builder().spawn(move || {
            let first = mine.lock().take();
            handle.scheduler().pool.thread(&handle, first);
        });
        if started.is_ok() {
            return Ok(());
        }
        let job = first.lock().take();
        let mut state = self.state.lock();
        state.threads -= 1;
        if lane == Lane::Computing {
            state.computing_now -= 1;
        }
        let Some((job, lane)) = job else {
            return Ok(());
        };
        if state.threads == 0 || state.closed {
            return Err(job);
        }
        match lane {
            Lane::Blocking => state.blocking.push_front(job),
            Lane::Computing => state.computing.push_front(job),
        }
        Ok(())
    }

    /// A pool thread, from its first job to its end.
    fn thread(&self, handle: &Handle, mut next: Option<(Notified, Lane)>) {
        let scheduler = handle.scheduler();
        context::join_pool(scheduler);
        self.config.hooks.thread_starts();
        scheduler.environment.enter(None, &mut || {
            let _entered = context::enter(handle.clone());
            while let Some((job, lane)) = next.take() {
                job.run();
                next = self.next(lane, &*scheduler.environment);
            }
        });
        self.config.hooks.thread_stops();
        let mut state = self.state.lock();
        state.threads -= 1;
        if state.threads == 0 {
            self.ended.notify_all();
        }
    }

    /// After a job of `lane`: the next one, waiting for it a while. None: the thread ends.
    fn next(&self, lane: Lane, environment: &dyn Environment) -> Option<(Notified, Lane)> {
        let (mailbox, all_idle) = {
            let mut state = self.state.lock();
            if lane == Lane::Computing {
                state.computing_now -= 1;
            }
            if let Some(next) = state.next_job(self.config.computing_max) {
                return Some(next);
            }
            if state.closed {
                return None;
            }
            let mailbox = Arc::new(Mailbox::new());
            state.idle.push(Arc::clone(&mailbox));
            (mailbox, state.is_idle())
        };
        if all_idle {
            environment.jobs_ended();
        }
        let until = Instant::now().checked_add(self.config.keep_alive);
        if let Some(mail) = mailbox.wait(until) {
            return mail;
        }
        {
            let mut state = self.state.lock();
            let place = state
                .idle
                .iter()
                .position(|idle| Arc::ptr_eq(idle, &mailbox));
            if let Some(place) = place {
                state.idle.remove(place);
                return None;
            }
        }
        // I3: claimed in the same moment; the job is on its way.
        mailbox.wait(None).flatten()
    }

    /// Takes nothing on any more: queued jobs are cancelled, idle threads end. Jobs that run are
    /// left to end by themselves.
    pub(crate) fn close(&self) {
        let (queued, idle) = {
            let mut state = self.state.lock();
            state.closed = true;
            let mut queued: Vec<_> = state.blocking.drain(..).collect();
            queued.extend(state.computing.drain(..));
            (queued, std::mem::take(&mut state.idle))
        };
        for mailbox in idle {
            mailbox.put(Mail::End);
        }
        for job in queued {
            job.cancel();
        }
    }

    /// Waits until all threads have ended. False if `until` came first.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.threads > 0 {
            match until {
                None => self.ended.wait(&mut state),
                Some(until) => {
                    if self.ended.wait_until(&mut state, until).timed_out() {
                        return state.threads == 0;
                    }
                }
            }
        }
        true
    }

    /// Whether no job is queued or running.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().is_idle()
    }

    /// How many threads there are, and how many of them are idle.
    pub(crate) fn threads(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.threads, state.idle.len())
    }

    /// How many jobs wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        let state = self.state.lock();
        state.blocking.len() + state.computing.len()
    }
}

impl Mailbox {
    fn new() -> Self {
        Self {
            job: Mutex::new(Mail::None),
            condvar: Condvar::new(),
        }
    }

    fn put(&self, mail: Mail) {
        *self.job.lock() = mail;
        self.condvar.notify_one();
    }

    /// Waits for mail: `Some(None)` is the end of the pool, `None` the end of the time.
    #[expect(
        clippy::option_option,
        reason = "mail or no mail, and in the mail a job or the end"
    )]
    fn wait(&self, until: Option<Instant>) -> Option<Option<(Notified, Lane)>> {
        let mut mail = self.job.lock();
        loop {
            match std::mem::replace(&mut *mail, Mail::None) {
                Mail::Job(job, lane) => return Some(Some((job, lane))),
                Mail::End => return Some(None),
                Mail::None => {}
            }
            match until {
                None => self.condvar.wait(&mut mail),
                Some(until) if Instant::now() >= until => return None,
                Some(until) => drop(self.condvar.wait_until(&mut mail, until)),
            }
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
