//! What a thread of the runtime's own does with a core.

use std::sync::Arc;

use super::{Duty, Post, Worker};
use crate::context;
use crate::handle::Handle;
use crate::park::Parker;
use crate::scheduler::Scheduler;
use crate::seat::{CoreBox, Seat};
use crate::sync::mutant;

/// The duty of a thread of the runtime's own: to go on until the runtime ends, or until the seat, one
/// of the stand-by seats, is not needed any more.
struct UntilDismissed<'a> {
    scheduler: &'a Scheduler,
    seat: &'a Seat,
}

impl Duty for UntilDismissed<'_> {
    fn proceed(&mut self, _worker: &Worker) -> bool {
        self.is_pending()
    }

    fn is_pending(&self) -> bool {
        self.scheduler.ending.has_begun() || self.seat.is_dismissed()
    }
}

/// Works in the seat of `core` until the runtime ends, or the core is gone, or is not needed.
pub(crate) fn work(handle: &Handle, core: CoreBox) {
    let scheduler = handle.scheduler();
    let number = core.seat;
    let seat = &*scheduler.seats[number];
    let parker = Arc::new(Parker::new());
    let worker = Worker::new(handle.clone(), core, parker, Post::Thread);
    let timers = scheduler.has_timers(number).then_some(number);
    scheduler.environment.enter(timers, &mut || {
        context::enter_worker(&worker, || {
            worker.run(&mut UntilDismissed { scheduler, seat });
            // Given away, the core is counted for whoever has it.
            let Some(core) = worker.leave() else {
                return;
            };
            if scheduler.ending.worker_leaves() {
                if !mutant!("worker: the last one to leave does not drain") {
                    scheduler.drain(true);
                }
            } else if scheduler.ending.has_begun() && !mutant!("worker: who leaves drains nothing")
            {
                // The last one may be stuck in a poll for long.
                scheduler.cut_off(|| false);
            }
            scheduler.vacate(core);
        });
    });
}
