//! Memory on its way from thread to thread: `executor/src/task/depot.rs`.

use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::depot::{Cell, Depot};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

/// What this model must catch.
pub(crate) const MUTANTS: &[Mutant] = &[Mutant {
    name: "depot: what is taken stays there",
    model: "depot::what_is_left_is_taken_once",
}];

/// leave ∥ take ∥ leave, take: nothing is taken twice, and nothing that was left is lost.
#[test]
fn what_is_left_is_taken_once() {
    model(|| {
        let depot = Arc::new(Depot::new());
        let leaves = {
            let depot = Arc::clone(&depot);
            thread::spawn(move || depot.leave(Cell::new(1)))
        };
        let takes = {
            let depot = Arc::clone(&depot);
            thread::spawn(move || depot.take())
        };
        let is_left = depot.leave(Cell::new(2));
        let mut taken: Vec<_> = depot.take().into_iter().collect();
        let other_is_left = leaves.join().unwrap();
        taken.extend(takes.join().unwrap());
        // What is left once too often would never come to an end.
        while taken.len() < 4
            && let Some(cell) = depot.take()
        {
            taken.push(cell);
        }
        let mut numbers: Vec<_> = taken.iter().map(Cell::number).collect();
        numbers.sort_unstable();
        let expected: Vec<_> = [(1, other_is_left), (2, is_left)]
            .into_iter()
            .filter_map(|(number, is_left)| is_left.then_some(number))
            .collect();
        if numbers != expected {
            // What is there twice must not be freed twice.
            std::mem::forget(taken);
            panic!("a chain was lost, or taken twice: {numbers:?}, not {expected:?}");
        }
    });
}
