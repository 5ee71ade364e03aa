//! Stand-by threads: who goes on with a worker's seat when its own thread is about to block.
//!
//! A thread that enters a nested `block_on` or `block_in_place` gives its core away: a waiting
//! stand-by thread takes it, or a new one is started, and goes on where it left off. When its poll
//! has ended the thread has no core any more and becomes a stand-by thread itself. So there are as
//! many threads as are blocked at the same time, and as many running as there are cores to hold.
//!
//! The monitor puts *extra* cores to use in the same way: those of the stand-by seats, which nobody
//! has otherwise. It does so when every running worker is stuck, and takes them back when they are
//! not any more.
//!
//! # Invariants
//!
//! * I1: a core is with one thread, or among the vacant, or not made yet. The last two are only the
//!   cores of stand-by seats, and a vacant core is empty.
//! * I2: a waiting thread is given a core by taking it off the list, under the lock. One whose wait
//!   timed out and that is no longer on the list has been given one, and waits for it.
//! * I3: a core that is handed over keeps what is counted for it (awake; working, in
//!   [`crate::shutdown::Ending`]); an extra core is counted before it is staffed.
//!
//! Rejected: taking the core back after the blocking call (two hand-overs instead of one, and a wait
//! for the thread that has it); running the other tasks inside the nested `block_on` (a task that
//! the nested future waits for may lie below it on the stack, and could never go on).
//!
//! Checked by: loom-tests/tests/models/standby.rs

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::handle::Handle;
use crate::hooks::Hooks;
use crate::scheduler::Scheduler;
use crate::seat::{CoreBox, Seat};
use crate::sync::{Condvar, Mutex, mutant};
use crate::worker;

/// The threads and cores of one scheduler that are not at work.
#[derive(Debug)]
pub(crate) struct Standby {
    /// Held for a push or a pop.
    state: Mutex<State>,
    /// How long a thread waits for a core before it ends.
    keep_alive: Duration,
    /// Names and hooks of the threads.
    hooks: Hooks,
}

#[derive(Debug)]
struct State {
    /// Cores of stand-by seats that no thread has.
    vacant: Vec<CoreBox>,
    /// Stand-by seats whose cores were never wanted. Most runtimes never want one, and sixteen queues
    /// are 7 of the 90 us that it takes to make and drop a runtime.
    unmade: Range<usize>,
    /// Threads that wait for a core, the latest last.
    waiting: Vec<Arc<Mailbox>>,
    /// Nobody waits any more: the runtime ends.
    closed: bool,
}

/// Where a waiting thread finds its next core.
#[derive(Debug)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    bell: Condvar,
}

#[derive(Debug)]
enum Mail {
    None,
    Core(CoreBox),
    End,
}

impl Standby {
    /// One with these seats on stand-by.
    pub(crate) fn new(seats: Range<usize>, keep_alive: Duration, hooks: Hooks) -> Self {
        Self {
            state: Mutex::new(State {
                vacant: Vec::new(),
                unmade: seats,
                waiting: Vec::new(),
                closed: false,
            }),
            keep_alive,
            hooks,
        }
    }

    /// Gives `core` to a stand-by thread.
    ///
    /// # Errors
    ///
    /// The core itself, if no thread waits and the system refuses a new one.
    pub(crate) fn staff(&self, handle: &Handle, core: CoreBox) -> Result<(), (CoreBox, io::Error)> {
        match self.give_to_waiting(core) {
            Ok(()) => Ok(()),
            Err(core) => start_thread(handle, &self.hooks, core),
        }
    }

    /// Gives `core` to a thread that waits; gives it back if none does.
    pub(crate) fn give_to_waiting(&self, core: CoreBox) -> Result<(), CoreBox> {
        let waiting = {
            let mut state = self.state.lock();
            if mutant!("standby: who is given a core stays on the list (I2)") {
                state.waiting.last().cloned()
            } else {
                state.waiting.pop()
            }
        };
        match waiting {
            Some(mailbox) => {
                mailbox.put(Mail::Core(core));
                Ok(())
            }
            None => Err(core),
        }
    }

    /// The core of a stand-by seat that is free, if the number of them is not used up.
    pub(crate) fn take_vacant(&self, seats: &[CachePadded<Seat>]) -> Option<CoreBox> {
        let unmade = {
            let mut state = self.state.lock();
            if let Some(core) = state.vacant.pop() {
                return Some(core);
            }
            state.unmade.next()?
        };
        Some(seats[unmade].make_core(unmade))
    }

    /// An emptied core of a stand-by seat comes back.
    pub(crate) fn return_vacant(&self, core: CoreBox) {
        self.state.lock().vacant.push(core);
    }

    /// Lets this thread wait for a core. None: nobody needed it for a while, or the runtime ends.
    pub(crate) fn wait(&self) -> Option<CoreBox> {
        let mailbox = self.begin_wait()?;
        if let Some(mail) = mailbox.wait(Instant::now().checked_add(self.keep_alive)) {
            return mail;
        }
        if self.give_up(&mailbox) || mutant!("standby: mail on its way is not waited for (I2)") {
            return None;
        }
        // I2: given a core in the same moment; it is on its way.
        mailbox.wait(None).flatten()
    }

