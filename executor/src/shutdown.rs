//! How a runtime ends.
//!
//! 1. *Close*: from now on nothing is spawned; whoever sleeps is woken; the worker threads leave
//!    their loops after the poll they are in; the offload pool drops what is queued.
//! 2. *Drain*: the last worker thread to leave (or the closing thread, if there is none) aborts
//!    every live task and runs the queues until they are empty: each task drops its future.
//! 3. The environment ends what waits are left: those of roots and of foreign threads.
//!
//! A task that is being polled by a thread in `block_on` ends when that poll ends. A wake that was
//! caught between its mark and its push has its task on the way to a queue: the draining thread
//! waits for it, which takes as long as a push.
//!
//! Closing is a flag that every worker reads each turn, and again after it has registered as a
//! sleeper: the closer sets it, then fences, then wakes the sleepers (the push of the sleep
//! protocol).

use std::time::{Duration, Instant};

use crate::context;
use crate::handle::Handle;
use crate::scheduler::Scheduler;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, thread};

/// How far the end has come.
#[derive(Debug)]
pub(crate) struct Ending {
    begun: AtomicBool,
    /// Worker threads that have not left their loops yet, and all threads that have not ended.
    threads: Mutex<Threads>,
    /// Rung when the last thread has ended.
    ended: Condvar,
}

#[derive(Debug, Clone, Copy)]
struct Threads {
    working: usize,
    alive: usize,
}

impl Ending {
    pub(crate) fn new() -> Self {
        Self {
            begun: AtomicBool::new(false),
            threads: Mutex::new(Threads {
                working: 0,
                alive: 0,
            }),
            ended: Condvar::new(),
        }
    }

    /// Whether the runtime is ending. Read by every worker each turn.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        // Ordering: Relaxed; what follows from it synchronises by itself. A sleeper's read is
        // ordered by the fence of its registration.
        self.begun.load(Ordering::Relaxed)
    }

    /// So many worker threads are about to be started.
    pub(crate) fn workers_start(&self, count: usize) {
        let mut threads = self.threads.lock();
        threads.working += count;
        threads.alive += count;
    }

    /// The monitor is about to be started.
    pub(crate) fn monitor_starts(&self) {
        self.threads.lock().alive += 1;
    }

    /// A worker thread has left its loop. True for the last one.
    pub(crate) fn worker_leaves(&self) -> bool {
        let mut threads = self.threads.lock();
        threads.working -= 1;
        threads.working == 0
    }

    /// A thread could not be started, or has done everything.
    pub(crate) fn thread_ends(&self) {
        let mut threads = self.threads.lock();
        threads.alive -= 1;
        if threads.alive == 0 {
            self.ended.notify_all();
        }
    }

    /// Waits until all worker threads have ended. False if `until` came first.
    pub(crate) fn wait(&self, until: Option<Instant>) -> bool {
        let mut threads = self.threads.lock();
        while threads.alive > 0 {
            match until {
                None => self.ended.wait(&mut threads),
                Some(until) => {
                    if self.ended.wait_until(&mut threads, until).timed_out() {
                        return threads.alive == 0;
                    }
                }
            }
        }
        true
    }
}

impl Scheduler {
    /// Step 1. Does nothing the second time.
    pub(crate) fn close(&self) {
        // Ordering: AcqRel; one caller goes on. The fence orders the flag before the reading of
        // the sleepers: pairs with S3 of the sleep protocol.
        if self.ending.begun.swap(true, Ordering::AcqRel) {
            return;
        }
        fence(Ordering::SeqCst);
        for parker in self.idle.all_sleepers() {
            self.unpark(&parker);
        }
        self.monitor.call();
        self.pool.close();
        self.lobby.close();
    }

    /// Steps 2 and 3. With `wait`, until every task that nobody polls is gone.
    pub(crate) fn drain(&self, wait: bool) {
        self.tasks.close();
        for task in self.tasks.snapshot() {
            task.abort();
        }
        let mut pause = Backoff::new();
        loop {
            while let Some(task) = self.take_any() {
                task.run();
            }
            if !wait || !self.tasks.any_at_rest() {
                break;
            }
            pause.pause();
        }
        self.environment.shutdown();
    }

    /// Ends the runtime. Waits until its threads have ended, `limit` at most; inside async code it
    /// does not wait at all: the thread would wait for itself.
    pub(crate) fn shutdown(self: &std::sync::Arc<Self>, limit: Option<Duration>) {
        let inside = context::with_worker(|worker| worker.is_some());
        self.close();
        if self.workers == 0 {
            let handle = Handle::new(self.clone());
            self.environment.enter(None, &mut || {
                let _entered = context::enter(handle.clone());
                self.drain(!inside);
            });
        }
        if !inside {
            // A limit beyond the clock's range is no limit.
            let until = limit.map(|limit| Instant::now().checked_add(limit));
            let until = until.flatten();
            // A job that ends its own runtime cannot be waited for by itself.
            if self.ending.wait(until) && !context::is_in_pool_of(self) {
                self.pool.wait(until);
            }
        }
    }
}

/// Waits of growing length for something that takes about as long as a push.
struct Backoff(u32);

impl Backoff {
    const YIELDS: u32 = 64;

    fn new() -> Self {
        Self(0)
    }

    fn pause(&mut self) {
        self.0 += 1;
        if self.0 <= Self::YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_micros(100));
        }
    }
}
