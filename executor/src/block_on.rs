//! `block_on`: the calling thread takes a seat and works while its future waits.
//!
//! The future itself, the *root*, is never moved and never leaves the thread: it need not be
//! `Send`. Each time it is woken it is polled soon: up to 16 tasks of kinds known to be short go
//! first, and after a yield all that were ready. Between, the thread is a worker like any other: it
//! runs tasks, is stolen from, sleeps in the driver.
//!
//! A task that blocks would hold the root up, which nobody can take over. So a thread in `block_on`
//! runs tasks of proven kinds only ([`crate::trust`]); at any other it leaves its seat and waits for
//! its root alone, until that was polled once.
//!
//! Inside a poll, a nested `block_on` gives the thread's core away ([`crate::standby`]) and waits for
//! its root alone, too.
//!
//! After the end of the runtime a thread that is still in `block_on` turns the timers by itself and
//! polls its root, each 5 ms: it may be a blocking job that the end waits for.
//!
//! Seats for `block_on` are few: what they are for is the main thread. A further caller waits for
//! its root alone, on a condition variable; if the runtime has worker threads that is no loss, and
//! on a current-thread runtime the caller takes the seat over as soon as it is free.
//!
//! # Invariants
//!
//! * I1: a wake is never lost: all changes of a root's mark are swaps, so that each wake's writes are
//!   seen by the poll that takes the mark; the wake that sets it unparks the thread.
//! * I2: while a seat is free and somebody is listed as waiting for one, somebody has been called and
//!   has not looked yet: a core comes back and a caller is taken off the list under one lock, and who
//!   was called but has no use for it calls the next.
//! * I3: whoever is in `block_on` at the end is unparked, or sees the end before it waits.
//! * I4: no core keeps references to the scheduler in the lobby after the end.
//!
//! Checked by: loom-tests/tests/models/block_on.rs

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::context;
use crate::coop;
use crate::handle::Handle;
use crate::offload;
use crate::park::Parker;
use crate::scheduler::Scheduler;
use crate::seat::CoreBox;
use crate::shutdown::LOOK_AFTER_THE_END;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, mutant, order};
use crate::worker::{Duty, Post, Worker};

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
    /// All who are in `block_on`.
    present: Vec<Arc<Root>>,
}

