//! An end with a grace: tasks may finish what they do, and what they leave is told.
//!
//! Whether everybody is done is looked at again and again, at growing intervals, instead of being
//! told by each task that ends: a runtime drains once in its life, and ends tasks all the time.
//!
//! On the current-thread flavour the calling thread runs the tasks meanwhile, and another thread
//! looks and watches the time. There, a poll or a destructor that never ends cannot be cut short: it
//! is the caller that is stuck in it.
//!
//! Checked by: loom-tests/tests/models/shutdown.rs

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::report::ShutdownReport;
use super::signal::Signal;
use super::{THREAD_NAME, is_before};
use crate::block_on::block_on;
use crate::context;
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::{mutant, thread, time};
use crate::task::{Id, TaskCounts};
use crate::unwind::contain;

/// The first interval between two looks: tasks that need only one more poll are done by then.
const FIRST_LOOK: Duration = Duration::from_micros(50);

/// The longest interval between two looks. A look takes each shard's lock once.
const LAST_LOOK: Duration = Duration::from_millis(2);

/// How long polls and jobs that run when the grace is over have to end. A poll takes microseconds,
/// and a job that asks whether it is cancelled does so within milliseconds.
const LAST_POLLS: Duration = Duration::from_millis(50);

/// What dropping one future may take where there are very many. Measured: 0.3 to 4 us.
const LAST_DROP: Duration = Duration::from_micros(20);

/// How long the workers have to leave before another thread does what they do then. They mostly take
/// some tens of microseconds.
const WORKERS_LEAVE: Duration = Duration::from_millis(5);

/// Who asks for the end, and so is not waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    /// The task or job in which this thread is.
    task: Option<Id>,
    /// How many jobs of the runtime's own pool that is: one or none.
    jobs: usize,
}

impl Asker {
    /// What the present thread is doing.
    pub(super) fn here(scheduler: &Scheduler) -> Self {
        Self {
            task: context::current_task(),
            jobs: if mutant!("grace: the job that asks is waited for") {
                0
            } else {
                usize::from(context::is_in_pool_of(scheduler))
            },
        }
    }
}

impl Scheduler {
    /// Ends the runtime: waits until no task and no job is alive, `grace` at most; then cuts off
    /// what is left, and waits a moment for that.
    pub(super) fn shutdown_with_grace(
        self: &Arc<Self>,
        grace: Duration,
        asker: Asker,
    ) -> ShutdownReport {
        // A grace beyond the clock's range has no end.
        let until = time::now().checked_add(grace);
        let before = self.tasks.counts();
        self.begin_draining();
        self.serve_until_quiet(until, asker);
        self.close();
        self.end_what_is_left(asker);
        self.report(before, asker)
    }

