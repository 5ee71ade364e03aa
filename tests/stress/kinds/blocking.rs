//! Tasks that block their thread: badly, in `block_in_place`, or in a `block_on` within; and jobs
//! whose place in the pool is reserved.

use std::sync::Arc;
use std::thread;

use mainspring::runtime::RuntimeFlavor;
use mainspring::task::{block_in_place, reserve_offload};
use mainspring::time::sleep;

use crate::fate::{Fate, computes, yields};
use crate::ledger::Ticket;
use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::{Joiner, Outcome, job};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    match random.below(4) {
        0 => badly(&scene, &mut random).await,
        1 => in_place(&scene, &mut random).await,
        2 => within(&scene, &mut random).await,
        _ => reserved(&scene, &mut random).await,
    }
}

/// What a beginner writes. The tasks behind it go on all the same.
async fn badly(scene: &Scene, random: &mut Random) {
    let joiners: Vec<_> = (0..random.between(1, 3))
        .map(|_| {
            let (duration, sleeps) = (random.micros(5_000), random.one_in(2));
            Joiner::spawn("blocks its thread", &scene.era, move |_| async move {
                yields(1).await;
                if sleeps {
                    thread::sleep(duration);
                } else {
                    computes(duration);
                }
                None
            })
        })
        .collect();
    for joiner in joiners {
        if random.one_in(4) {
            joiner.abort();
        }
        joiner.await;
    }
}

async fn in_place(scene: &Scene, random: &mut Random) {
    let (duration, panics) = (random.micros(2_000), random.one_in(5));
    let joiner = Joiner::spawn("blocks in place", &scene.era, move |_| async move {
        block_in_place(|| {
            thread::sleep(duration);
            if panics {
                crate::bombs::go_off();
            }
        });
        yields(2).await;
        None
    });
    let expected = if panics {
        Outcome::Panicked
    } else {
        Outcome::Finished
    };
    let ticket = joiner.ticket();
    let outcome = joiner.await;
    if outcome != expected && !scene.era.is_ending() {
        ticket.blame(&format!("{outcome:?}, and not {expected:?}"));
    }
}

/// A `block_on` inside a task: the flavour without threads has nobody to go on meanwhile.
async fn within(scene: &Arc<Scene>, random: &mut Random) {
    if scene.handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return;
    }
    let Ok(_permit) = scene.dear.acquire().await else {
        return;
    };
    let (inner, duration) = (Arc::clone(scene), random.micros(1_000));
    let is_deep = random.one_in(2);
    let joiner = Joiner::spawn("blocks on a task", &scene.era, move |_| async move {
        let awaited = Joiner::spawn("awaited within", &inner.era, move |_| async move {
            sleep(duration).await;
            None
        });
        let handle = &inner.handle;
        let outcome = if is_deep {
            block_in_place(|| handle.block_on(async { handle.block_on(awaited) }))
        } else {
            handle.block_on(awaited)
        };
        if outcome != Outcome::Finished && !inner.era.is_ending() {
            report::failure(&format!("a task awaited within has {outcome:?}"));
        }
        None
    });
    joiner.await;
}

async fn reserved(scene: &Scene, random: &mut Random) {
    let permits = random.between(1, 4);
    let mut joiners = Vec::new();
    for _ in 0..permits {
        let Ok(permit) = reserve_offload().await else {
            return;
        };
        if random.one_in(4) {
            // A place that is given back.
            drop(permit);
            continue;
        }
        let fate = random.micros(300);
        let ticket = Ticket::open("in a reserved place", &scene.era);
        let job = job(ticket, move |is_cancelled| {
            if !is_cancelled() {
                computes(fate);
            }
            None
        });
        let handle = permit.run(move |context| job(&|| context.is_cancelled()));
        joiners.push(Joiner::new(ticket, handle));
        drop(Joiner::spawn("beside", &scene.era, |ticket| {
            Fate::random(random).by_itself().live(ticket)
        }));
    }
    for joiner in joiners {
        if random.one_in(4) {
            joiner.abort();
        }
        joiner.await;
    }
}
