//! A thread of the pool, from its first job to its end; and how code that runs on it finds it.
//!
//! Checked by: loom-tests/tests/models/pool.rs

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use super::board::Next;
use super::mailbox::{Mail, Mailbox};
use crate::context;
use crate::fork;
use crate::handle::Handle;
use crate::patience::{Look, Patience, SPAN};
use crate::scheduler::Scheduler;
use crate::sync::{const_thread_local, mutant, owning_thread_local, time};
use crate::task::{JobEnd, Notified};

/// What this thread is to its pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Post {
    /// It belongs to no pool.
    Elsewhere,
    /// It goes about its job; the board knows it by this number.
    Works(usize),
    /// It waits for somebody else in the middle of its job, and the board knows.
    Waits(usize),
}

const_thread_local! {
    /// What this thread is to its pool.
    static POST: Cell<Post> = Cell::new(Post::Elsewhere)
}

owning_thread_local! {
    /// The scheduler whose pool this thread belongs to.
    static SCHEDULER: RefCell<Option<Arc<Scheduler>>> = RefCell::new(None)
}

/// What this thread is to its pool.
#[inline]
pub(super) fn post() -> Post {
    POST.with(Cell::get)
}

/// Notes what this thread is from now on.
pub(super) fn set_post(post: Post) {
    POST.with(|cell| cell.set(post));
}

/// In the child of a fork: this thread's pool is not there. As `context::forget`.
pub(crate) fn forget() {
    set_post(Post::Elsewhere);
}

/// The scheduler whose pool this thread belongs to.
pub(super) fn scheduler_of_pool() -> Option<Arc<Scheduler>> {
    let scheduler = SCHEDULER.try_with(|own| own.borrow().clone());
    scheduler.ok().flatten()
}

/// Runs jobs, the first of which lies in the mailbox, until none has come for a while.
pub(super) fn pool_thread(handle: &Handle, number: usize, mailbox: &Mailbox<Notified>) {
    let scheduler = handle.scheduler();
    let hooks = &scheduler.pool.config.hooks;
    context::join_pool(scheduler);
    SCHEDULER.with(|own| own.replace(Some(Arc::clone(scheduler))));
    hooks.thread_starts();
    let mut thread = PoolThread {
        scheduler,
        number,
        mailbox,
        is_over: true,
        patience: Patience::new(SPAN, 1),
    };
    scheduler.environment.enter(None, &mut || {
        let _entered = context::enter(handle.clone());
        let mut next = thread.open(mailbox.wait());
        while let Some(job) = next {
            thread.run(job);
            next = thread.next();
        }
    });
    hooks.thread_stops();
    drop(SCHEDULER.with(|own| own.take()));
    scheduler.pool.board.thread_ends(number);
}

/// The thread's view of itself.
struct PoolThread<'a> {
    /// Whose pool it belongs to.
    scheduler: &'a Arc<Scheduler>,
    /// The number by which the board knows it.
    number: usize,
    /// Where it finds its jobs.
    mailbox: &'a Mailbox<Notified>,
    /// Whether the board knows that the latest job is over.
    is_over: bool,
    /// How long it looks around for the next job before it sleeps.
    patience: Patience,
}

impl PoolThread<'_> {
    /// The job in a letter: this thread has arrived. None: the thread is to end.
    fn open(&self, mail: Mail<Notified>) -> Option<Notified> {
        match mail {
            Mail::Job(job) => {
                let pool = &self.scheduler.pool;
                pool.carry_out(self.scheduler, pool.board.arrives());
                Some(job)
            }
            Mail::End => None,
        }
    }

    fn run(&mut self, job: Notified) {
        self.is_over = false;
        set_post(Post::Works(self.number));
        job.run_job(self);
        // An aborted job had nothing to run.
        if !self.is_over && !mutant!("pool: an aborted job is never over") {
            self.before_completion();
        }
        set_post(Post::Elsewhere);
    }

    /// The next job, waiting for it a while. None: the thread ends.
    fn next(&self) -> Option<Notified> {
        let pool = &self.scheduler.pool;
        match pool.board.next(self.number) {
            Next::Run(job, more) => {
                pool.carry_out(self.scheduler, more);
                return Some(job);
            }
            Next::End => return None,
            Next::Wait(true) => self.scheduler.environment.jobs_ended(),
            Next::Wait(false) => {}
        }
        let mut begun = time::now();
        if self.patience.is_willing() {
            let look = || self.mailbox.take().map_or(Look::Again, Look::Found);
            if let Some(mail) = self.patience.look_around(begun, look) {
                return self.open(mail);
            }
            begun = time::now();
        }
        let job = self.sleep();
        let slept = time::now().saturating_duration_since(begun);
        self.patience.after_sleep(slept);
        job
    }

    /// Waits for mail, and goes home if none comes.
    fn sleep(&self) -> Option<Notified> {
        let pool = &self.scheduler.pool;
        // A time beyond the clock's range is no limit.
        let Some(until) = Instant::now().checked_add(pool.config.keep_alive) else {
            return self.open(self.mailbox.wait());
        };
        if let Some(mail) = self.mailbox.wait_until(until) {
            return self.open(mail);
        }
        if pool.board.retire(self.number) {
            return None;
        }
        if mutant!("pool: a claimed thread does not wait for its mail (I3)") {
            return None;
        }
        // I3: claimed in the same moment; the mail is on its way.
        self.open(self.mailbox.wait())
    }
}

impl JobEnd for PoolThread<'_> {
    fn before_completion(&mut self) {
        // The job may have forked, and this may be the child.
        fork::stop_if_stale(self.scheduler.generation);
        self.is_over = true;
        // The end of the job has ended a wait that nobody ended.
        set_post(Post::Works(self.number));
        drop(self.scheduler.pool.board.job_over(self.number));
    }

    fn before_output_drop(&mut self) {
        let pool = &self.scheduler.pool;
        let assignment = pool.board.look_later(self.number);
        pool.carry_out(self.scheduler, assignment);
    }
}