impl Lobby {
    pub(crate) fn new(free: Vec<CoreBox>) -> Self {
        Self {
            state: Mutex::new(LobbyState {
                free,
                waiting: VecDeque::new(),
                present: Vec::new(),
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
            (Some(_), Some(index)) if !mutant!("lobby: who finds a seat stays listed") => {
                drop(state.waiting.remove(index));
            }
            (None, None) if !mutant!("lobby: who finds no seat is not listed") => {
                state.waiting.push_back(Arc::clone(root));
            }
            _ => {}
        }
        core
    }

    /// A core comes back. The one who has waited longest is unparked.
    pub(crate) fn return_core(&self, scheduler: &Scheduler, mut core: CoreBox) {
        let (next, kept) = {
            let too_early = scheduler.ending.has_begun();
            let mut state = self.state.lock();
            // Asked under the lock: `close`, which comes after the mark, either finds this core among
            // the free ones or has had the lock before.
            let closed = if mutant!("lobby: whether it has ended is asked too early") {
                too_early
            } else {
                scheduler.ending.has_begun()
            };
            let kept = (closed && !mutant!("lobby: a seat that comes late keeps its references"))
                .then(|| std::mem::take(&mut core.spare));
            state.free.push(core);
            (state.waiting.pop_front(), kept)
        };
        drop(kept);
        if let Some(next) = next.filter(|_| !mutant!("lobby: who waits is not told of a seat")) {
            scheduler.unpark(&next.parker);
        }
    }

    /// `root` waits no more. If it was called meanwhile, the next one is to be unparked.
    #[must_use]
    fn forget(&self, root: &Arc<Root>) -> Option<Arc<Root>> {
        let mut state = self.state.lock();
        state.waiting.retain(|waiting| !Arc::ptr_eq(waiting, root));
        if state.free.is_empty() || mutant!("lobby: a call that came too late is lost") {
            None
        } else {
            state.waiting.pop_front()
        }
    }

    /// Lists a root, to be told of the runtime's end.
    fn register(&self, root: &Arc<Root>) {
        if !mutant!("lobby: a root is not listed for the end") {
            self.state.lock().present.push(Arc::clone(root));
        }
    }

    fn unregister(&self, root: &Arc<Root>) {
        let mut state = self.state.lock();
        state.present.retain(|present| !Arc::ptr_eq(present, root));
    }

    /// The runtime ends: whoever is in `block_on` looks at its root now and then, from now on. Drops
    /// what free cores keep of the scheduler: they would keep it alive for ever.
    pub(crate) fn close(&self, scheduler: &Scheduler) {
        let (present, kept): (_, Vec<_>) = {
            let mut state = self.state.lock();
            let free = state.free.iter_mut();
            let kept = free.filter(|_| !mutant!("lobby: free seats keep their references"));
            let kept = kept.map(|core| std::mem::take(&mut core.spare)).collect();
            (state.present.clone(), kept)
        };
        drop(kept);
        for root in present {
            if !mutant!("lobby: roots are not told of the end") {
                scheduler.unpark(&root.parker);
            }
        }
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
        self.take_woken_unless(|| false)
    }

    /// Takes the mark of a wake, unless `waits` says that it is to stay.
    fn take_woken_unless(&self, waits: impl FnOnce() -> bool) -> bool {
        if mutant!("root: its mark is taken by a load and a store") {
            let woken = self.is_woken();
            self.woken.store(false, Ordering::Relaxed);
            return woken;
        }
        // Ordering: Acquire pairs with the Release in `wake_by_ref`: the poll sees what the wakers
        // wrote, all of them, for each has swapped.
        let acquire = order!("root: a poll without Acquire", Acquire);
        self.is_woken() && !waits() && self.woken.swap(false, acquire)
    }

    /// Marks itself woken, to look how things are.
    fn wake_self(&self) {
        if mutant!("root: it marks itself woken by a store") {
            return self.woken.store(true, Ordering::Relaxed);
        }
        // Ordering: Relaxed; a swap passes on what a wake in the same moment has published, and a
        // store would hide it.
        self.woken.swap(true, Ordering::Relaxed);
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if mutant!("root: a second wake publishes nothing") && self.is_woken() {
            return;
        }
        // Ordering: Release pairs with `take_woken`.
        let release = order!("root: a wake without Release", Release);
        if self.woken.swap(true, release) || mutant!("root: a wake does not unpark") {
            return;
        }
        // A thread that wakes its own root does not wait, and looks at the mark before it does.
        let is_own = |worker: Option<&Worker>| worker.is_some_and(|it| it.waits_with(&self.parker));
        if !context::with_worker(is_own) {
            self.scheduler.unpark(&self.parker);
        }
    }
}

/// Runs `future` to its end on this thread, which works for the runtime meanwhile.
#[track_caller]
pub(crate) fn block_on<F: Future>(handle: &Handle, future: F) -> F::Output {
    // A job of the offload pool that waits for another must not keep it from getting a thread.
    let _blocked = offload::blocked_on_pool_thread();
    if context::is_in_async_code() {
        leave_async_code(handle);
    }
    let scheduler = handle.scheduler();
    let root = Arc::new(Root {
        woken: AtomicBool::new(true),
        parker: Arc::new(Parker::new()),
        scheduler: Arc::clone(scheduler),
    });
    let waker = Waker::from(Arc::clone(&root));
    let _present = Present::new(&root);
    let mut duty = RootDuty {
        waker,
        root: &root,
        handle,
        future: pin!(Some(future)),
        output: None,
    };
    // A task or a job that lies below on the stack could not go on while a task that waits for it
    // runs above. Only the current-thread flavour has nobody else.
    let is_alone = !context::is_in_async_code() && !context::is_on_pool_thread();
    let works_along = is_alone || scheduler.workers == 0;
    loop {
        // No more than a hint: after the end a seat would be left at once.
        let sits = works_along && !scheduler.ending.has_begun();
        let core = sits.then(|| scheduler.lobby.take_core(&root));
        match core.flatten() {
            Some(core) => {
                seated(handle, core, &mut duty);
                // The seat was left for tasks that others must run, or because the root blocks:
                // before it is taken again, let the root have its turn.
                while duty.output.is_none() && !unseated(handle, &mut duty) {}
            }
            None => drop(unseated(handle, &mut duty)),
        }
        if let Some(output) = duty.output.take() {
            drop(duty);
            scheduler.panics.check();
            return output;
        }
    }
}

/// Keeps a root listed while its thread is in `block_on`.
struct Present<'a>(&'a Arc<Root>);

impl<'a> Present<'a> {
    fn new(root: &'a Arc<Root>) -> Self {
        root.scheduler.lobby.register(root);
        Self(root)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        if !self.0.scheduler.generation.is_stale() {
            self.0.scheduler.lobby.unregister(self.0);
        }
    }
}

/// Inside a poll: lets other threads go on with what this one was working at.
#[track_caller]
fn leave_async_code(handle: &Handle) {
    context::give_cores_away();
    if !context::holds_core_of(handle) {
        return;
    }
    let reason = if handle.scheduler().workers == 0 {
        "the current-thread flavour has no other thread to run its tasks: the thread would wait \
         for itself. Use `.await` there, or `task::spawn_blocking`, or the multi-thread flavour"
    } else {
        "the system refuses a thread that could go on with the other tasks"
    };
    panic!(
        "`block_on` was called inside a task or inside `block_on` of the same Mainspring runtime: \
         {reason}"
    );
}

/// Turns the worker's loop until the root is ready.
fn seated<F: Future>(handle: &Handle, core: CoreBox, duty: &mut RootDuty<'_, F>) {
    /// Gives the seat back, even if the root panics.
    struct Seated<'a>(&'a Worker);
    impl Drop for Seated<'_> {
        fn drop(&mut self) {
            self.0.leave_for_the_lobby();
        }
    }
    let scheduler = handle.scheduler();
    scheduler.idle.join();
    let parker = Arc::clone(&duty.root.parker);
    let worker = Worker::new(handle.clone(), core, parker, Post::Guest);
    scheduler.environment.enter(Some(worker.seat()), &mut || {
        context::enter_worker(&worker, || {
            let _seated = Seated(&worker);
            worker.run(duty);
        });
    });
}

