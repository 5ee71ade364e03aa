//! Ending a runtime where the present thread must not wait: another one does.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::THREAD_NAME;
use super::grace::Asker;
use super::report::ShutdownReport;
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::{Mutex, mutant, thread};

/// The future of [`Handle::shutdown`].
///
/// # Cancel safety
///
/// Once it was polled the shutdown goes on, even if this is dropped; then nobody gets the report.
///
/// # Panics
///
/// If it is polled again after it gave the report.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Shutdown {
    /// The runtime that is to end.
    handle: Handle,
    /// How long its tasks may take.
    grace: Duration,
    /// Where the report will be, from the first poll on.
    answer: Option<Arc<Answer>>,
}

/// Where the thread that waits leaves the report.
struct Answer {
    /// Held for a look and a move.
    state: Mutex<AnswerState>,
}

enum AnswerState {
    /// Not yet there; this waker is to be woken.
    Awaited(Waker),
    /// There.
    Given(ShutdownReport),
    /// Taken.
    Taken,
}

impl Shutdown {
    pub(crate) fn new(handle: Handle, grace: Duration) -> Self {
        Self {
            handle,
            grace,
            answer: None,
        }
    }

    /// Starts the thread that waits. Without one, there is no grace, but a report at once.
    fn begin(&self, waker: Waker) -> Arc<Answer> {
        let scheduler = Arc::clone(self.handle.scheduler());
        let asker = Asker::here(&scheduler);
        let answer = Arc::new(Answer {
            state: Mutex::new(AnswerState::Awaited(waker)),
        });
        let (grace, given) = (self.grace, Arc::clone(&answer));
        let started = thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || given.give(scheduler.shutdown_with_grace(grace, asker)));
        if started.is_err() && !mutant!("shutdown: without a thread nobody reports") {
            answer.give(self.handle.scheduler().cut_off_now(asker));
        }
        answer
    }
}

impl Answer {
    fn give(&self, report: ShutdownReport) {
        let before = std::mem::replace(&mut *self.state.lock(), AnswerState::Given(report));
        if let AnswerState::Awaited(waker) = before {
            if !mutant!("shutdown: who awaits the report is not woken") {
                waker.wake();
            }
        }
    }

    /// The report, or a place for `waker`.
    fn poll(&self, waker: Waker) -> Poll<ShutdownReport> {
        let mut state = self.state.lock();
        let before = match *state {
            AnswerState::Awaited(_) if mutant!("shutdown: a later waker is not kept") => {
                return Poll::Pending;
            }
            AnswerState::Awaited(_) => std::mem::replace(&mut *state, AnswerState::Awaited(waker)),
            _ => std::mem::replace(&mut *state, AnswerState::Taken),
        };
        drop(state);
        match before {
            AnswerState::Awaited(_former) => Poll::Pending,
            AnswerState::Given(report) => Poll::Ready(report),
            AnswerState::Taken => panic!("`Shutdown` polled after it gave its report"),
        }
    }
}

impl Future for Shutdown {
    type Output = ShutdownReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ShutdownReport> {
        let waker = cx.waker().clone();
        match &self.answer {
            Some(answer) => answer.poll(waker),
            None => {
                let answer = self.begin(waker.clone());
                self.answer.insert(answer).poll(waker)
            }
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Drains a closed runtime whose worker threads do not, because there are none or because they
    /// are stuck: on a thread of its own, so that no destructor stops this one and the last wakes
    /// under way can be waited for.
    pub(super) fn drain_in_background(self: &Arc<Self>) {
        if self.ending.cut().tasks.alive == 0 || self.tasks.len() == 0 {
            if !mutant!("shutdown: without tasks, waits in the environment go on") {
                self.environment.shutdown();
            }
            return;
        }
        let scheduler = Arc::clone(self);
        let started = thread::Builder::new()
            .name(THREAD_NAME.to_owned())
            .spawn(move || scheduler.inside(|| scheduler.drain(true)));
        if started.is_err() && !mutant!("shutdown: without a thread nobody drains") {
            // What is on its way to a queue just now is left behind.
            self.inside(|| self.drain(false));
        }
    }
}
