//! Every workload ends, on every runtime, and does what its name says: they check their own
//! results and panic if the runtime loses something.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mainspring_benches::measure::Effort;
use mainspring_benches::workloads::{self, Work, Workload};
use mainspring_benches::{Mainspring, Runtime, Smol, Tokio, required};

/// A workload's few iterations take milliseconds; on a machine that does other things, seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// Hundreds of tasks instead of hundreds of thousands, and milliseconds instead of seconds.
const EFFORT: Effort = Effort {
    budget: Duration::from_millis(1),
    divisor: 500,
};

/// Runs each workload on one runtime.
fn run_all<R: Runtime>() {
    for workload in workloads::all::<R>() {
        let (done, ended) = mpsc::channel();
        let name = workload.name;
        let thread = thread::spawn(move || {
            run(&workload);
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

/// Iterations twice, since what the first leaves behind must not disturb the second.
fn run<R: Runtime>(workload: &Workload<R>) {
    let name = workload.name;
    match &workload.work {
        Work::Iterated(iterated) => {
            let runtime = iterated.start_runtime().expect("starting a runtime");
            for iterations in [1, 3] {
                let taken = iterated.run(&runtime, iterations);
                assert!(taken.elapsed > Duration::ZERO, "{name} took no time");
            }
        }
        Work::Whole(measure) => {
            let metrics = measure(EFFORT).expect("measuring");
            assert!(!metrics.is_empty(), "{name} gave no figure");
            assert!(
                metrics.iter().all(|metric| metric.value.is_finite()),
                "{metrics:?}"
            );
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
fn every_workload_ends_on_smol() {
    run_all::<Smol>();
}

#[test]
fn names_are_unique() {
    let workloads = workloads::all::<Mainspring>();
    let names: HashSet<_> = workloads.iter().map(|workload| workload.name).collect();
    assert_eq!(names.len(), workloads.len());
}

#[test]
fn what_is_required_is_of_a_workload() {
    let workloads = workloads::all::<Mainspring>();
    for requirement in required::all() {
        let name = requirement.row.split(' ').next().expect("a name");
        assert!(
            workloads.iter().any(|workload| workload.name == name),
            "no workload is called {name}"
        );
    }
}
