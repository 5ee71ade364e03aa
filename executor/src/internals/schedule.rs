//! Who is awake, who watches, and where the work is.

use std::sync::Arc;
use std::time::Duration;

use super::park::Parker;
use crate::handle::Handle;
use crate::hooks::Hooks;
use crate::idle;
use crate::monitor;
use crate::queue;
use crate::seat::{CoreBox, Seat};
use crate::standby;
use crate::task::TaskMeta;
use crate::task_panic::{Occasion, report};

/// Who sleeps, and whom a push wakes.
pub struct Idle(idle::Idle);

impl Idle {
    pub fn new(limit: usize) -> Self {
        Self(idle::Idle::new(limit))
    }

    pub fn join(&self) {
        self.0.join();
    }

    pub fn anybody_awake(&self) -> bool {
        self.0.anybody_awake()
    }

    pub fn notify(&self) -> Option<Parker> {
        self.0.notify().map(Parker)
    }

    pub fn claim_for_rescue(&self) -> Option<Parker> {
        self.0.claim_for_rescue().map(Parker)
    }

    pub fn begin_search(&self) -> bool {
        self.0.begin_search()
    }

    pub fn end_search(&self) -> bool {
        self.0.end_search()
    }

    pub fn sleep(&self, seat: usize, parker: &Parker, searching: bool) {
        self.0.sleep(seat, &parker.0, searching);
    }

    pub fn wake_self(&self, seat: usize, searching: bool) -> bool {
        self.0.wake_self(seat, searching)
    }
}

/// How many workers of a runtime sleep, or are about to.
pub fn sleeping_workers(handle: &Handle) -> usize {
    handle.scheduler().idle.sleeping_seats().0.len()
}

/// One worker more, as the monitor adds it. False if there is no seat or no thread for it.
pub fn reinforce(handle: &Handle) -> bool {
    handle.scheduler().reinforce(handle)
}

/// Sends one of those workers home. False if there is none.
pub fn dismiss(handle: &Handle) -> bool {
    monitor::Watch::new(handle.scheduler()).dismiss(handle.scheduler())
}

/// The beginning of the end, as a task's panic makes it: nobody waits for it.
pub fn close(handle: &Handle) {
    handle.scheduler().close();
}

/// What a worker does about a task's panic.
pub fn report_panic(handle: &Handle, meta: &TaskMeta) {
    report(Some(handle), meta, &"a panic", Occasion::Awaited);
}

/// The monitor's sleep while nobody is awake: returns when somebody is.
pub fn monitor_sleeps(handle: &Handle) {
    let scheduler = handle.scheduler();
    let awake = || scheduler.idle.anybody_awake();
    scheduler.monitor.sleep_unless(awake);
}

/// Takes one task out of a seat's queue, as a thief does, and runs it.
pub fn steal_one(handle: &Handle, seat: usize) {
    if let queue::Steal::Success(task) = handle.scheduler().seats[seat].stealer.steal() {
        task.run();
    }
}

/// A worker's queue.
pub struct LocalQueue<T>(queue::LocalQueue<T>);

/// The thieves' side of it.
pub struct Stealer<T>(queue::Stealer<T>);

/// What a thief found.
pub enum Stolen<T> {
    Nothing,
    Something(T),
    Retry,
}

impl<T> LocalQueue<T> {
    pub fn new() -> (Self, Stealer<T>) {
        let stealer = queue::Stealer::new();
        (Self(stealer.make_queue()), Stealer(stealer))
    }

    pub fn push(&self, item: T) {
        self.0.push(item);
    }

    pub fn pop(&self) -> Option<T> {
        self.0.pop()
    }
}

impl<T> Stealer<T> {
    pub fn steal_into(&self, own: &LocalQueue<T>) -> Stolen<T> {
        match self.0.steal_into(&own.0) {
            queue::Steal::Success(item) => Stolen::Something(item),
            queue::Steal::Retry => Stolen::Retry,
            queue::Steal::Empty => Stolen::Nothing,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where the monitor waits.
pub struct Monitor(monitor::Monitor);

impl Monitor {
    pub fn new() -> Self {
        Self(monitor::Monitor::new(Some(Duration::from_millis(1))))
    }

    pub fn worker_wakes(&self) {
        self.0.worker_wakes();
    }

    /// False if it is to end.
    pub fn sleep_unless(&self, awake: impl Fn() -> bool) -> bool {
        self.0.sleep_unless(awake)
    }

    pub fn end(&self) {
        self.0.end();
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new()
    }
}

/// What the monitor does at each look.
pub struct Watch(monitor::Watch);

impl Watch {
    pub fn new(handle: &Handle) -> Self {
        Self(monitor::Watch::new(handle.scheduler()))
    }

    pub fn look(&mut self, handle: &Handle) {
        self.0.look(handle.scheduler());
    }

    pub fn rescue(&mut self, handle: &Handle) {
        self.0.rescue(handle);
    }
}

/// The core of a seat.
pub struct Core(CoreBox);

impl Core {
    pub fn new(seat: usize) -> Self {
        Self(Seat::new().make_core(seat))
    }

    pub fn seat(&self) -> usize {
        self.0.seat
    }
}

/// Who goes on with a core.
pub struct Standby(standby::Standby);

/// Where a waiting thread finds a core.
pub struct Mailbox(Arc<standby::Mailbox>);

impl Standby {
    pub fn new() -> Self {
        let hooks = Hooks {
            name: Arc::new(String::new),
            start: None,
            stop: None,
            stack_size: None,
        };
        Self(standby::Standby::new(0..0, Duration::ZERO, hooks))
    }

    pub fn give_to_waiting(&self, core: Core) -> Result<(), Core> {
        self.0.give_to_waiting(core.0).map_err(Core)
    }

    pub fn begin_wait(&self) -> Option<Mailbox> {
        self.0.begin_wait().map(Mailbox)
    }

    /// Waits for no time at all.
    pub fn wait(&self) -> Option<Core> {
        self.0.wait().map(Core)
    }

    pub fn close(&self) {
        self.0.close();
    }
}

impl Default for Standby {
    fn default() -> Self {
        Self::new()
    }
}

impl Mailbox {
    /// Waits for a core; None is the end of the runtime.
    pub fn wait(&self) -> Option<Core> {
        self.0.wait(None).flatten().map(Core)
    }
}
