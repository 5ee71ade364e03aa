//! Every workload ends, on every runtime, and does what its name says: they check their own
//! results and panic if the runtime loses something.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mainspring_benches::workloads;
use mainspring_benches::{Mainspring, Runtime, Tokio};

/// A workload's few iterations take milliseconds; on a machine that does other things, seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs each workload twice on one runtime, since what the first leaves behind must not disturb
/// the second.
fn run_all<R: Runtime>() {
    for workload in workloads::all::<R>() {
        let (done, ended) = mpsc::channel();
        let name = workload.name;
        let thread = thread::spawn(move || {
            let runtime = workload.start_runtime().expect("starting a runtime");
            for iterations in [1, 3] {
                let elapsed = workload.run(&runtime, iterations);
                assert!(elapsed > Duration::ZERO, "{name} took no time");
            }
            drop(runtime);
            // The receiver is gone only if it gave up waiting.
            let _ = done.send(());
        });
        match ended.recv_timeout(LIMIT) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name} hangs on {}", R::NAME),
            // A panic shows as a disconnection here and is passed on below.
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {}
        }
        if thread.join().is_err() {
            panic!("{name} failed on {}", R::NAME);
        }
    }
}

#[test]
fn every_workload_ends_on_mainspring() {
    run_all::<Mainspring>();
}

#[test]
fn every_workload_ends_on_tokio() {
    run_all::<Tokio>();
}

#[test]
fn names_are_unique_and_units_are_given() {
    let workloads = workloads::all::<Mainspring>();
    let names: HashSet<_> = workloads.iter().map(|workload| workload.name).collect();
    assert_eq!(names.len(), workloads.len());
    assert!(workloads.iter().all(|workload| workload.units > 0));
}
