//! The board: which jobs wait, which thread does what, and who must be told. The protocol is
//! described in [`super`].
//!
//! All of it is one structure behind one lock. Every method takes the lock once and returns what
//! the caller must do after that, so that neither a job nor a destructor, a waker or a thread's
//! start ever comes under the lock. It knows nothing of what a job is: the models run it with
//! numbers.
//!
//! Checked by: loom-tests/tests/models/offload.rs

use std::sync::Arc;
use std::time::Instant;

use slab::Slab;

use super::lane::{Entry, Lane, Lanes, Limits};
use super::mailbox::Mailbox;
use crate::sync::{Condvar, Mutex, mutant};

/// The pool's board.
pub(crate) struct Board<J: Entry> {
    /// Queues, counts and threads. Held for a few loads and stores.
    state: Mutex<State<J>>,
    /// Rung when the last thread has ended.
    ended: Condvar,
}

struct State<J: Entry> {
    /// The jobs that wait, and how many more may run.
    lanes: Lanes<J>,
    /// The threads that are alive or being started.
    threads: Slab<Thread<J>>,
    /// Those that wait for a job, the latest last.
    idle: Vec<usize>,
    /// How many have a job.
    working: usize,
    /// How many have said that they will look at the queues in a moment.
    finishing: usize,
    /// How many have been claimed or are being started for a job, and have not begun it. They look,
    /// before they begin, whether one more thread is wanted.
    arriving: usize,
    /// How many will look at the queues sooner or later: all but those that wait for somebody else
    /// in the middle of a job, and those that are leaving.
    lookers: usize,
    /// Set by the end of the runtime: nothing is queued any more.
    closed: bool,
}

/// What a thread does.
struct Thread<J: Entry> {
    /// Where it waits for its next job.
    mailbox: Arc<Mailbox<J>>,
    /// The job it runs, or is about to.
    job: Option<(Lane, J::Mark)>,
    /// Whether it is counted in `finishing`.
    finishing: bool,
    /// Whether it waits for somebody else, and so takes no place in its job's lane.
    waits: bool,
}

/// What the caller must do for a job.
#[must_use = "the job would be lost"]
pub(crate) enum Assignment<J> {
    /// Put it into the mailbox of this idle thread, which was claimed for it.
    HandTo(Arc<Mailbox<J>>, J),
    /// Start a thread for it.
    Start(Newcomer, Arc<Mailbox<J>>, J),
}

/// A thread that is to be started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer {
    /// The number by which the board knows it.
    pub(crate) number: usize,
    /// The lane of its first job.
    lane: Lane,
}

/// What [`Board::submit`] leaves to be done.
pub(crate) struct Submitted<J> {
    /// For this job, or an older one. None: somebody will look.
    pub(crate) assignment: Option<Assignment<J>>,
    /// Entries of jobs that were aborted: to be let go.
    pub(crate) stale: Vec<J>,
}

/// What a thread without a job is to do.
pub(crate) enum Next<J> {
    /// Run this, after the assignment is seen to.
    Run(J, Option<Assignment<J>>),
    /// Wait for mail. The flag tells whether nothing is queued or running any more.
    Wait(bool),
    /// Leave.
    End,
}

/// What became of a job whose thread could not be started.
pub(crate) enum Unstarted<J> {
    /// It is queued, and somebody will look; after the assignment is seen to, if there is one.
    Queued(Option<Assignment<J>>),
    /// Nobody is left to look: these jobs can never run.
    Stranded(Vec<J>),
    /// The pool has closed meanwhile: cancel it.
    Closed(J),
}

/// What [`Board::close`] leaves to be done.
pub(crate) struct Closing<J: Entry> {
    /// Jobs to be cancelled.
    pub(crate) queued: Vec<J>,
    /// Jobs to be asked to stop.
    pub(crate) running: Vec<J::Mark>,
    /// Threads to be sent home.
    pub(crate) idle: Vec<Arc<Mailbox<J>>>,
}

