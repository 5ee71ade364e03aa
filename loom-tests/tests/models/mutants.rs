//! Every mutant against the model that must catch it.

use mainspring_loom_tests::{Mutant, kill_all};

/// Each file of models names its own.
const MUTANTS: &[&[Mutant]] = &[
    crate::accept::MUTANTS,
    crate::block_on::MUTANTS,
    crate::brief::MUTANTS,
    crate::clock::MUTANTS,
    crate::depot::MUTANTS,
    crate::driver::MUTANTS,
    crate::duplex::MUTANTS,
    crate::grace::MUTANTS,
    crate::join_set::MUTANTS,
    crate::local_set::MUTANTS,
    crate::monitor::MUTANTS,
    crate::offload::MUTANTS,
    crate::park::MUTANTS,
    crate::pool::MUTANTS,
    crate::readiness::MUTANTS,
    crate::runtime::MUTANTS,
    crate::shutdown::MUTANTS,
    crate::sleep::MUTANTS,
    crate::slot::MUTANTS,
    crate::standby::MUTANTS,
    crate::task::MUTANTS,
    crate::task_list::MUTANTS,
    crate::task_state::MUTANTS,
    crate::timer::MUTANTS,
    crate::worker::MUTANTS,
];

/// `cargo loom-mutants`: each model passes as it is, each mutant is caught, and each switch in the
/// sources belongs to a mutant.
#[test]
#[ignore = "runs every other model again, for minutes: cargo loom-mutants"]
fn every_mutant_is_killed() {
    let faults = kill_all(MUTANTS).expect("processes can be run, and the sources read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