    /// Sees to it that the tasks are run, until none is left.
    fn serve_until_quiet(self: &Arc<Self>, until: Option<Instant>, asker: Asker) {
        if self.is_served(asker) {
            return;
        }
        if self.workers > 0 {
            return look(until, || self.is_served(asker));
        }
        let handle = Handle::new(Arc::clone(self));
        if context::holds_core_of(&handle) {
            // In a poll of this very thread, which nobody can leave: nobody runs the tasks.
            return;
        }
        let over = Arc::new(Signal::new());
        let (scheduler, given) = (Arc::clone(self), Arc::clone(&over));
        let looking = thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || {
                look(until, || scheduler.is_served(asker));
                if !mutant!("grace: who serves is not told") {
                    given.give();
                }
            });
        match looking {
            Ok(looking) => {
                serve(|| block_on(&handle, over.wait()));
                // It has given the signal, or will within one look.
                drop(looking.join());
            }
            // Without a second thread this one looks after each poll.
            Err(_) => serve(|| {
                block_on(
                    &handle,
                    poll_fn(|cx| {
                        if self.is_served(asker) || !is_before(until) {
                            return Poll::Ready(());
                        }
                        if !mutant!("grace: who looks by itself looks once") {
                            cx.waker().wake_by_ref();
                        }
                        Poll::Pending
                    }),
                );
            }),
        }
    }

    /// Whether no task and no job is alive, but for the one that asks; or somebody else has cut off
    /// what there was.
    fn is_served(&self, asker: Asker) -> bool {
        if self.ending.has_begun() && !mutant!("grace: an end by somebody else is not seen") {
            return true;
        }
        let first = self.tasks.counts();
        if !self.is_alone(asker) || !self.is_pool_quiet(asker) {
            return false;
        }
        // A job may have spawned a task after the first look at the tasks and before the one at
        // the jobs. If none was spawned meanwhile, then at the look at the jobs there was neither.
        self.tasks.counts().spawned == first.spawned
            || mutant!("grace: a task that a job has spawned is missed")
    }

    /// Whether no task is alive but the one that asks.
    fn is_alone(&self, asker: Asker) -> bool {
        match self.tasks.counts().alive {
            0 => true,
            1 if mutant!("grace: the task that asks is waited for") => false,
            1 => asker.task.is_some_and(|task| self.tasks.holds_only(task)),
            _ => false,
        }
    }

    /// Whether no job is queued or running but the one that asks.
    fn is_pool_quiet(&self, asker: Asker) -> bool {
        let (threads, idle) = self.pool.threads();
        self.pool.queued() == 0 && threads.saturating_sub(idle) <= asker.jobs
    }

    /// Drops the futures of what is left, and gives polls and jobs that run a moment to end.
    fn end_what_is_left(self: &Arc<Self>, asker: Asker) {
        let mut patience = Patience::new(self.tasks.len());
        let mut more = || !self.is_alone(asker) && patience.lasts(self.tasks.len());
        if self.workers == 0 {
            self.inside(|| self.cut_off(&mut more));
        } else {
            // Destructors are not bounded in time: they are for the workers, as they leave.
            let left = time::now().checked_add(WORKERS_LEAVE);
            look(left, || self.is_alone(asker));
            if !self.is_alone(asker) && !mutant!("grace: behind a stuck worker nobody drains") {
                self.drain_in_background();
            }
            look(None, || !more());
        }
        let until = patience.until;
        self.wait_for_threads(until);
        if asker.jobs == 0 || mutant!("grace: a job waits for itself at the end") {
            self.wait_for_jobs(until);
        } else {
            look(until, || self.is_pool_quiet(asker));
        }
        if !mutant!("grace: waits in the environment go on") {
            self.environment.shutdown();
        }
    }

    /// What has become of the tasks that were alive at `before`, and of those spawned since.
    fn report(&self, before: TaskCounts, asker: Asker) -> ShutdownReport {
        let cut = self.ending.cut();
        let left = self.tasks.metas();
        let alive = cut.tasks.alive + cut.queued_jobs;
        let mut report = ShutdownReport {
            finished: cut.tasks.ended().saturating_sub(before.ended()),
            aborted: alive.saturating_sub(left.len()),
            stuck: left,
        };
        report.stuck.extend(self.pool.running());
        report.stuck.retain(|task| Some(task.id()) != asker.task);
        report
    }

    /// As [`shutdown_with_grace`](Self::shutdown_with_grace) without any grace, and without waiting
    /// for anything.
    pub(super) fn cut_off_now(self: &Arc<Self>, asker: Asker) -> ShutdownReport {
        let before = self.tasks.counts();
        self.begin_draining();
        self.close();
        self.inside(|| self.drain(false));
        self.report(before, asker)
    }
}

/// How long what is left may take: [`LAST_POLLS`] after the last one that has ended, but not for ever.
struct Patience {
    /// How many tasks were left at the last look.
    left: usize,
    /// The end, if no other task ends before.
    until: Option<Instant>,
    /// The end in any case.
    limit: Option<Instant>,
}

impl Patience {
    fn new(left: usize) -> Self {
        let now = time::now();
        let drops = LAST_DROP.saturating_mul(u32::try_from(left).unwrap_or(u32::MAX));
        Self {
            left,
            until: now.checked_add(LAST_POLLS),
            limit: now.checked_add(LAST_POLLS.saturating_add(drops)),
        }
    }

    /// Whether so many tasks are worth waiting for.
    fn lasts(&mut self, left: usize) -> bool {
        if left < self.left {
            self.left = left;
            self.until = time::now().checked_add(LAST_POLLS).min(self.limit);
        }
        is_before(self.until)
    }
}

/// Runs tasks until the root of `block_on` is ready.
fn serve(block_on: impl FnOnce()) {
    // A runtime that ends because of a panic ends its `block_on`s by another one. Here that is the
    // end that was asked for.
    contain(block_on);
}

/// Returns when `is_done`, or when the time is over.
fn look(until: Option<Instant>, mut is_done: impl FnMut() -> bool) {
    let mut pause = FIRST_LOOK;
    while !is_done() && is_before(until) {
        let left = until.map(|until| until.saturating_duration_since(time::now()));
        thread::sleep(left.map_or(pause, |left| left.min(pause)));
        pause = (pause * 2).min(LAST_LOOK);
    }
}
