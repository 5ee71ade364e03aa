//! A soak of mixed work, a million tasks, and faults that are really injected.
//!
//! The soak does everything at once for as long as `MAINSPRING_STRESS_SECONDS` says (10 if it says
//! nothing), from a seed that it prints and takes from `MAINSPRING_STRESS_SEED`. The seed fixes
//! what is done, not how the threads interleave: run it again several times to meet a failure
//! again.
//!
//! * [`ledger`]: every task has a ticket, and the ticket knows what may happen to a task, and when.
//! * [`kinds`]: the kinds of work, with their weights.
//! * [`stage`]: one runtime with all of it, and how it ends.
//! * [`million`]: a million tasks with aborts and panics.
//! * [`faults`]: threads refused, descriptors exhausted, peers that reset, clocks at their edges,
//!   futures that are huge, empty or oddly aligned.
//!
//! All tests of this program run one after the other: they count the process's threads and
//! descriptors.
#![cfg(target_os = "linux")]

mod bombs;
mod child;
mod fate;
mod faults;
mod graveyard;
mod kinds;
mod leak;
mod ledger;
mod million;
mod process;
mod random;
mod report;
mod settings;
mod soak;
mod stage;
mod tracked;
mod watchdog;
