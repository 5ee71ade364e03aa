//! The offload pool's protocols: a job's state word, the board, the gate.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::task::State;
use crate::offload::{self, Entry, Lane, Limits, Mail};
use crate::task::Claim;

impl State {
    /// Whether the caller may run the job.
    pub fn begin_once(&self) -> bool {
        self.0.begin_once()
    }

    /// Whether the caller may drop the job.
    pub fn claim(&self) -> bool {
        self.0.claim() != Claim::Refused
    }
}

/// A job: a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job(pub u32);

impl Entry for Job {
    type Mark = ();

    fn mark(&self) {}

    fn is_stale(&self) -> bool {
        false
    }
}

/// The board of a pool whose blocking lane alone is used.
pub struct Board(offload::Board<Job>);

/// A thread's mailbox.
#[derive(Clone)]
pub struct Mailbox(Arc<offload::Mailbox<Job>>);

/// A thread to be started.
#[derive(Clone, Copy)]
pub struct Newcomer(offload::Newcomer);

/// What a submitter must do.
pub enum Step {
    Nothing,
    HandTo(Mailbox, Job),
    Start(Newcomer, Mailbox, Job),
}

/// What a thread must do.
pub enum Next {
    Run(Job, Step),
    Wait,
    End,
}

/// What became of a job whose thread could not be started.
pub enum Unstarted {
    Queued(Step),
    Stranded(Vec<Job>),
    Closed(Job),
}

impl Step {
    fn of(assignment: Option<offload::Assignment<Job>>) -> Self {
        match assignment {
            None => Self::Nothing,
            Some(offload::Assignment::HandTo(mailbox, job)) => Self::HandTo(Mailbox(mailbox), job),
            Some(offload::Assignment::Start(newcomer, mailbox, job)) => {
                Self::Start(Newcomer(newcomer), Mailbox(mailbox), job)
            }
        }
    }
}

impl Newcomer {
    pub fn number(&self) -> usize {
        self.0.number
    }
}

impl Mailbox {
    pub fn put(&self, job: Job) {
        self.0.put(Mail::Job(job));
    }

    pub fn end(&self) {
        self.0.put(Mail::End);
    }

    pub fn wait(&self) -> Option<Job> {
        match self.0.wait() {
            Mail::Job(job) => Some(job),
            Mail::End => None,
        }
    }
}

impl Board {
    pub fn new(threads: usize) -> Self {
        Self(offload::Board::new(Limits {
            blocking: threads,
            computing: 1,
            files: 1,
            lookups: 1,
        }))
    }

    pub fn submit(&self, job: Job) -> Result<Step, Job> {
        let submitted = self.0.submit(Lane::Blocking, job)?;
        Ok(Step::of(submitted.assignment))
    }

    pub fn arrives(&self) -> Step {
        Step::of(self.0.arrives())
    }

    pub fn start_failed(&self, newcomer: Newcomer, job: Job) -> Unstarted {
        match self.0.start_failed(newcomer.0, job) {
            offload::Unstarted::Queued(assignment) => Unstarted::Queued(Step::of(assignment)),
            offload::Unstarted::Stranded(jobs) => Unstarted::Stranded(jobs),
            offload::Unstarted::Closed(job) => Unstarted::Closed(job),
        }
    }

    pub fn job_over(&self, number: usize) {
        self.0.job_over(number);
    }

    pub fn look_later(&self, number: usize) -> Step {
        Step::of(self.0.look_later(number))
    }

    pub fn next(&self, number: usize) -> Next {
        match self.0.next(number) {
            offload::Next::Run(job, more) => Next::Run(job, Step::of(more)),
            offload::Next::Wait(_) => Next::Wait,
            offload::Next::End => Next::End,
        }
    }

    pub fn retire(&self, number: usize) -> bool {
        self.0.retire(number)
    }

    pub fn thread_ends(&self, number: usize) {
        self.0.thread_ends(number);
    }

    pub fn begin_wait(&self, number: usize) -> Step {
        Step::of(self.0.begin_wait(number))
    }

    pub fn end_wait(&self, number: usize) {
        self.0.end_wait(number);
    }

    /// The queued jobs, and the mailboxes of idle threads.
    pub fn close(&self) -> (Vec<Job>, Vec<Mailbox>) {
        let closing = self.0.close();
        let idle = closing.idle.into_iter().map(Mailbox).collect();
        (closing.queued, idle)
    }

    /// Waits until all threads have ended.
    pub fn wait(&self) {
        self.0.wait(None);
    }

    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }
}

/// A bounded number of places.
pub struct Gate(offload::Gate);

/// How far somebody has come who wants a place.
#[derive(Default)]
pub struct Entrance(offload::Entrance);

impl Gate {
    pub fn new(places: usize) -> Self {
        Self(offload::Gate::new(places))
    }

    /// Ready with true: a place; with false: the gate is closed.
    pub fn poll_enter(&self, entrance: &mut Entrance, cx: &mut Context<'_>) -> Poll<bool> {
        let entered = self.0.poll_enter(&mut entrance.0, cx);
        entered.map(|entered| entered.is_ok())
    }

    pub fn give_up(&self, entrance: &mut Entrance) {
        self.0.give_up(&mut entrance.0);
    }

    pub fn leave(&self) {
        self.0.leave();
    }

    pub fn close(&self) {
        self.0.close();
    }

    pub fn free(&self) -> usize {
        self.0.free()
    }
}
