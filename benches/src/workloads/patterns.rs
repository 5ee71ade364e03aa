//! Shapes that programs have: chains, rings, many producers, trees.

use std::hint::black_box;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Tasks in a chain, each of which spawns the next.
const CHAIN: u64 = 1_000;

/// Tasks in the ring.
const RING: u64 = 256;

/// Tasks that send to one receiver.
const PRODUCERS: u64 = 8;

/// Messages of each producer in one iteration.
const MESSAGES: u64 = 1_000;

/// Messages that the receiver's channel holds.
const CAPACITY: usize = 64;

/// Levels below the root of the tree.
const DEPTH: u32 = 5;

/// Children of each node above the last level.
const CHILDREN: u64 = 10;

/// The nodes of the tree: the sum of 10^0 to 10^5.
const NODES: u64 = 111_111;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("chain/1000_deep", CHAIN, |runtime, iterations| {
            in_task(runtime, chain::<R>(iterations))
        }),
        Workload::multi_thread("ring/256_tasks", RING, |runtime, iterations| {
            in_task(runtime, ring::<R>(iterations))
        }),
        Workload::multi_thread(
            "fan_in/8_producers",
            PRODUCERS * MESSAGES,
            |runtime, iterations| in_task(runtime, fan_in::<R>(iterations)),
        ),
        Workload::multi_thread("tree/111111_tasks", NODES, |runtime, iterations| {
            in_task(runtime, trees::<R>(iterations))
        }),
    ]
}

/// A unit is a task that spawns the next one and ends.
async fn chain<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for _ in 0..iterations {
        let (done, end) = oneshot::channel();
        drop(R::spawn(link::<R>(black_box(CHAIN - 1), done)));
        end.await.expect("the chain broke");
    }
    begun.elapsed()
}

/// Boxed, because its type would contain itself.
fn link<R: Runtime>(
    left: u64,
    done: oneshot::Sender<()>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if left == 0 {
            done.send(())
                .expect("nobody waits for the end of the chain");
        } else {
            drop(R::spawn(link::<R>(left - 1, done)));
        }
    })
}

/// A unit is a hop of the one token to the next task.
async fn ring<R: Runtime>(iterations: u64) -> Duration {
    let (done, mut end) = mpsc::channel::<()>(1);
    let (mut senders, receivers): (Vec<_>, Vec<_>) =
        (0..RING).map(|_| mpsc::channel::<u64>(1)).unzip();
    let first = senders[0].clone();
    senders.rotate_left(1);
    let member = |(next, received): (mpsc::Sender<u64>, mpsc::Receiver<u64>)| {
        R::spawn(pass_on(received, next, done.clone()))
    };
    let tasks: Vec<_> = senders.into_iter().zip(receivers).map(member).collect();
    let begun = Instant::now();
    first
        .send(black_box(iterations * RING))
        .await
        .expect("the ring broke");
    end.recv().await.expect("the ring broke");
    let elapsed = begun.elapsed();
    for task in tasks {
        task.await.expect(TASK_FAILED);
    }
    elapsed
}

/// A task of the ring: passes the token on until it will not come round again.
async fn pass_on(
    mut received: mpsc::Receiver<u64>,
    next: mpsc::Sender<u64>,
    done: mpsc::Sender<()>,
) {
    loop {
        let hops_left = received.recv().await.expect("the ring broke");
        if hops_left == 0 {
            return done.send(()).await.expect("nobody waits for the token");
        }
        next.send(hops_left - 1).await.expect("the ring broke");
        if hops_left < RING {
            return;
        }
    }
}

/// A unit is a message through the bounded channel.
async fn fan_in<R: Runtime>(iterations: u64) -> Duration {
    let (sender, mut receiver) = mpsc::channel::<u64>(CAPACITY);
    let begun = Instant::now();
    for _ in 0..PRODUCERS {
        let sender = sender.clone();
        let producer = R::spawn(async move {
            for message in 0..iterations * MESSAGES {
                sender
                    .send(black_box(message))
                    .await
                    .expect("the receiver is gone");
            }
        });
        drop(producer);
    }
    drop(sender);
    let mut count = 0;
    while let Some(message) = receiver.recv().await {
        black_box(message);
        count += 1;
    }
    let elapsed = begun.elapsed();
    assert_eq!(
        count,
        iterations * PRODUCERS * MESSAGES,
        "messages were lost"
    );
    elapsed
}

/// A unit is a node: spawned by its parent, it spawns its children and joins them.
async fn trees<R: Runtime>(iterations: u64) -> Duration {
    let begun = Instant::now();
    for _ in 0..iterations {
        let nodes = R::spawn(node::<R>(black_box(DEPTH)))
            .await
            .expect(TASK_FAILED);
        assert_eq!(nodes, NODES, "tasks were lost");
    }
    begun.elapsed()
}

/// Boxed, because its type would contain itself.
fn node<R: Runtime>(levels_below: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if levels_below == 0 {
            return 1;
        }
        let children: Vec<_> = (0..CHILDREN)
            .map(|_| R::spawn(node::<R>(levels_below - 1)))
            .collect();
        let mut nodes = 1;
        for child in children {
            nodes += child.await.expect(TASK_FAILED);
        }
        nodes
    })
}
