//! Two parties who wait for each other: a request and its answer is one unit.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{TASK_FAILED, Workload, in_task};
use crate::Runtime;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("ping_pong/mpsc/task", 1, |runtime, iterations| {
            in_task(runtime, two_channels::<R>(iterations))
        }),
        Workload::multi_thread("ping_pong/mpsc/block_on", 1, |runtime: &R, iterations| {
            runtime.block_on(two_channels::<R>(iterations))
        }),
        Workload::multi_thread("ping_pong/oneshot/task", 1, |runtime, iterations| {
            in_task(runtime, one_shot_answers::<R>(iterations))
        }),
        Workload::multi_thread(
            "ping_pong/oneshot/block_on",
            1,
            |runtime: &R, iterations| runtime.block_on(one_shot_answers::<R>(iterations)),
        ),
        Workload::current_thread("ping_pong/current_thread", 1, |runtime: &R, iterations| {
            runtime.block_on(two_channels::<R>(iterations))
        }),
    ]
}

/// The request goes through one bounded channel, and the answer through another.
async fn two_channels<R: Runtime>(iterations: u64) -> Duration {
    let (requests, mut received) = mpsc::channel::<u64>(1);
    let (answers, mut answered) = mpsc::channel::<u64>(1);
    let partner = R::spawn(async move {
        while let Some(request) = received.recv().await {
            answers
                .send(black_box(request))
                .await
                .expect("nobody waits for the answer");
        }
    });
    let begun = Instant::now();
    for request in 0..iterations {
        requests
            .send(black_box(request))
            .await
            .expect("the partner is gone");
        black_box(answered.recv().await.expect("the partner is gone"));
    }
    let elapsed = begun.elapsed();
    drop(requests);
    partner.await.expect(TASK_FAILED);
    elapsed
}

/// The request carries the channel for its answer, as in a server made of actors.
async fn one_shot_answers<R: Runtime>(iterations: u64) -> Duration {
    let (requests, mut received) = mpsc::channel::<(u64, oneshot::Sender<u64>)>(1);
    let partner = R::spawn(async move {
        while let Some((request, answer)) = received.recv().await {
            answer
                .send(black_box(request))
                .expect("nobody waits for the answer");
        }
    });
    let begun = Instant::now();
    for request in 0..iterations {
        let (answer, answered) = oneshot::channel();
        requests
            .send((black_box(request), answer))
            .await
            .expect("the partner is gone");
        black_box(answered.await.expect("the partner is gone"));
    }
    let elapsed = begun.elapsed();
    drop(requests);
    partner.await.expect(TASK_FAILED);
    elapsed
}
