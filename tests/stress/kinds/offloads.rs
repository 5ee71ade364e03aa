//! Jobs that wait, jobs that compute, jobs that are aborted while queued or running, jobs that
//! panic, and jobs that use the runtime.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainspring::task::{offload, spawn_blocking};
use mainspring::time::sleep;

use crate::bombs::{self, Bomb};
use crate::fate::computes;
use crate::ledger::Ticket;
use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::{Joiner, Outcome, job};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    if random.one_in(6) {
        return uses_the_runtime(&scene, &mut random).await;
    }
    let jobs: Vec<_> = (0..random.between(1, 12))
        .map(|_| start(&scene, &mut random))
        .collect();
    for joiner in jobs {
        match random.below(5) {
            0 => drop(joiner),
            1 => {
                sleep(random.micros(300)).await;
                joiner.abort();
                if joiner.await == Outcome::Finished {
                    report::progress();
                }
            }
            2 => {
                joiner.abort();
                joiner.await;
            }
            _ => drop(joiner.await),
        }
    }
}

fn start(scene: &Scene, random: &mut Random) -> Joiner {
    let (panics, duration) = (random.one_in(10), random.micros(500));
    let has_bomb = random.one_in(20);
    let end = move |ticket| {
        if panics {
            bombs::go_off()
        }
        has_bomb.then(|| Bomb::in_output(ticket))
    };
    if random.one_in(2) {
        let ticket = Ticket::open("a blocking job", &scene.era);
        let job = job(ticket, move |_| {
            thread::sleep(duration);
            end(ticket)
        });
        return Joiner::new(ticket, spawn_blocking(move || job(&|| false)));
    }
    let ticket = Ticket::open("a computing job", &scene.era);
    let job = job(ticket, move |is_cancelled| {
        for _ in 0..10 {
            if is_cancelled() {
                return None;
            }
            computes(duration / 20);
        }
        end(ticket)
    });
    let handle = offload(move |context| job(&|| context.is_cancelled()));
    Joiner::new(ticket, handle)
}

/// A job spawns a task and blocks on it.
async fn uses_the_runtime(scene: &Arc<Scene>, random: &mut Random) {
    let Ok(_permit) = scene.dear.acquire().await else {
        return;
    };
    let ticket = Ticket::open("a job that blocks on a task", &scene.era);
    let (inner, duration) = (Arc::clone(scene), random.micros(500));
    let job = job(ticket, move |_| {
        let joiner = Joiner::spawn("spawned by a job", &inner.era, move |_| async move {
            sleep(duration).await;
            None
        });
        let outcome = inner.handle.block_on(joiner);
        if outcome != Outcome::Finished && !inner.era.is_ending() {
            report::failure(&format!("a task that a job awaits has {outcome:?}"));
        }
        None
    });
    Joiner::new(ticket, spawn_blocking(move || job(&|| false))).await;
    sleep(Duration::ZERO).await;
}
