//! `block_on`: the calling thread takes a seat and works while its future waits.
//!
//! The future itself, the *root*, is never moved and never leaves the thread: it need not be
//! `Send`. Each time it is woken it is polled before the next task. Between, the thread is a
//! worker like any other: it runs tasks, is stolen from, sleeps in the driver.
//!
//! Seats for `block_on` are few: what they are for is the main thread. A further caller waits for
//! its root alone, on a condition variable; if the runtime has worker threads that is no loss, and
//! on a current-thread runtime the caller takes the seat over as soon as it is free.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::context;
use crate::handle::Handle;
use crate::park::Parker;
use crate::scheduler::Scheduler;
use crate::seat::CoreBox;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::worker::{Duty, Worker};

/// Seats of a multi-thread runtime for threads in `block_on`. A scan for work looks at each.
pub(crate) const GUEST_SEATS: usize = 2;

/// The free seats of `block_on`, and who waits for one.
#[derive(Debug)]
pub(crate) struct Lobby {
    /// The lock is held for a push or a pop.
    state: Mutex<LobbyState>,
}

#[derive(Debug)]
struct LobbyState {
    /// The cores of free seats.
    free: Vec<CoreBox>,
    /// Those who found none, the first come first.
    waiting: VecDeque<Arc<Root>>,
}

impl Lobby {
    pub(crate) fn new(free: Vec<CoreBox>) -> Self {
        Self {
            state: Mutex::new(LobbyState {
                free,
                waiting: VecDeque::new(),
            }),
        }
    }

    /// A free core; without one, `root` is unparked when there may be one.
    fn take_core(&self, root: &Arc<Root>) -> Option<CoreBox> {
        let mut state = self.state.lock();
        let core = state.free.pop();
        let waits = state
            .waiting
            .iter()
            .position(|waiting| Arc::ptr_eq(waiting, root));
        match (&core, waits) {
            (Some(_), Some(index)) => drop(state.waiting.remove(index)),
            (None, None) => state.waiting.push_back(Arc::clone(root)),
            _ => {}
        }
        core
    }

    /// A core comes back. The one who has waited longest is to be unparked.
    #[must_use]
    fn return_core(&self, core: CoreBox) -> Option<Arc<Root>> {
        let mut state = self.state.lock();
        state.free.push(core);
        state.waiting.pop_front()
    }

    /// `root` waits no more. If it was called meanwhile, the next one is to be unparked.
    #[must_use]
    fn forget(&self, root: &Arc<Root>) -> Option<Arc<Root>> {
        let mut state = self.state.lock();
        state.waiting.retain(|waiting| !Arc::ptr_eq(waiting, root));
        if state.free.is_empty() {
            None
        } else {
            state.waiting.pop_front()
        }
    }

    /// Drops what free cores keep of the scheduler: they would keep it alive for ever.
    pub(crate) fn close(&self) {
        let kept: Vec<_> = {
            let mut state = self.state.lock();
            state
                .free
                .iter_mut()
                .map(|core| std::mem::take(&mut core.spare))
                .collect()
        };
        drop(kept);
    }
}

/// The waker of a root.
#[derive(Debug)]
struct Root {
    /// Set by a wake, taken before a poll.
    woken: AtomicBool,
    /// Where the thread waits.
    parker: Arc<Parker>,
    /// For the driver's bell.
    scheduler: Arc<Scheduler>,
}

impl Root {
    fn is_woken(&self) -> bool {
        // Ordering: Relaxed; `take_woken` does the Acquire. In the sleep protocol the parker's
        // token covers a wake that this load misses.
        self.woken.load(Ordering::Relaxed)
    }

    fn take_woken(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `wake_by_ref`: the poll sees what the waker
        // wrote. Release keeps the chain of wakes whole.
        self.is_woken() && self.woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: Release pairs with `take_woken`.
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.scheduler.unpark(&self.parker);
        }
    }
}

