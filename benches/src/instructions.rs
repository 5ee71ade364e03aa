//! How many instructions a unit of work takes, by valgrind's callgrind: a figure that repeats on a
//! machine that does other things, where a time does not.
//!
//! # What is counted
//!
//! A process runs one piece of work N times, and another process runs it 2 N times; the difference
//! of their counts, divided by N, is the cost of one, without what starting and ending costs.
//! Everything in the process counts, on every thread: the runtime, the allocator, and the few
//! instructions of the work itself. What the kernel does does not count: a system call is one
//! instruction, and so is a look at the clock, which under valgrind is a system call.
//!
//! # What makes it repeat
//!
//! Valgrind runs one thread at a time and changes threads when it likes. Work on which two threads
//! of a runtime are busy has no one count. So each piece of work runs on one thread: on the
//! current-thread flavour, where counts repeat to a ten-thousandth, or on the only worker of the
//! multi-thread flavour, while the program's main thread sleeps in the standard library. There,
//! what happens by time, such as a look round by a thread that watches the worker, makes half a
//! per cent.
//!
//! # What it does not show
//!
//! Valgrind 3.19 does not know `epoll_pwait2`: Mainspring then waits for sockets as on kernels
//! before 5.11, in another function than usually.
//!
//! A count is no time: it does not see a cache that misses, or an atomic operation that costs
//! twenty others. It shows what a change has put into a path or taken out of it.

pub mod callgrind;
pub mod committed;

mod work;

use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::sync::mpsc;

use crate::Runtime;
use work::{Body, Piece};

/// What work that panicked is reported as.
const WORK_FAILED: &str = "the work failed";

/// One piece of work, in a place.
pub struct Work<R> {
    /// `place/what`, unique.
    pub name: String,
    /// How often it is done in the shorter of two runs whose difference counts.
    pub times: u64,
    /// The thread that it is done on.
    place: Place,
    /// Does it so many times.
    body: Body,
    /// Nothing of a runtime is here: it is started anew for each run.
    runtime: PhantomData<fn() -> R>,
}

/// The thread on which the work is done.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The future given to `block_on`, on the current-thread flavour.
    BlockOn,
    /// A task of the current-thread flavour.
    CurrentThread,
    /// A task on the only worker of the multi-thread flavour, with nobody in `block_on`.
    Worker,
}

/// All pieces of work, in the order of the table.
pub fn all<R: Runtime>() -> Vec<Work<R>> {
    let in_block_on = work::in_block_on::<R>().map(|piece| Work::new(Place::BlockOn, piece));
    let mut works = Vec::from(in_block_on);
    for place in [Place::CurrentThread, Place::Worker] {
        works.extend(work::in_tasks::<R>().map(|piece| Work::new(place, piece)));
    }
    works
}

impl<R: Runtime> Work<R> {
    fn new(place: Place, piece: Piece) -> Self {
        Self {
            name: format!("{}/{}", place.name(), piece.what),
            times: piece.times,
            place,
            body: piece.body,
            runtime: PhantomData,
        }
    }

    /// Starts a runtime and does the work on it so many times.
    ///
    /// # Errors
    ///
    /// If the runtime does not start.
    ///
    /// # Panics
    ///
    /// If the runtime loses a task, or the system refuses a socket.
    pub fn run(&self, times: u64) -> io::Result<()> {
        let work = (self.body)(times);
        match self.place {
            Place::BlockOn => R::current_thread()?.block_on(work),
            Place::CurrentThread => R::current_thread()?
                .block_on(async { R::spawn(work).await })
                .expect(WORK_FAILED),
            Place::Worker => on_worker(&R::multi_thread(1)?, work),
        }
        Ok(())
    }
}

/// Runs `work` on a worker, while this thread does not work for the runtime, as it would in
/// `block_on`.
fn on_worker<R: Runtime>(runtime: &R, work: impl Future<Output = ()> + Send + 'static) {
    let (done, all_done) = mpsc::channel();
    let task = R::spawn_on(&runtime.handle(), async move {
        work.await;
        // Nobody waits any more only if this thread has panicked.
        let _ = done.send(());
    });
    drop(task);
    all_done.recv().expect(WORK_FAILED);
}

impl Place {
    /// The first part of the name of what is done there.
    const fn name(self) -> &'static str {
        match self {
            Self::BlockOn => "block_on",
            Self::CurrentThread => "current_thread",
            Self::Worker => "worker",
        }
    }
}

impl<R> fmt::Debug for Work<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mainspring, Tokio};

    /// More than one batch, so that what a batch leaves behind is met.
    const TIMES: u64 = 200;

    fn run_all<R: Runtime>() {
        for work in all::<R>() {
            work.run(TIMES).expect("starting a runtime");
        }
    }

    #[test]
    fn all_work_ends_on_mainspring() {
        run_all::<Mainspring>();
    }

    #[test]
    fn all_work_ends_on_tokio() {
        run_all::<Tokio>();
    }

    #[test]
    fn names_are_unique() {
        let works = all::<Mainspring>();
        let names: std::collections::HashSet<_> = works.iter().map(|work| &work.name).collect();
        assert_eq!(names.len(), works.len());
    }
}