impl<J: Entry> State<J> {
    /// One thread more for the jobs that could run, if those that are about to look do not suffice.
    fn assign(&mut self) -> Option<Assignment<J>> {
        if self.lanes.startable() <= self.finishing || self.arriving > 0 {
            return None;
        }
        let (lane, job) = self.lanes.take()?;
        self.working += 1;
        self.arriving += 1;
        let running = Some((lane, job.mark()));
        if let Some(number) = self.idle.pop() {
            let thread = &mut self.threads[number];
            thread.job = running;
            return Some(Assignment::HandTo(Arc::clone(&thread.mailbox), job));
        }
        let mailbox = Arc::new(Mailbox::new());
        let number = self.threads.insert(Thread {
            mailbox: Arc::clone(&mailbox),
            job: running,
            finishing: false,
            waits: false,
        });
        self.lookers += 1;
        Some(Assignment::Start(Newcomer { number, lane }, mailbox, job))
    }

    /// The thread's word that it will look in a moment is kept, or taken back.
    fn end_promise(&mut self, number: usize) {
        if std::mem::take(&mut self.threads[number].finishing) {
            self.finishing -= 1;
        }
    }

    /// Whether no job is queued or running.
    fn is_idle(&self) -> bool {
        self.working == 0 && self.finishing == 0 && self.lanes.waiting() == 0
    }
}

