//! A thread that is not the runtime's wakes a task and waits for its answer.

use std::hint::black_box;
use std::sync::mpsc as std_mpsc;

use tokio::sync::mpsc;

use super::Workload;
use super::iterated::Laps;
use crate::Runtime;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![Workload::multi_thread(
        "wake/outside_thread",
        1,
        from_outside,
    )]
}

/// The request goes through a channel that a task can await, the answer through the standard
/// library's, on which the thread blocks. This thread is not in `block_on`: the workers sleep
/// between the requests.
fn from_outside<R: Runtime>(runtime: &R, iterations: u64) -> Laps {
    let (requests, mut received) = mpsc::unbounded_channel::<u64>();
    let (answers, answered) = std_mpsc::channel::<u64>();
    let partner = R::spawn_on(&runtime.handle(), async move {
        while let Some(request) = received.recv().await {
            answers
                .send(black_box(request))
                .expect("nobody waits for the answer");
        }
    });
    drop(partner);
    let mut laps = Laps::begin(iterations);
    for request in 0..iterations {
        requests.send(black_box(request)).expect("the task is gone");
        black_box(answered.recv().expect("the task is gone"));
        laps.lap();
    }
    laps
}