/// Runs `future` to its end on this thread, which works for the runtime meanwhile.
#[track_caller]
pub(crate) fn block_on<F: Future>(handle: &Handle, future: F) -> F::Output {
    refuse_nesting(handle);
    let scheduler = handle.scheduler();
    let root = Arc::new(Root {
        woken: AtomicBool::new(true),
        parker: Arc::new(Parker::new()),
        scheduler: Arc::clone(scheduler),
    });
    let mut duty = RootDuty {
        waker: Waker::from(Arc::clone(&root)),
        root: &root,
        future: pin!(future),
        output: None,
    };
    loop {
        match scheduler.lobby.take_core(&root) {
            Some(core) => seated(handle, core, &mut duty),
            None => unseated(handle, &mut duty),
        }
        if let Some(output) = duty.output {
            return output;
        }
    }
}

/// A `block_on` inside a poll of the same runtime would stop the worker that it waits for.
#[track_caller]
fn refuse_nesting(handle: &Handle) {
    let nested = context::is_worker_of(handle);
    assert!(
        !nested,
        "`block_on` was called inside a task or inside `block_on` of the same Mainspring runtime: \
         the thread would wait for itself. Use `.await` there, or move the blocking call to \
         `task::spawn_blocking`"
    );
}

/// Turns the worker's loop until the root is ready.
fn seated<F: Future>(handle: &Handle, core: CoreBox, duty: &mut RootDuty<'_, F>) {
    /// Gives the seat back, even if the root panics.
    struct Seated<'a>(&'a Worker);
    impl Drop for Seated<'_> {
        fn drop(&mut self) {
            let Some(mut core) = self.0.leave() else {
                return;
            };
            let scheduler = self.0.handle().scheduler();
            if scheduler.ending.has_begun() {
                core.spare.clear();
                scheduler.drain(false);
            }
            if let Some(next) = scheduler.lobby.return_core(core) {
                scheduler.unpark(&next.parker);
            }
        }
    }
    let scheduler = handle.scheduler();
    scheduler.idle.join();
    let worker = Worker::new(handle.clone(), core, Arc::clone(&duty.root.parker));
    scheduler.environment.enter(Some(worker.seat()), &mut || {
        context::enter_worker(&worker, || {
            let _seated = Seated(&worker);
            worker.run(duty);
        });
    });
}

/// Waits for the root alone, until it is ready or a seat may be free.
fn unseated<F: Future>(handle: &Handle, duty: &mut RootDuty<'_, F>) {
    /// Takes the root off the lobby's list when it is done, even if it panics.
    struct Waiting<'a>(&'a Arc<Root>, bool);
    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            if self.1 {
                if let Some(next) = self.0.scheduler.lobby.forget(self.0) {
                    self.0.scheduler.unpark(&next.parker);
                }
            }
        }
    }
    let root = duty.root;
    let mut waiting = Waiting(root, true);
    handle.scheduler().environment.enter(None, &mut || {
        let _entered = context::enter(handle.clone());
        if root.take_woken() {
            duty.poll();
        } else {
            root.parker.park();
        }
    });
    waiting.1 = duty.output.is_some();
}

/// The duty of a thread in `block_on`: its future.
struct RootDuty<'a, F: Future> {
    waker: Waker,
    root: &'a Arc<Root>,
    future: Pin<&'a mut F>,
    output: Option<F::Output>,
}

impl<F: Future> RootDuty<'_, F> {
    fn poll(&mut self) {
        let polled = self
            .future
            .as_mut()
            .poll(&mut Context::from_waker(&self.waker));
        if let Poll::Ready(output) = polled {
            self.output = Some(output);
        }
    }
}

impl<F: Future> Duty for RootDuty<'_, F> {
    fn proceed(&mut self, worker: &Worker) -> bool {
        if !worker.holds_root() && self.root.take_woken() {
            worker.poll_root(|| self.poll());
        }
        self.output.is_some()
    }

    fn is_pending(&self) -> bool {
        self.root.is_woken()
    }
}
