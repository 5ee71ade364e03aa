//! Every mutant against the model that must catch it.

use mainspring_loom_tests::{Mutant, kill_all};

/// Each file of models names its own.
const MUTANTS: &[&[Mutant]] = &[
    crate::block_on::MUTANTS,
    crate::driver::MUTANTS,
    crate::grace::MUTANTS,
    crate::park::MUTANTS,
    crate::shutdown::MUTANTS,
    crate::sleep::MUTANTS,
];

/// `cargo loom-mutants`: each model passes as it is, each mutant is caught, and each switch in the
/// sources belongs to a mutant.
#[test]
#[ignore = "runs every other model again, for minutes: cargo loom-mutants"]
fn every_mutant_is_killed() {
    let faults = kill_all(MUTANTS).expect("processes can be run, and the sources read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
