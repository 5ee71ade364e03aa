//! How a runtime is to be.

use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainspring_executor::{Config, Executor, Hook};

use super::environment::Drivers;
use super::{Runtime, RuntimeFlavor};

/// Threads of the offload pool at most, unless the builder says otherwise.
const MAX_BLOCKING_THREADS: usize = 512;

/// How long a thread of the offload pool waits for its next job.
const THREAD_KEEP_ALIVE: Duration = Duration::from_secs(10);

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
    max_blocking_threads: usize,
    thread_keep_alive: Duration,
    thread_stack_size: Option<usize>,
    thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    on_thread_start: Option<Hook>,
    on_thread_stop: Option<Hook>,
    start_paused: bool,
}

impl Builder {
    fn new(flavor: RuntimeFlavor) -> Self {
        Self {
            flavor,
            worker_threads: None,
            max_blocking_threads: MAX_BLOCKING_THREADS,
            thread_keep_alive: THREAD_KEEP_ALIVE,
            thread_stack_size: None,
            thread_name: Arc::new(|| "mainspring-worker".to_owned()),
            on_thread_start: None,
            on_thread_stop: None,
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
    /// If it is 0, or more than 65,000.
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

    /// How many threads the offload pool may have. They are started when they are needed. The
    /// default is 512.
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

    /// How long a thread of the offload pool waits for its next job. The default is 10 seconds.
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.thread_keep_alive = duration;
        self
    }

    /// The size of the threads' stacks, in bytes. The default is the standard library's.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.thread_stack_size = Some(bytes);
        self
    }

    /// The name of the threads. The default is `mainspring-worker`.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// Gives each thread its name.
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

    /// Called on each thread of the runtime when it starts.
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Called on each thread of the runtime when it ends.
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_thread_stop = Some(Arc::new(hook));
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
        let cores = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let workers = self.worker_threads.unwrap_or(cores).get();
        let workers = if single {
            0
        } else {
            workers.min(Config::WORKER_THREADS_MAX)
        };
        let (drivers, driver) = Drivers::new(Config::seats(workers))?;
        if single {
            drivers.timer.allow_pausing();
            if self.start_paused {
                drivers.timer.pause();
            }
        }
        let config = Config {
            worker_threads: workers,
            max_blocking_threads: self.max_blocking_threads,
            max_computing_jobs: cores.get(),
            thread_keep_alive: self.thread_keep_alive,
            thread_stack_size: self.thread_stack_size,
            thread_name: Arc::clone(&self.thread_name),
            on_thread_start: self.on_thread_start.clone(),
            on_thread_stop: self.on_thread_stop.clone(),
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
