//! Tasks of all fates, whose handles are awaited, dropped, polled and dropped, or used to abort.

use std::sync::Arc;

use mainspring::time::{Duration, timeout};

use crate::fate::{Fate, yields};
use crate::ledger::Ticket;
use crate::random::Random;
use crate::stage::Scene;
use crate::tracked::{Joiner, Tracked, poll_once};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    let count = random.between(1, 24);
    let mut joiners: Vec<_> = (0..count)
        .map(|_| {
            let fate = Fate::random(&mut random);
            (fate, spawn(&scene, fate, &mut random))
        })
        .collect();
    while !joiners.is_empty() {
        let (fate, joiner) = joiners.swap_remove(random.below(joiners.len()));
        treat(fate, joiner, &mut random).await;
    }
}

/// Spawns by one of the ways there are.
fn spawn(scene: &Scene, fate: Fate, random: &mut Random) -> Joiner {
    if random.one_in(2) {
        return Joiner::spawn("spawned", &scene.era, |ticket| fate.live(ticket));
    }
    let ticket = Ticket::open("spawned by a handle", &scene.era);
    let handle = scene.handle.spawn(Tracked::new(ticket, fate.live(ticket)));
    Joiner::new(ticket, handle)
}

/// Does with a handle what is done with handles.
async fn treat(fate: Fate, mut joiner: Joiner, random: &mut Random) {
    match random.below(6) {
        // It is awaited for a while, by this task, and then again.
        0 => {
            let _ = timeout(random.micros(300), &mut joiner).await;
        }
        1 => {
            let _ = poll_once(&mut joiner).await;
        }
        2 => yields(random.below(4)).await,
        // A handle that has been polled is dropped.
        3 if !fate.is_forever() => {
            let _ = poll_once(&mut joiner).await;
            return;
        }
        4 if !fate.is_forever() => return,
        _ => {}
    }
    if joiner.is_told() {
        return;
    }
    if fate.is_forever() || random.one_in(5) {
        joiner.abort();
    }
    if random.one_in(8) {
        return;
    }
    let limit = Duration::from_secs(60);
    if timeout(limit, joiner).await.is_err() {
        crate::report::failure("a task that was to end has not in a minute");
    }
}
