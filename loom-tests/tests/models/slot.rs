//! The next-task slot: `executor/src/slot.rs`.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use mainspring_executor::internals::task::{Slot, new_task};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::support::Queue;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "slot: what is there is overwritten",
        model: "slot::an_entry_comes_out_once_and_whole",
    },
    Mutant {
        name: "slot: put",
        model: "slot::an_entry_comes_out_once_and_whole",
    },
    Mutant {
        name: "slot: swap (no Release)",
        model: "slot::an_entry_comes_out_once_and_whole",
    },
    Mutant {
        name: "slot: swap (no Acquire)",
        model: "slot::an_entry_comes_out_once_and_whole",
    },
];

/// put ∥ stolen ∥ taken: an entry that was put in comes out once, and whoever has it sees the task
/// that the owner made. (A task that nobody runs is an Arc that is leaked, and one that two run is
/// two threads in its cell.)
#[test]
fn an_entry_comes_out_once_and_whole() {
    // The owner looks at the slot before it puts something in, and loom forgets a look behind which the
    // same thread makes a change: it would not try a thief that comes before it.
    for thief_goes_first in [false, true] {
        put_beside_a_thief(thief_goes_first);
    }
}

fn put_beside_a_thief(thief_goes_first: bool) {
    model(move || {
        let slot = Arc::new(Slot::new());
        let thief = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || {
                if let Some(entry) = slot.take() {
                    entry.run();
                }
            })
        };
        let tick = AtomicUsize::new(0);
        for output in [1, 2] {
            // Loom's clock moves with accesses to atomics only: so the second task is made after the first
            // was put in, and not in the same moment.
            tick.store(output, Ordering::Relaxed);
            if output == 2 && thief_goes_first {
                thread::yield_now();
            }
            let (entry, handle) = new_task(async move { output }, Queue::default());
            drop(handle);
            if let Some(displaced) = slot.replace(entry) {
                displaced.run();
            }
        }
        if let Some(entry) = slot.take() {
            entry.run();
        }
        thief.join().unwrap();
        assert!(slot.take().is_none(), "the slot was empty for its owner");
    });
}
