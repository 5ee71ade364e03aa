//! A million tasks with aborts and panics: each ends exactly once.

use std::thread;
use std::time::Instant;

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::yield_now;

use crate::fate::Fate;
use crate::ledger::{Era, Ticket};
use crate::process::{self, prepare};
use crate::random::Random;
use crate::tracked::{Joiner, Tracked};
use crate::watchdog::Watchdog;
use crate::{bombs, ledger, report, settings};

/// Tasks whose handles one spawner holds at a time.
const BATCH: usize = 256;

/// Tasks that spawn the others, on each runtime.
const SPAWNERS: usize = 4;

#[test]
fn a_million_tasks() {
    let _alone = process::alone();
    bombs::silence();
    let (seed, tasks) = (settings::seed(), settings::tasks());
    report::begin("a million tasks", seed);
    let before = ledger::tally();
    let belongings = process::Belongings::now();
    let mut random = Random::new(seed);
    let begun = Instant::now();
    {
        let _watchdog = Watchdog::start("a million tasks");
        // Three quarters on two workers, with a thread outside; the rest on the current thread.
        on_workers(&mut random, tasks * 3 / 4);
        on_this_thread(&mut random, tasks - tasks * 3 / 4);
    }
    let tally = ledger::tally().since(before);
    for left in ledger::open_entries() {
        report::failure(&format!("never ended: {left}"));
    }
    if let Err(why) = belongings.wait_until_back() {
        report::failure(&why);
    }
    let took = begun.elapsed();
    report::say(&format!("{} tasks in {took:.1?}: {tally:?}", tally.all()));
    report::assert_clean();
    assert_eq!(tally.all(), tasks, "{tally:?}");
    let least = tasks / 100;
    let is_mixed = tally.finished > least && tally.cancelled > least && tally.panicked > least;
    assert!(is_mixed, "{tally:?}");
}

fn on_workers(random: &mut Random, tasks: u64) {
    let mut builder = Builder::new_multi_thread();
    let runtime = prepare(&mut builder).worker_threads(2).build();
    let runtime = runtime.expect("the system has threads");
    let era = Era::new();
    let outside = tasks / 5;
    thread::scope(|scope| {
        let (own, era, runtime) = (random.fork(), &era, &runtime);
        scope.spawn(move || from_outside(runtime, era, own, outside));
        runtime.block_on(spawners(era, random.fork(), tasks - outside));
    });
    end(runtime, &era);
}

fn on_this_thread(random: &mut Random, tasks: u64) {
    let mut builder = Builder::new_current_thread();
    let runtime = prepare(&mut builder).build();
    let runtime = runtime.expect("the system has descriptors");
    let era = Era::new();
    runtime.block_on(spawners(&era, random.fork(), tasks));
    end(runtime, &era);
}

/// Several tasks, by which the others are spawned, awaited, aborted, or let go.
async fn spawners(era: &Era, mut random: Random, tasks: u64) {
    let all: Vec<_> = (0..SPAWNERS as u64)
        .map(|number| {
            let share = tasks / SPAWNERS as u64 + u64::from(number < tasks % SPAWNERS as u64);
            let (era, random) = (era.clone(), random.fork());
            mainspring::spawn(async move { spawner(&era, random, share).await })
        })
        .collect();
    for spawner in all {
        spawner.await.expect("a spawner does not panic");
    }
}

async fn spawner(era: &Era, mut random: Random, tasks: u64) {
    let mut left = tasks as usize;
    while left > 0 {
        let batch = random.between(1, BATCH).min(left);
        left -= batch;
        let mut joiners = Vec::with_capacity(batch);
        for _ in 0..batch {
            let fate = Fate::random(&mut random);
            let joiner = Joiner::spawn("of a million", era, |ticket| fate.live(ticket));
            // Some before their first poll, some after.
            if random.one_in(10) {
                joiner.abort();
            }
            joiners.push((fate, joiner));
        }
        if random.one_in(2) {
            yield_now().await;
        }
        for (fate, joiner) in joiners {
            if fate.is_forever() || random.one_in(20) {
                joiner.abort();
            }
            if !random.one_in(4) {
                joiner.await;
            }
        }
    }
}

fn from_outside(runtime: &Runtime, era: &Era, mut random: Random, tasks: u64) {
    for number in 0..tasks {
        let fate = Fate::random(&mut random);
        let ticket = Ticket::open("of a million, from outside", era);
        let handle = runtime.spawn(Tracked::new(ticket, fate.live(ticket)));
        let joiner = Joiner::new(ticket, handle);
        if fate.is_forever() || random.one_in(10) {
            joiner.abort();
        }
        if number % 1_000 == 0 {
            runtime.block_on(joiner);
        }
    }
}

/// Waits for those whose handles were dropped, and ends the runtime.
fn end(runtime: Runtime, era: &Era) {
    runtime.block_on(async {
        while era.open() > 0 {
            mainspring::time::sleep(std::time::Duration::from_micros(500)).await;
        }
    });
    era.ends();
    drop(runtime);
}
