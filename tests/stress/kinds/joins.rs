//! Join sets that are awaited, aborted, dropped or detached; handles that move between tasks.

use std::sync::Arc;
use std::time::Duration;

use mainspring::task::yield_now;
use mainspring::time::timeout;

use crate::fate::Fate;
use crate::random::Random;
use crate::stage::Scene;
use crate::tracked::{Joiner, TrackedSet, poll_once};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    if random.one_in(3) {
        hand_over(&scene, &mut random).await;
    } else {
        set(&scene, &mut random).await;
    }
}

async fn set(scene: &Scene, random: &mut Random) {
    let mut set = TrackedSet::new();
    let mut has_forever = false;
    for _ in 0..random.between(1, 30) {
        let fate = Fate::random(random);
        has_forever |= fate.is_forever();
        set.spawn("in a set", &scene.era, |ticket| fate.live(ticket));
        if random.one_in(8) {
            // Some are awaited while others are added.
            let _ = timeout(random.micros(200), set.join_next()).await;
        }
    }
    match random.below(4) {
        0 => drop(set),
        1 if !has_forever => set.detach_all(),
        _ => {
            if has_forever || random.one_in(2) {
                set.abort_all();
            }
            while set.join_next().await.is_some() {}
        }
    }
}

/// A handle that has been polled by one task is awaited by the next.
async fn hand_over(scene: &Scene, random: &mut Random) {
    let fate = Fate::random(random);
    let mut joiner = Joiner::spawn("joined by several", &scene.era, |ticket| fate.live(ticket));
    for _ in 0..random.between(1, 4) {
        let pause = random.micros(50);
        let (sender, receiver) = mainspring::sync::oneshot::channel();
        drop(Joiner::spawn(
            "joins another",
            &scene.era,
            move |_| async move {
                let _ = timeout(pause, &mut joiner).await;
                let _ = sender.send(joiner);
                None
            },
        ));
        let Ok(back) = receiver.await else {
            // Only the end of the runtime keeps it from coming.
            return;
        };
        joiner = back;
        if joiner.is_told() {
            return;
        }
    }
    if fate.is_forever() {
        joiner.abort();
    }
    while !joiner.is_finished() {
        yield_now().await;
        mainspring::time::sleep(Duration::from_micros(50)).await;
    }
    if poll_once(&mut joiner).await.is_none() {
        joiner.ticket().blame("finished, and its handle is pending");
    }
}
