//! What the tests run on: an executor of one future, which turns the driver itself or leaves that
//! to another thread.
//!
//! Nothing here waits for ever. A test that hangs panics after [`LIMIT`].

use std::any::Any;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, ThreadId};
use std::time::{Duration, Instant};

use mainspring_executor::{Config, Environment, Executor};
use mainspring_io::{Driver, Handle};

/// How long a test may take before it counts as hanging.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Runs a future on this thread, which turns a driver of its own while the future waits.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let (mut driver, handle) = Driver::new().expect("the system has file descriptors");
    let _entered = handle.enter();
    drive(&mut driver, &handle, future)
}

/// As [`block_on`], with threads for blocking jobs.
pub(crate) fn block_on_with_pool<F: Future>(future: F) -> F::Output {
    let config = Config {
        worker_threads: 0,
        max_standby_workers: 0,
        busy_poll: Duration::ZERO,
        monitor_interval: None,
        max_blocking_threads: 8,
        max_computing_jobs: 1,
        max_waiting_offloads: 1,
        thread_keep_alive: Duration::from_secs(1),
        thread_stack_size: None,
        thread_name: Arc::new(|| String::from("test-pool")),
        on_thread_start: None,
        on_thread_stop: None,
        on_task_panic: None,
    };
    let executor = Executor::new(config, None, Box::new(Nothing)).expect("the system has threads");
    let _entered = executor.handle().enter();
    block_on(future)
}

/// Runs a future on this thread, which turns `driver` while the future waits.
pub(crate) fn drive<F: Future>(driver: &mut Driver, handle: &Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(DriverSignal {
        is_woken: AtomicBool::new(true),
        driving: thread::current().id(),
        handle: handle.clone(),
    });
    let waker = Waker::from(signal.clone());
    let start = Instant::now();
    loop {
        while signal.is_woken.swap(false, Ordering::AcqRel) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
        assert!(start.elapsed() < LIMIT, "the test hangs");
        // An error is kept for who waits.
        let _ = driver.turn(Some(Duration::from_secs(1)));
    }
}

/// Runs a future on this thread, which sleeps while the future waits. Another thread turns the
/// driver.
pub(crate) fn park_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(ThreadSignal(thread::current())));
    let start = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(start.elapsed() < LIMIT, "the test hangs");
        thread::park_timeout(Duration::from_secs(5));
    }
}

/// Calls `body` with a driver that a thread of its own turns.
pub(crate) fn with_driver_thread<R>(body: impl FnOnce(&Handle) -> R) -> R {
    let (mut driver, handle) = Driver::new().expect("the system has file descriptors");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                let _ = driver.turn(None);
            }
        });
        // Ends the thread also when `body` panics.
        let _stop = Stop {
            is_over: &is_over,
            handle: &handle,
        };
        body(&handle)
    })
}

/// The waker of [`drive`].
struct DriverSignal {
    /// Whether the future is to be polled again.
    is_woken: AtomicBool,
    /// The thread that polls and turns, which needs no unparking by itself.
    driving: ThreadId,
    /// Ends the turn.
    handle: Handle,
}

impl Wake for DriverSignal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        if thread::current().id() != self.driving {
            self.handle.unpark();
        }
    }
}

/// The waker of [`park_on`].
struct ThreadSignal(Thread);

impl Wake for ThreadSignal {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Ends the driver's thread when it is dropped.
struct Stop<'a> {
    /// Whether the thread is to end.
    is_over: &'a AtomicBool,
    /// Ends its turn.
    handle: &'a Handle,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        self.handle.unpark();
    }
}

/// The surroundings of a pool that is used from outside.
#[derive(Debug)]
struct Nothing;

impl Environment for Nothing {
    fn enter(&self, _seat: Option<usize>, body: &mut dyn FnMut()) {
        body();
    }

    fn unseat(&self) {}

    fn unpark(&self) {}

    fn wants_turn(&self) -> bool {
        false
    }

    fn tick(&self, _seat: usize) {}

    fn before_sleep(&self, _seat: usize) {}

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn jobs_ended(&self) {}

    fn turn_after_the_end(&self) {}

    fn shutdown(&self) {}
}

// Each test binary has these, so that what one of them does not need is not dead code in it.

#[test]
fn a_future_runs_where_the_driver_is_turned() -> io::Result<()> {
    block_on(async {
        assert!(Handle::try_current().is_some());
        Ok(())
    })
}

#[test]
fn a_future_runs_where_the_driver_is_not_turned() {
    let answer = with_driver_thread(|handle| {
        let _entered = handle.enter();
        park_on(async { 42 })
    });
    assert_eq!(answer, 42);
}

#[test]
fn blocking_jobs_have_threads() {
    let job = async { mainspring_executor::spawn_blocking(|| 42).await };
    assert_eq!(block_on_with_pool(job).expect("the job ran"), 42);
}