impl<J: Entry> Board<J> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State {
                lanes: Lanes::new(limits),
                threads: Slab::new(),
                idle: Vec::new(),
                working: 0,
                finishing: 0,
                arriving: 0,
                lookers: 0,
                closed: false,
            }),
            ended: Condvar::new(),
        }
    }

    /// Takes a job on. Gives it back if the pool has closed.
    pub(crate) fn submit(&self, lane: Lane, job: J) -> Result<Submitted<J>, J> {
        let mut state = self.state.lock();
        if state.closed && !mutant!("offload: what is closed takes jobs") {
            return Err(job);
        }
        let stale = state.lanes.push(lane, job);
        let assignment = state.assign();
        Ok(Submitted { assignment, stale })
    }

    /// A thread has got the job that it was claimed or started for, and is about to begin it. Whether one
    /// more is wanted is asked here and not by whoever claimed it: a burst of short jobs is done before
    /// the second thread is there.
    pub(crate) fn arrives(&self) -> Option<Assignment<J>> {
        let mut state = self.state.lock();
        state.arriving -= 1;
        if mutant!("offload: who arrives wants nobody else") {
            return None;
        }
        state.assign()
    }

    /// The system has refused the thread.
    pub(crate) fn start_failed(&self, newcomer: Newcomer, job: J) -> Unstarted<J> {
        let mut state = self.state.lock();
        state.threads.remove(newcomer.number);
        state.lookers -= 1;
        state.working -= 1;
        state.arriving -= 1;
        if state.threads.is_empty() && !mutant!("offload: a refused start does not ring") {
            self.ended.notify_all();
        }
        if state.closed && !mutant!("offload: a refused start does not look for the end") {
            state.lanes.leave(newcomer.lane);
            return Unstarted::Closed(job);
        }
        state.lanes.put_back(newcomer.lane, job);
        if !state.idle.is_empty() && !mutant!("offload: a refused start looks for nobody idle") {
            // It went idle meanwhile, and did not find the job in the queue.
            return Unstarted::Queued(state.assign());
        }
        if state.lookers > 0 || mutant!("offload: a refused start strands nobody") {
            return Unstarted::Queued(None);
        }
        // Not this job only: others may have been queued in the hope of this thread.
        Unstarted::Stranded(state.lanes.drain())
    }

    /// The thread's job is over, but nobody has been told yet; when that is done, the thread will
    /// look. Until then a submitter queues what that look will find, instead of starting a thread.
    pub(crate) fn job_over(&self, number: usize) -> Option<J::Mark> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let thread = &mut state.threads[number];
        let (lane, mark) = thread.job.take()?;
        state.working -= 1;
        if !mutant!("offload: a job that is over promises no look") {
            thread.finishing = true;
            state.finishing += 1;
        }
        if std::mem::take(&mut thread.waits) {
            state.lookers += 1;
        } else {
            state.lanes.leave(lane);
        }
        Some(mark)
    }

    /// The thread takes back what it said by [`job_over`](Self::job_over): it may take a while.
    pub(crate) fn look_later(&self, number: usize) -> Option<Assignment<J>> {
        let mut state = self.state.lock();
        if mutant!("offload: a promise is not taken back") {
            return None;
        }
        state.end_promise(number);
        state.assign()
    }

    /// The thread, which has no job, looks.
    pub(crate) fn next(&self, number: usize) -> Next<J> {
        let mut state = self.state.lock();
        state.end_promise(number);
        if std::mem::take(&mut state.threads[number].waits) {
            // It has waited since its job was over, and nobody has said that it goes on.
            state.lookers += 1;
        }
        if let Some((lane, job)) = state.lanes.take() {
            state.threads[number].job = Some((lane, job.mark()));
            state.working += 1;
            if mutant!("offload: who finds a job looks for no more (I2)") {
                return Next::Run(job, None);
            }
            // More than one waits where a start was refused: it is tried again.
            let more = state.assign();
            return Next::Run(job, more);
        }
        if mutant!("offload: the lock is let go between the look and the wait") {
            let closed = state.closed;
            drop(state);
            state = self.state.lock();
            state.closed = closed;
        }
        if state.closed && !mutant!("offload: an idle thread does not look for the end") {
            state.lookers -= 1;
            return Next::End;
        }
        state.idle.push(number);
        Next::Wait(state.is_idle())
    }

    /// The idle thread has waited long enough. False if it was claimed in the same moment: then
    /// its mail is on its way.
    #[must_use]
    pub(crate) fn retire(&self, number: usize) -> bool {
        let mut state = self.state.lock();
        let Some(place) = state.idle.iter().position(|idle| *idle == number) else {
            return mutant!("offload: a claimed thread retires (I3)");
        };
        state.idle.remove(place);
        state.lookers -= 1;
        true
    }

    /// The thread has ended.
    pub(crate) fn thread_ends(&self, number: usize) {
        let mut state = self.state.lock();
        state.threads.remove(number);
        if state.threads.is_empty() && !mutant!("offload: the last thread rings no bell") {
            self.ended.notify_all();
        }
    }

    /// The thread begins to wait for somebody else, in the middle of its job.
    pub(crate) fn begin_wait(&self, number: usize) -> Option<Assignment<J>> {
        let mut state = self.state.lock();
        let thread = &mut state.threads[number];
        thread.waits = true;
        if let Some((lane, _)) = thread.job {
            state.lanes.leave(lane);
        }
        state.lookers -= 1;
        state.end_promise(number);
        if mutant!("offload: a wait makes no room") {
            return None;
        }
        state.assign()
    }

    /// It goes on.
    pub(crate) fn end_wait(&self, number: usize) {
        let mut state = self.state.lock();
        let thread = &mut state.threads[number];
        if !std::mem::take(&mut thread.waits) {
            // The end of the job has ended the wait already.
            return;
        }
        if let Some((lane, _)) = thread.job {
            state.lanes.return_to(lane);
        }
        state.lookers += 1;
    }

    /// Takes nothing on any more.
    pub(crate) fn close(&self) -> Closing<J> {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.closed = true;
        let idle = std::mem::take(&mut state.idle).into_iter();
        let idle: Vec<_> = idle
            .map(|number| Arc::clone(&state.threads[number].mailbox))
            .collect();
        state.lookers -= idle.len();
        Closing {
            queued: state.lanes.drain(),
            running: state.marks(),
            idle,
        }
    }

    /// Waits until all threads have ended. False if `until` came first.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while !state.threads.is_empty() {
            match until {
                None => self.ended.wait(&mut state),
                Some(until) => {
                    if self.ended.wait_until(&mut state, until).timed_out() {
                        return state.threads.is_empty();
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
        (state.threads.len(), state.idle.len())
    }

    /// How many jobs wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.state.lock().lanes.waiting()
    }

    /// The jobs that run now, or are about to.
    pub(crate) fn running(&self) -> Vec<J::Mark> {
        self.state.lock().marks()
    }

    /// The job that this thread runs.
    pub(crate) fn job_of(&self, number: usize) -> Option<J::Mark> {
        let state = self.state.lock();
        let (_, mark) = state.threads[number].job.as_ref()?;
        Some(mark.clone())
    }
}

impl<J: Entry> State<J> {
    fn marks(&self) -> Vec<J::Mark> {
        let jobs = self
            .threads
            .iter()
            .filter_map(|(_, thread)| thread.job.as_ref());
        jobs.map(|(_, mark)| mark.clone()).collect()
    }
}
