//! A set of tasks that are awaited in the order they end: `executor/src/join_set.rs`.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use mainspring_executor::JoinSet;
use mainspring_executor::internals::task::{Entry, insert, new_task};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::support::Queue;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "join set: the lock is let go between the look and the waiter",
        model: "join_set::each_output_is_given_once_and_its_end_wakes_whoever_waits",
    },
    Mutant {
        name: "join set: a new member is not looked at",
        model: "join_set::each_output_is_given_once_and_its_end_wakes_whoever_waits",
    },
    Mutant {
        name: "join set: who has ended is not listed",
        model: "join_set::each_output_is_given_once_and_its_end_wakes_whoever_waits",
    },
    Mutant {
        name: "join set: who waits is not woken",
        model: "join_set::each_output_is_given_once_and_its_end_wakes_whoever_waits",
    },
    Mutant {
        name: "join set: a drop aborts nothing",
        model: "join_set::a_set_that_is_dropped_leaves_nothing",
    },
];

/// A set of one task a number, and their entries.
fn set_of(numbers: [u32; 2]) -> (JoinSet<Arc<u32>>, [Entry; 2]) {
    let mut set = JoinSet::new();
    let entries = numbers.map(|number| {
        let (entry, handle) = new_task(async move { Arc::new(number) }, Queue::default());
        insert(&mut set, handle);
        entry
    });
    (set, entries)
}

/// complete ∥ complete ∥ `join_next`: each output is given once. (A member whose end wakes nobody
/// is a deadlock.)
#[test]
fn each_output_is_given_once_and_its_end_wakes_whoever_waits() {
    model(|| {
        let (mut set, entries) = set_of([1, 2]);
        let workers = entries.map(|entry| thread::spawn(move || entry.run()));
        let mut sum = 0;
        while let Some(output) = block_on(set.join_next()) {
            sum += *output.expect("nobody aborts it");
        }
        assert_eq!(sum, 3);
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
    });
}

/// complete ∥ the set's drop: nothing is left of the tasks, be it that they had ended, were aborted
/// or were never begun (loom reports what is leaked).
#[test]
fn a_set_that_is_dropped_leaves_nothing() {
    model(|| {
        let mut set = JoinSet::new();
        let queue = Queue::default();
        let (entry, handle) = new_task(std::future::pending::<()>(), queue.clone());
        insert(&mut set, handle);
        let worker = {
            let queue = queue.clone();
            thread::spawn(move || {
                entry.run();
                queue.run();
            })
        };
        drop(set);
        worker.join().unwrap();
        queue.run();
    });
}