/// Waits for the root alone, until it was polled or a seat may be free. True if it was polled.
fn unseated<F: Future>(handle: &Handle, duty: &mut RootDuty<'_, F>) -> bool {
    /// Takes the root off the lobby's list when it is done, even if it panics.
    struct Waiting<'a>(&'a Arc<Root>, bool);
    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            if self.1 && !self.0.scheduler.generation.is_stale() {
                if let Some(next) = self.0.scheduler.lobby.forget(self.0) {
                    self.0.scheduler.unpark(&next.parker);
                }
            }
        }
    }
    let root = duty.root;
    let mut waiting = Waiting(root, true);
    let mut polled = false;
    handle.scheduler().environment.enter(None, &mut || {
        let _entered = context::enter(handle.clone());
        polled = root.take_woken();
        if polled {
            context::poll_unseated(|| duty.poll());
            // It may have forked, and this may be the child.
            handle.scheduler().generation.expect_current("block_on");
        } else if root.scheduler.ending.has_begun() {
            root.parker.park_for(LOOK_AFTER_THE_END);
            if !mutant!("root: nothing is turned after the end") {
                root.scheduler.environment.turn_after_the_end();
            }
            if !mutant!("root: it is not looked at after the end") {
                root.wake_self();
            }
        } else {
            root.parker.park();
        }
    });
    waiting.1 = duty.output.is_some();
    polled
}

/// The duty of a thread in `block_on`: its future.
struct RootDuty<'a, F: Future> {
    waker: Waker,
    root: &'a Arc<Root>,
    handle: &'a Handle,
    /// None once it has been dropped.
    future: Pin<&'a mut Option<F>>,
    output: Option<F::Output>,
}

impl<F: Future> RootDuty<'_, F> {
    fn has_ended(&self) -> bool {
        self.root.scheduler.ending.has_begun()
    }

    fn poll(&mut self) {
        self.root.scheduler.panics.check();
        let _limit = coop::limit();
        let Some(future) = self.future.as_mut().as_pin_mut() else {
            return;
        };
        let polled = future.poll(&mut Context::from_waker(&self.waker));
        if let Poll::Ready(output) = polled {
            self.output = Some(output);
        }
    }
}

impl<F: Future> Drop for RootDuty<'_, F> {
    /// Drops the future inside the runtime, where it was polled: what it owns may spawn, or ask for the
    /// runtime, in its destructor.
    fn drop(&mut self) {
        let scheduler = self.handle.scheduler();
        if scheduler.generation.is_stale() {
            return self.future.set(None);
        }
        scheduler.environment.enter(None, &mut || {
            let _entered = context::enter(self.handle.clone());
            self.future.set(None);
        });
    }
}

impl<F: Future> Duty for RootDuty<'_, F> {
    fn proceed(&mut self, worker: &Worker) -> bool {
        if !worker.holds_root() && self.root.take_woken_unless(|| worker.lets_root_wait()) {
            worker.poll_root(|| self.poll());
        }
        self.output.is_some() || worker.is_without_core() || self.has_ended()
    }

    fn is_pending(&self) -> bool {
        // No more than a hint: a wake leaves its token in the parker, and so does the end (I3).
        self.root.is_woken()
    }
}
