//! How a runtime is to be.

use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use mainspring_executor::{Config, Executor, Hook, PanicAction, PanicHook, TaskPanic};

use super::defaults::{
    MAX_BLOCKING_THREADS, MAX_STANDBY_WORKERS, MAX_WAITING_OFFLOADS, MONITOR_INTERVAL,
    THREAD_KEEP_ALIVE, TIMER_SLACK, cores,
};
use super::environment::Drivers;
use super::{Runtime, RuntimeFlavor, UnhandledPanic};

/// Builds a [`Runtime`].
///
/// # Examples
///
/// ```
/// use mainspring::runtime::Builder;
/// let runtime = Builder::new_multi_thread()
///     .worker_threads(2)
///     .thread_name("my-worker")
///     .enable_all()
///     .build()?;
/// let name = runtime.block_on(async {
///     mainspring::task::spawn_blocking(|| std::thread::current().name().map(str::to_owned))
///         .await
///         .unwrap()
/// });
/// assert_eq!(name.as_deref(), Some("my-worker"));
/// # std::io::Result::Ok(())
/// ```
pub struct Builder {
    flavor: RuntimeFlavor,
    worker_threads: Option<NonZero<usize>>,
    max_standby_workers: usize,
    busy_poll: Duration,
    monitor_interval: Option<Duration>,
    max_blocking_threads: usize,
    max_waiting_offloads: usize,
    thread_keep_alive: Duration,
    thread_stack_size: Option<usize>,
    thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    on_thread_start: Option<Hook>,
    on_thread_stop: Option<Hook>,
    on_task_panic: Option<PanicHook>,
    expected_descriptors: Option<usize>,
    timer_slack: Duration,
    start_paused: bool,
}

impl Builder {
    fn new(flavor: RuntimeFlavor) -> Self {
        Self {
            flavor,
            worker_threads: None,
            max_standby_workers: MAX_STANDBY_WORKERS,
            busy_poll: Duration::ZERO,
            monitor_interval: MONITOR_INTERVAL,
            max_blocking_threads: MAX_BLOCKING_THREADS,
            max_waiting_offloads: MAX_WAITING_OFFLOADS,
            thread_keep_alive: THREAD_KEEP_ALIVE,
            thread_stack_size: None,
            thread_name: Arc::new(|| "mainspring-worker".to_owned()),
            on_thread_start: None,
            on_thread_stop: None,
            on_task_panic: None,
            expected_descriptors: None,
            timer_slack: TIMER_SLACK,
            start_paused: false,
        }
    }

    /// A runtime with worker threads.
    pub fn new_multi_thread() -> Self {
        Self::new(RuntimeFlavor::MultiThread)
    }

    /// A runtime without threads of its own: tasks run on the thread inside `block_on`.
    pub fn new_current_thread() -> Self {
        Self::new(RuntimeFlavor::CurrentThread)
    }