    /// Enters this thread among those who wait. None: the runtime ends.
    pub(crate) fn begin_wait(&self) -> Option<Arc<Mailbox>> {
        let mut state = self.state.lock();
        if state.closed && !mutant!("standby: who comes after the end waits") {
            return None;
        }
        let mailbox = Arc::new(Mailbox::new());
        state.waiting.push(Arc::clone(&mailbox));
        Some(mailbox)
    }

    /// Takes this thread off the list. False if somebody has: then mail is on its way.
    pub(crate) fn give_up(&self, mailbox: &Arc<Mailbox>) -> bool {
        let mut state = self.state.lock();
        let mut waiting = state.waiting.iter();
        let Some(place) = waiting.position(|waiting| Arc::ptr_eq(waiting, mailbox)) else {
            return false;
        };
        state.waiting.remove(place);
        true
    }

    /// The runtime ends: those who wait end, and nobody waits from now on.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.state.lock();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        for mailbox in waiting {
            mailbox.put(Mail::End);
        }
    }
}

impl Mailbox {
    fn new() -> Self {
        Self {
            mail: Mutex::new(Mail::None),
            bell: Condvar::new(),
        }
    }

    fn put(&self, mail: Mail) {
        *self.mail.lock() = mail;
        if !mutant!("standby: mail rings no bell") {
            self.bell.notify_one();
        }
    }

    /// Waits for mail: `Some(None)` is the end of the runtime, `None` the end of the time.
    #[expect(
        clippy::option_option,
        reason = "mail or no mail, and in the mail a core or the end"
    )]
    pub(crate) fn wait(&self, until: Option<Instant>) -> Option<Option<CoreBox>> {
        let mut mail = self.mail.lock();
        loop {
            match std::mem::replace(&mut *mail, Mail::None) {
                Mail::Core(core) => return Some(Some(core)),
                Mail::End => return Some(None),
                Mail::None => {}
            }
            match until {
                None => self.bell.wait(&mut mail),
                Some(until) if Instant::now() >= until => return None,
                Some(until) => drop(self.bell.wait_until(&mut mail, until)),
            }
        }
    }
}

/// Starts a thread that works in the seat of `core`, and stands by when it has lost it.
///
/// # Errors
///
/// If the system refuses a thread: the core comes back.
pub(crate) fn start_thread(
    handle: &Handle,
    hooks: &Hooks,
    core: CoreBox,
) -> Result<(), (CoreBox, io::Error)> {
    let ending = &handle.scheduler().ending;
    ending.thread_starts();
    // The closure is dropped if the thread cannot be started, and the core must not be.
    let first = Arc::new(Mutex::new(Some(core)));
    let own_first = Arc::clone(&first);
    let own_handle = handle.clone();
    let own_hooks = hooks.clone();
    let started = hooks.builder().spawn(move || {
        let core = own_first.lock().take();
        drop(own_first);
        own_hooks.thread_starts();
        thread_main(&own_handle, core);
        own_hooks.thread_stops();
        own_handle.scheduler().ending.thread_ends();
    });
    let Err(error) = started else {
        return Ok(());
    };
    if !mutant!("standby: a thread that was refused counts as alive") {
        ending.thread_ends();
    }
    match first.lock().take() {
        Some(core) => Err((core, error)),
        // The thread has the core after all.
        None => Ok(()),
    }
}

/// From core to core, until there is none for a while.
fn thread_main(handle: &Handle, mut core: Option<CoreBox>) {
    while let Some(present) = core.take() {
        worker::work(handle, present);
        core = handle.scheduler().standby.wait();
    }
}

impl Scheduler {
    /// One worker more, because all that run are stuck. False if there is no seat or no thread for
    /// it.
    pub(crate) fn reinforce(&self, handle: &Handle) -> bool {
        let Some(core) = self.standby.take_vacant(&self.seats) else {
            return false;
        };
        // At the end, too: the last one to leave drains again.
        if !mutant!("standby: a worker that is added does not count (I3)") {
            self.ending.workers_start(1);
        }
        // Before its thread may sleep: a count below zero would hide the sleepers.
        let is_late = mutant!("standby: a worker that is added is counted too late (I3)");
        if !is_late {
            self.idle.join();
        }
        if !mutant!("standby: the seat of a worker that is added is not shown") {
            self.show_seat(core.seat);
        }
        let staffed = self.standby.staff(handle, core);
        if is_late {
            self.idle.join();
        }
        match staffed {
            Ok(()) => true,
            Err((core, _refused)) => {
                // The monitor tries again.
                if !mutant!("standby: a worker that is refused counts as awake") {
                    self.idle.leave();
                }
                // While the worker that never came was counted as awake, pushes may have been left
                // to it; and the end, to the last one that leaves.
                if !mutant!("standby: what was left to a refused worker wakes nobody") {
                    self.notify();
                }
                if self.ending.worker_leaves()
                    && !mutant!("standby: a refused worker drains nothing")
                {
                    self.drain(true);
                }
                if !mutant!("standby: the core of a refused worker is lost (I1)") {
                    self.standby.return_vacant(core);
                }
                false
            }
        }
    }
}
