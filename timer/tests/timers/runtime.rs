//! The smallest runtime that drives timers: one thread, one future, a condition variable for I/O.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant as StdInstant};

use mainspring_timer::Handle;

/// No test takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the thread in `block_on` waits on, in place of a driver.
#[derive(Default)]
pub(crate) struct Bell {
    /// Whether it has rung since the last wait.
    rung: Mutex<bool>,
    /// Rings.
    changed: Condvar,
    /// How often it was rung by the timers.
    pub(crate) unparks: AtomicUsize,
    /// Whether the root future was woken.
    woken: AtomicBool,
}

pub(crate) struct Runtime {
    pub(crate) handle: Handle,
    pub(crate) bell: Arc<Bell>,
}

/// Counts wakes.
#[derive(Default)]
pub(crate) struct Counter(AtomicUsize);

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }

    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let timeout = timeout.unwrap_or(PATIENCE).min(PATIENCE);
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(rung, timeout, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }

    pub(crate) fn unparks(&self) -> usize {
        self.unparks.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.ring();
    }
}

impl Runtime {
    pub(crate) fn new(seats: usize) -> Self {
        let bell = Arc::new(Bell::default());
        let unpark = {
            let bell = bell.clone();
            Arc::new(move || {
                bell.unparks.fetch_add(1, Ordering::SeqCst);
                bell.ring();
            })
        };
        Self {
            handle: Handle::new(seats, unpark),
            bell,
        }
    }

    /// A runtime of one seat whose clock is paused.
    pub(crate) fn paused() -> Self {
        let runtime = Self::new(1);
        runtime.handle.allow_pausing();
        runtime.handle.pause();
        runtime
    }

    /// Runs a future on seat 0.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _scope = self.handle.enter(Some(0));
        let mut future = pin!(future);
        let waker = Waker::from(self.bell.clone());
        let mut context = Context::from_waker(&waker);
        let start = StdInstant::now();
        self.bell.woken.store(true, Ordering::SeqCst);
        loop {
            assert!(start.elapsed() < PATIENCE, "the future does not complete");
            if self.bell.woken.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
                self.handle.turn();
            } else if !self.handle.advance_to_next() {
                let wait = self.handle.prepare_park(None);
                self.bell.wait(wait);
                self.handle.finish_park();
                self.handle.turn();
            }
        }
    }
}

impl Counter {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), Waker::from(counter))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Runs `body`, which must panic, and returns its message.
pub(crate) fn panic_message(body: impl FnOnce()) -> String {
    let payload =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).expect_err("this must panic");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}
