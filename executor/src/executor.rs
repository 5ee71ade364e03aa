//! Building an executor, and ending it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::block_on::{GUEST_SEATS, Lobby};
use crate::driver::{Driver, Environment};
use crate::fork::{self, Generation};
use crate::handle::Handle;
use crate::hooks::{Hook, Hooks};
use crate::idle::{Idle, SEATS_MAX};
use crate::monitor::Monitor;
use crate::offload::{Pool, PoolConfig};
use crate::park::DriverSeat;
use crate::queue::Injector;
use crate::scheduler::Scheduler;
use crate::seat::{CoreBox, Seat};
use crate::shutdown::{Ending, ShutdownReport};
use crate::standby::{self, Standby};
use crate::sync::atomic::AtomicUsize;
use crate::task::TaskList;
use crate::task_panic::{PanicHook, PanicPolicy};
use crate::trust::Trust;

/// How an executor is to be.
pub struct Config {
    /// Worker threads; 0 is the current-thread flavour, on which only `block_on` runs tasks.
    pub worker_threads: usize,
    /// Workers at most that the monitor puts beside those that are stuck.
    pub max_standby_workers: usize,
    /// For how long a worker that is awake alone and has nothing to do turns the driver, where that has paid
    /// lately, before it sleeps there. Zero: it looks once.
    pub busy_poll: Duration,
    /// The shortest time between two looks of the monitor; None: no monitor.
    pub monitor_interval: Option<Duration>,
    /// Blocking jobs at once at most, each on a thread of its own.
    pub max_blocking_threads: usize,
    /// Computing jobs at once at most.
    pub max_computing_jobs: usize,
    /// Places for computing jobs that wait for a core, for those who reserve one.
    pub max_waiting_offloads: usize,
    /// How long a pool thread waits for its next job.
    pub thread_keep_alive: Duration,
    /// The size of the threads' stacks, in bytes; the system's default if None.
    pub thread_stack_size: Option<usize>,
    /// Gives the next thread's name.
    pub thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    /// Called on each thread when it starts.
    pub on_thread_start: Option<Hook>,
    /// Called on each thread when it ends.
    pub on_thread_stop: Option<Hook>,
    /// Told of the panics of tasks. None: those that nobody can see are told on standard error.
    pub on_task_panic: Option<PanicHook>,
}

impl Config {
    /// Seats with timers of their own for a number of worker threads: the current-thread flavour has
    /// the one of `block_on`; the other flavour has some of them besides the threads' own.
    pub fn seats(worker_threads: usize) -> usize {
        if worker_threads == 0 {
            1
        } else {
            worker_threads + GUEST_SEATS
        }
    }

    /// The most worker threads that an executor can have.
    pub const WORKER_THREADS_MAX: usize = SEATS_MAX - GUEST_SEATS;
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("worker_threads", &self.worker_threads)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field("max_computing_jobs", &self.max_computing_jobs)
            .finish_non_exhaustive()
    }
}

/// An executor: the scheduler and its threads. Dropping it ends it; see
/// [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct Executor {
    handle: Handle,
    /// Whether the drop is to wait.
    detached: bool,
}

impl Executor {
    /// Starts an executor.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread. Those that were started are ended again.
    pub fn new(
        config: Config,
        driver: Option<Box<dyn Driver>>,
        environment: Box<dyn Environment>,
    ) -> io::Result<Self> {
        fork::watch()?;
        let timed_seats = Config::seats(config.worker_threads);
        let standbys = match config.worker_threads {
            0 => 0,
            _ => config.max_standby_workers.min(SEATS_MAX - timed_seats),
        };
        let seats = timed_seats + standbys;
        let seats: Box<[_]> = (0..seats).map(|_| CachePadded::new(Seat::new())).collect();
        let timed = (0..timed_seats).zip(&seats);
        let mut cores: Vec<_> = timed.map(|(number, seat)| seat.make_core(number)).collect();
        let guests = cores.split_off(config.worker_threads);
        let hooks = Hooks {
            name: config.thread_name,
            start: config.on_thread_start,
            stop: config.on_thread_stop,
            stack_size: config.thread_stack_size,
        };
        let pool = PoolConfig {
            blocking_max: config.max_blocking_threads,
            computing_max: config.max_computing_jobs,
            waiting_max: config.max_waiting_offloads,
            keep_alive: config.thread_keep_alive,
            hooks: hooks.clone(),
        };
        let scheduler = Arc::new(Scheduler {
            generation: Generation::current(),
            tasks: TaskList::of_seats(seats.len()),
            seats,
            injector: CachePadded::new(Injector::new()),
            idle: CachePadded::new(Idle::new(config.worker_threads.max(1))),
            driver: DriverSeat::new(driver),
            environment,
            lobby: Lobby::new(guests),
            pool: Pool::new(pool),
            standby: Standby::new(
                timed_seats..timed_seats + standbys,
                config.thread_keep_alive,
                hooks.clone(),
            ),
            trust: Trust::new(),
            panics: PanicPolicy::new(config.on_task_panic),
            monitor: Monitor::new(
                config
                    .monitor_interval
                    .filter(|_| config.worker_threads > 0),
            ),
            ending: Ending::new(),
            busy_poll: config.busy_poll,
            workers: config.worker_threads,
            timed_seats,
            shown_seats: AtomicUsize::new(timed_seats),
        });
        let executor = Self {
            handle: Handle::new(scheduler),
            detached: false,
        };
        // On an error the executor is dropped, which ends the threads that run already.
        executor.start_workers(cores, &hooks)?;
        Ok(executor)
    }

    fn start_workers(&self, cores: Vec<CoreBox>, hooks: &Hooks) -> io::Result<()> {
        let ending = &self.handle.scheduler().ending;
        // All are counted before the first may leave: the last one to leave drains.
        let count = cores.len();
        ending.workers_start(count);
        for (started, core) in cores.into_iter().enumerate() {
            self.handle.scheduler().idle.join();
            if let Err((_core, error)) = standby::start_thread(&self.handle, hooks, core) {
                self.handle.scheduler().idle.leave();
                for _ in started..count {
                    ending.worker_leaves();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// A reference to the executor.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the executor with a grace in which its tasks may finish, waits for that, and says how
    /// they have ended. What does not end is left behind.
    pub fn shutdown_with_grace(mut self, grace: Duration) -> ShutdownReport {
        let report = self.handle.scheduler().shutdown_here(grace);
        self.detach();
        report
    }

    /// Ends the executor and waits for its threads, `limit` at most (None: without limit).
    ///
    /// Every task's future is dropped when its present poll ends; blocking jobs that have not
    /// begun are dropped, those that run are waited for. Called from inside a task it waits for
    /// nothing, since the thread would wait for itself. It never panics.
    pub fn shutdown(&mut self, limit: Option<Duration>) {
        self.handle.scheduler().shutdown(limit);
    }

    /// Lets the executor go without ending it or waiting for it: after a bounded
    /// [`shutdown`](Self::shutdown), what still runs is left behind.
    pub fn detach(&mut self) {
        self.detached = true;
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if !self.detached {
            self.shutdown(None);
        }
    }
}
