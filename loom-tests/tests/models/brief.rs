//! The lock for a few loads and stores: `executor/src/sync/brief.rs`.

use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::brief::BriefLock;
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

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
    model(|| {
        let count = Arc::new(BriefLock::new(0));
        let other = {
            let count = count.clone();
            thread::spawn(move || count.with(|count| *count += 1))
        };
        count.with(|count| *count += 1);
        other.join().unwrap();
        count.with(|count| assert_eq!(*count, 2));
    });
}
