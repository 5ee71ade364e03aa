//! Threads that are no part of the runtime: they spawn, abort, block on futures, wake what is dead.
//! They go on while the runtime ends.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::fate::Fate;
use crate::ledger::Ticket;
use crate::process::THREADS;
use crate::random::Random;
use crate::report;
use crate::stage::{GRAVEYARD, Scene};
use crate::tracked::{Joiner, Tracked};

/// Starts a thread that goes on until the stage is over, or the runtime.
pub(crate) fn start(scene: Arc<Scene>, random: Random) -> JoinHandle<()> {
    let named = thread::Builder::new().name(format!("{THREADS}-out"));
    let started = named.spawn(move || go_on(&scene, random));
    started.expect("the system has threads")
}

fn go_on(scene: &Scene, mut random: Random) {
    let mut spent = 0;
    while Instant::now() < scene.until && !report::has_failed() {
        // A few more after the end: nothing may hang or panic then.
        if scene.era.is_ending() {
            spent += 1;
            if spent > 20 {
                break;
            }
        }
        step(scene, &mut random);
        report::progress();
        thread::sleep(random.micros(500));
    }
}

fn step(scene: &Scene, random: &mut Random) {
    for _ in 0..random.below(4) {
        GRAVEYARD.wake_one(random);
    }
    let fate = Fate::random(random);
    let ticket = Ticket::open("from outside", &scene.era);
    let handle = scene.handle.spawn(Tracked::new(ticket, fate.live(ticket)));
    let joiner = Joiner::new(ticket, handle);
    if fate.is_forever() || random.one_in(5) {
        joiner.abort();
    }
    if random.one_in(3) {
        scene.handle.block_on(joiner);
    }
}