    /// How many worker threads. The default is the number of cores that the process may use
    /// (`std::thread::available_parallelism`, which knows of containers' limits). Has no meaning
    /// on the current-thread flavour.
    ///
    /// # Panics
    ///
    /// If it is 0, or more than 65,533.
    #[track_caller]
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        let Some(workers) = NonZero::new(count) else {
            panic!(
                "`Builder::worker_threads(0)`: a multi-thread runtime needs a worker; \
                 `Builder::new_current_thread` has no threads of its own"
            )
        };
        let most = Config::WORKER_THREADS_MAX;
        assert!(
            count <= most,
            "`Builder::worker_threads({count})`: {most} at most"
        );
        self.worker_threads = Some(workers);
        self
    }

    /// How many workers the monitor may add while every running one is stuck in a poll that blocks or
    /// computes. The default is 16; with 0 the others wait then. They go home when they are not
    /// needed any more. Has no meaning on the current-thread flavour.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let runtime = mainspring::runtime::Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .max_standby_workers(2)
    ///     .build()?;
    /// runtime.block_on(async {
    ///     let (sender, receiver) = std::sync::mpsc::channel();
    ///     // A mistake: this blocks the only worker until the other task has run.
    ///     mainspring::spawn(async move { receiver.recv_timeout(Duration::from_secs(60)) });
    ///     mainspring::spawn(async move { sender.send("free") }).await
    /// })?.unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_standby_workers(&mut self, count: usize) -> &mut Self {
        self.max_standby_workers = count;
        self
    }

    /// For how long a worker that has nothing to do looks for events of sockets, again and again, before it
    /// sleeps until one comes. The default is zero: it sleeps at once, or after a single look.
    ///
    /// To be woken takes 5 us, and on a virtual machine, whose host has to start the core first, up to 80.
    /// Who polls busily has an answer from outside a microsecond after it has come, and pays for it
    /// with processor time, and with power: tens of system calls an event instead of one. It is for services
    /// whose answers must be quick, on cores that nobody else needs; 50 us is a good value.
    ///
    /// A worker does so only while no other one is awake and while it pays: it begins after a few short
    /// sleeps, stops after a few spans in which nothing has come, and tries it anew more and more seldom. An
    /// idle runtime uses no processor time, and a paused clock is not held up. After 8 us it offers its core to
    /// other threads between two looks (`sched_yield`).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// let runtime = mainspring::runtime::Builder::new_multi_thread()
    ///     .busy_poll(Duration::from_micros(50))
    ///     .build()?;
    /// # drop(runtime);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn busy_poll(&mut self, span: Duration) -> &mut Self {
        self.busy_poll = span;
        self
    }

    /// The shortest time between two looks of the monitor: one to two of them pass before the
    /// tasks behind a poll that blocks or computes are rescued. The default is 500 us. While no poll
    /// takes long the monitor looks up to 24 times less often, so that the first rescue after a calm
    /// can take up to 48 of them; and while the runtime is idle not at all.
    ///
    /// # Panics
    ///
    /// If it is zero; [`disable_monitor`](Self::disable_monitor) turns the monitor off.
    #[track_caller]
    pub fn monitor_interval(&mut self, interval: Duration) -> &mut Self {
        assert!(
            !interval.is_zero(),
            "`Builder::monitor_interval(0)`: the monitor would never rest; \
             `Builder::disable_monitor` turns it off"
        );
        self.monitor_interval = Some(interval);
        self
    }

    /// No monitor: one thread less, and a task that blocks its worker holds up what waits behind it,
    /// as in other runtimes.
    pub fn disable_monitor(&mut self) -> &mut Self {
        self.monitor_interval = None;
        self
    }

    /// How many blocking jobs may run at once, each on a thread of its own. Threads are started
    /// when they are needed. The default is 512.
    ///
    /// Not counted are a job that waits for another one by `block_on`, computing jobs (as many at
    /// once as there are cores), and the runtime's own work on files and look-ups of names, which
    /// has a few threads that jobs cannot take.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Self {
        assert!(
            count > 0,
            "`Builder::max_blocking_threads(0)`: no blocking job could ever run"
        );
        self.max_blocking_threads = count;
        self
    }

    /// How many places there are for computing jobs that wait for a core, for those who
    /// [reserve](crate::task::reserve_offload) one. Jobs without a reservation are not counted.
    /// The default is 256.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn max_waiting_offloads(&mut self, count: usize) -> &mut Self {
        assert!(
            count > 0,
            "`Builder::max_waiting_offloads(0)`: no reservation could ever be made"
        );
        self.max_waiting_offloads = count;
        self
    }

    /// How long a thread of the offload pool waits for its next job, and a stand-by thread for a
    /// worker's place. The default is 10 seconds.
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.thread_keep_alive = duration;
        self
    }

    /// The size of the threads' stacks, in bytes: of those that [`thread_name_fn`](Self::thread_name_fn)
    /// names. The default is the standard library's.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.thread_stack_size = Some(bytes);
        self
    }

    /// The name of the threads. The default is `mainspring-worker`.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// Gives each thread its name: workers, those on stand-by, and those of the offload pool. Not the
    /// monitor's, nor one that ends the runtime in the background.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// let next = AtomicUsize::new(0);
    /// let runtime = mainspring::runtime::Builder::new_multi_thread()
    ///     .thread_name_fn(move || format!("worker-{}", next.fetch_add(1, Ordering::Relaxed)))
    ///     .build()?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn thread_name_fn(
        &mut self,
        name: impl Fn() -> String + Send + Sync + 'static,
    ) -> &mut Self {
        self.thread_name = Arc::new(name);
        self
    }

    /// Called on each thread that [`thread_name_fn`](Self::thread_name_fn) names when it starts.
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Called on each thread that [`thread_name_fn`](Self::thread_name_fn) names when it ends.
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Told of each task and each blocking job that panics, and decides what is done about it.
    ///
    /// It is called on the thread where the task panicked, after the task's future was dropped and
    /// before whoever awaits the task is woken; and once more
    /// ([`is_repeated`](TaskPanic::is_repeated)) if the JoinHandle was held then and is dropped
    /// later without having been asked for the result: on the thread that drops it. A panic of the
    /// hook itself is contained, and then counts as no decision.
    ///
    /// Without a hook, a panic that nobody can see, because the JoinHandle is gone, is one line on
    /// standard error, which names the task and where it was spawned. One that somebody can see is
    /// an error of the JoinHandle and nothing else.
    ///
    /// The tasks of a `LocalSet` belong to the runtime of the thread that polls it.
    ///
    /// # Examples
    ///
    /// A service that had better not go on with half of its tasks:
    ///
    /// ```
    /// use mainspring::runtime::{Builder, PanicAction};
    /// let runtime = Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .on_task_panic(|panic| {
    ///         eprintln!("{panic}");
    ///         if panic.has_handle() {
    ///             PanicAction::Ignore
    ///         } else {
    ///             PanicAction::ShutdownRuntime
    ///         }
    ///     })
    ///     .build()?;
    /// let ended = std::panic::catch_unwind(|| {
    ///     runtime.block_on(async {
    ///         mainspring::spawn(async { panic!("out of cheese") });
    ///         std::future::pending::<()>().await
    ///     })
    /// });
    /// assert!(ended.is_err());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn on_task_panic(
        &mut self,
        hook: impl Fn(&TaskPanic<'_>) -> PanicAction + Send + Sync + 'static,
    ) -> &mut Self {
        self.on_task_panic = Some(Arc::new(hook));
        self
    }

    /// What becomes of the panic of a task or blocking job that nobody can see. This is
    /// [`on_task_panic`](Self::on_task_panic) for the two commonest cases, under tokio's name;
    /// whichever of the two was called last counts. There, `ShutdownRuntime` is for the panics of
    /// all tasks; here, for those whose JoinHandle was dropped without having been awaited.
    pub fn unhandled_panic(&mut self, behavior: UnhandledPanic) -> &mut Self {
        self.on_task_panic = behavior.into_hook();
        self
    }

    /// How many file descriptors (sockets, files) the program is going to have open at once.
    ///
    /// On Linux a process's table of descriptors grows as it fills, and when several threads share
    /// it, whoever opens that one socket too many waits for it: ten milliseconds, or a multiple of
    /// that on a busy machine. So [`build`](Self::build) makes it large enough beforehand, at 8 bytes
    /// of the kernel's memory a descriptor, though not larger than the process's limit (`ulimit -n`,
    /// which this does not change).
    ///
    /// Without this, it makes room for 4,096, unless the process has other threads already, in which
    /// case it would wait itself. 0 leaves the table as it is.
    pub fn expected_descriptors(&mut self, count: usize) -> &mut Self {
        self.expected_descriptors = Some(count);
        self
    }

    /// By how much the system may let timers be late so that several sleeping threads of the machine
    /// wake up at once, which saves power. On Linux this is the *timer slack* of the threads that wait
    /// for timers, which the kernel gives every thread 50 us of (`PR_SET_TIMERSLACK` in prctl(2)). The
    /// default, and the least, is a nanosecond: a lone sleep is as exact as the kernel's clock
    /// ([`sleep`](crate::time::sleep) says what many are). Elsewhere this has no meaning, nor for threads
    /// under a real-time policy.
    ///
    /// A thread takes it on when it first waits for a timer. The thread inside `block_on` gets its own
    /// back; a thread or a process that is started by a task, or by a thread of the runtime,
    /// may inherit it.
    ///
    /// # Examples
    ///
    /// A battery's sake:
    ///
    /// ```
    /// use std::time::Duration;
    /// let runtime = mainspring::runtime::Builder::new_multi_thread()
    ///     .timer_slack(Duration::from_millis(5))
    ///     .build()?;
    /// # drop(runtime);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn timer_slack(&mut self, slack: Duration) -> &mut Self {
        self.timer_slack = slack;
        self
    }

    /// Sockets and timers are always enabled; this is here so that a program for tokio need not
    /// change.
    pub fn enable_all(&mut self) -> &mut Self {
        self
    }

    /// As [`enable_all`](Self::enable_all).
    pub fn enable_io(&mut self) -> &mut Self {
        self
    }

    /// As [`enable_all`](Self::enable_all).
    pub fn enable_time(&mut self) -> &mut Self {
        self
    }

    /// Whether the runtime's clock starts paused: see [`time::pause`](crate::time::pause).
    /// Only for the current-thread flavour.
    #[cfg(feature = "test-util")]
    pub fn start_paused(&mut self, paused: bool) -> &mut Self {
        self.start_paused = paused;
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread or the driver's descriptors; then nothing is left behind.
    ///
    /// # Panics
    ///
    /// If the clock is to start paused on the multi-thread flavour.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        let single = self.flavor == RuntimeFlavor::CurrentThread;
        assert!(
            single || !self.start_paused,
            "`Builder::start_paused` needs the current-thread flavour: with several workers the \
             clock cannot know when nothing is left to do"
        );
        crate::loom::runtime_begins();
        let cores = cores();
        let workers = self.worker_threads.unwrap_or(cores).get();
        let workers = if single {
            0
        } else {
            workers.min(Config::WORKER_THREADS_MAX)
        };
        // Before there are threads that share it.
        mainspring_io::grow_descriptor_table(self.expected_descriptors);
        let (drivers, driver) = Drivers::new(Config::seats(workers), self.timer_slack)?;
        if single {
            drivers.timer.allow_pausing();
            if self.start_paused {
                drivers.timer.pause();
            }
        }
        let config = Config {
            worker_threads: workers,
            max_standby_workers: self.max_standby_workers,
            busy_poll: self.busy_poll,
            monitor_interval: self.monitor_interval,
            max_blocking_threads: self.max_blocking_threads,
            max_computing_jobs: cores.get(),
            max_waiting_offloads: self.max_waiting_offloads,
            thread_keep_alive: self.thread_keep_alive,
            thread_stack_size: self.thread_stack_size,
            thread_name: Arc::clone(&self.thread_name),
            on_thread_start: self.on_thread_start.clone(),
            on_thread_stop: self.on_thread_stop.clone(),
            on_task_panic: self.on_task_panic.clone(),
        };
        Executor::new(config, Some(Box::new(driver)), Box::new(drivers)).map(Runtime::from_executor)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("worker_threads", &self.worker_threads)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field("thread_keep_alive", &self.thread_keep_alive)
            .field("thread_stack_size", &self.thread_stack_size)
            .finish_non_exhaustive()
    }
}
