//! How a thread ceases to be a worker: at the end, because it is about to block, or because it found
//! a task that it must not run.

use super::{Post, Worker};
use crate::seat::CoreBox;
use crate::sync::mutant;
use crate::task::Notified;
use crate::trust::Kind;

impl Worker {
    /// Gives the seat up: the queue goes to the others. Returns the core, unless it was given away.
    pub(crate) fn leave(&self) -> Option<CoreBox> {
        if !mutant!("worker: a searcher that leaves stays one") {
            self.stop_searching();
        }
        let scheduler = self.scheduler();
        let core = self.core.take().map(|mut core| {
            scheduler.empty_core(&mut core);
            if !mutant!("worker: who leaves counts as awake") {
                scheduler.idle.leave();
            }
            scheduler.seats[self.seat].set_taken(false);
            core
        });
        // Timers that were armed in this seat are known to its thread only.
        if !mutant!("worker: timers are not published before it leaves") {
            self.publish_timers();
        }
        if core.is_some() && !mutant!("worker: a leaving worker wakes nobody (I4)") {
            // I4 of `idle`; and while this thread was awake, pushes may have been left to it, and the
            // driver.
            scheduler.notify();
        }
        core
    }

    /// Lets another thread go on with the seat, because this one is about to block. Its loop ends
    /// with the present poll. False if there is nobody to take it.
    pub(crate) fn give_core_away(&self) -> bool {
        if self.turning.get() && !mutant!("worker: who blocks in the driver gives its core away") {
            // In a waker, with the driver in hand and the seat listed as asleep: whoever took the core
            // would lack the driver, and be listed twice.
            return false;
        }
        if mutant!("worker: who blocks keeps its core") {
            return false;
        }
        let Some(core) = self.core.take() else {
            return true;
        };
        let scheduler = self.scheduler();
        let polling = scheduler.seats[self.seat].polling();
        if self.post == Post::Guest {
            self.core.set(Some(core));
            if scheduler.workers == 0 {
                return false;
            }
            self.leave_for_the_lobby();
        } else if let Err((core, _refused)) = scheduler.standby.staff(&self.handle, core) {
            self.core.set(Some(core));
            return false;
        }
        scheduler.trust.blocks(polling);
        // From here on, whoever has the seat arms its timers.
        if !mutant!("worker: who gives its core away arms the seat's timers") {
            scheduler.environment.unseat();
        }
        true
    }

    /// Gives the seat of a thread in `block_on` up, to be taken again.
    pub(crate) fn leave_for_the_lobby(&self) {
        if self.scheduler().generation.is_stale() {
            // Nobody waits for the seat; who shares it is in another process.
            return;
        }
        let Some(core) = self.leave() else {
            return;
        };
        let scheduler = self.scheduler();
        if scheduler.ending.has_begun() && !mutant!("worker: who leaves the lobby drains nothing") {
            // Where there are no other threads, and a panic has ended the runtime, nobody else does
            // before the runtime is dropped.
            scheduler.drain(false);
        }
        scheduler.lobby.return_core(scheduler, core);
    }

    /// Whether the core was given away.
    pub(crate) fn is_without_core(&self) -> bool {
        self.with_core(|_| ()).is_none()
    }

    /// Whether a thread in `block_on` runs a task of this kind by itself. Where its future has yielded,
    /// it does: others were promised to go first.
    pub(super) fn may_run(&self, kind: Kind) -> bool {
        let scheduler = self.scheduler();
        scheduler.workers == 0 || self.holds_root() || scheduler.trust.admits(kind)
    }

    /// A task that this thread must not run goes to the worker threads, with all that it has. The
    /// thread leaves its seat: otherwise it would steal the task back.
    pub(super) fn pass_on(&self, task: Notified) {
        self.with_core(|core| core.queue.push(task));
        self.leave_for_the_lobby();
    }
}
