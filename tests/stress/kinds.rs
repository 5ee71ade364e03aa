//! The kinds of work, and how often each is done.

mod aborts;
mod blocking;
mod channels;
mod joins;
mod local;
mod offloads;
pub(crate) mod outside;
mod runtimes;
pub(crate) mod sockets;
mod spawns;
mod timers;
mod wakers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::bombs::Bomb;
use crate::random::Random;
use crate::report;
use crate::stage::Scene;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Kind {
    name: &'static str,
    weight: usize,
    begin: fn(Arc<Scene>, Random) -> Work,
    /// How often it was done to its end. Relaxed accesses: only a count.
    done: AtomicU64,
}

macro_rules! kinds {
    ($($weight:literal $name:ident),* $(,)?) => {
        [$(Kind {
            name: stringify!($name),
            weight: $weight,
            begin: |scene, random| Box::pin($name::act(scene, random)),
            done: AtomicU64::new(0),
        }),*]
    };
}

static KINDS: [Kind; 11] = kinds![
    20 spawns,
    15 aborts,
    10 joins,
    15 timers,
    15 sockets,
    8 offloads,
    3 blocking,
    10 channels,
    10 wakers,
    4 local,
    2 runtimes,
];

/// Does one thing after the other until the stage is over.
pub(crate) async fn act(scene: Arc<Scene>, mut random: Random) -> Option<Bomb> {
    let weights: usize = KINDS.iter().map(|kind| kind.weight).sum();
    while Instant::now() < scene.until && !report::has_failed() {
        let mut number = random.below(weights);
        let kind = KINDS.iter().find(|kind| {
            let is_it = number < kind.weight;
            number = number.saturating_sub(kind.weight);
            is_it
        });
        let kind = kind.expect("the number is below the sum of the weights");
        (kind.begin)(Arc::clone(&scene), random.fork()).await;
        kind.done.fetch_add(1, Ordering::Relaxed);
        report::progress();
    }
    None
}

/// How often each kind was done.
pub(crate) fn counts() -> Vec<String> {
    let count = |kind: &Kind| format!("{} {}", kind.done.load(Ordering::Relaxed), kind.name);
    KINDS.iter().map(count).collect()
}
