//! The lock for a few loads and stores: `sync/src/brief.rs`.

use loom::sync::Arc;
use loom::thread;
use mainspring_loom::model;
use mainspring_loom::variant::with_variant;
use mainspring_loom_tests::Mutant;
use mainspring_sync::TheBriefLock;

use crate::bare::mutant;

const COUNT: &str = "brief::what_one_wrote_the_next_one_reads";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("brief: taken without Acquire", COUNT),
    mutant("brief: left without Release", COUNT),
];

/// Two threads count under the lock, in a cell that loom watches: no count is lost, and no access races.
#[test]
fn what_one_wrote_the_next_one_reads() {
    with_variant("brief: left by a swap", || model(count_to_two));
}

fn count_to_two() {
    let count = Arc::new(TheBriefLock::new(0));
    let other = {
        let count = count.clone();
        thread::spawn(move || *count.lock() += 1)
    };
    *count.lock() += 1;
    other.join().unwrap();
    assert_eq!(*count.lock(), 2);
}
