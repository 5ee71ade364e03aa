//! Runtimes inside the runtime: built in a job or in a task, and dropped with work in flight, in a
//! job, in a task, in a task of their own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Builder, Runtime, RuntimeFlavor};
use mainspring::task::spawn_blocking;
use mainspring::time::sleep;

use crate::fate::{Fate, yields};
use crate::ledger::{Era, Ticket};
use crate::process::prepare;
use crate::random::Random;
use crate::stage::Scene;
use crate::tracked::{Joiner, Tracked, job};

/// A runtime, and its life, which is over when it is dropped, wherever that happens: the runtime
/// around it may end at any moment.
struct Within {
    era: Era,
    runtime: Option<Runtime>,
}

impl Within {
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is taken by its end only")
    }

    /// The runtime, for whoever ends it in a way of its own.
    fn end(mut self) -> Runtime {
        self.era.ends();
        self.runtime.take().expect("it is taken once")
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        self.era.ends();
    }
}

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    let Ok(_permit) = scene.dear.acquire().await else {
        return;
    };
    let era = Era::new();
    let within = Within {
        runtime: Some(build(&mut random)),
        era: era.clone(),
    };
    fill(within.runtime(), &era, &mut random);
    match random.below(5) {
        // In a job, where it may also be entered.
        0 | 1 => {
            let ticket = Ticket::open("ends a runtime", &scene.era);
            let random = random.fork();
            let job = job(ticket, move |_| {
                in_a_job(within, random);
                None
            });
            Joiner::new(ticket, spawn_blocking(move || job(&|| false))).await;
        }
        // In this task.
        2 => {
            yields(random.below(5)).await;
            drop(within);
        }
        3 => within.end().shutdown_background(),
        _ if within.runtime().handle().runtime_flavor() == RuntimeFlavor::CurrentThread => {
            // Nobody would run a task that holds it: it would keep itself alive.
            drop(within);
        }
        // In a task of its own, or here, whoever is last.
        _ => {
            let shared = Arc::new(within);
            let own = Arc::clone(&shared);
            drop(shared.runtime().spawn(async move {
                yields(2).await;
                drop(own);
            }));
            yields(random.below(5)).await;
            drop(shared);
        }
    }
    // Its tasks end, wherever it was dropped.
    while era.open() > 0 {
        sleep(Duration::from_micros(200)).await;
    }
}

fn build(random: &mut Random) -> Runtime {
    let mut builder = if random.one_in(3) {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let runtime = prepare(&mut builder)
        .worker_threads(random.between(1, 2))
        .thread_keep_alive(random.micros(5_000))
        .build();
    runtime.expect("the system has threads and descriptors")
}

/// Work that is in flight when the runtime ends.
fn fill(runtime: &Runtime, era: &Era, random: &mut Random) {
    for _ in 0..random.between(0, 10) {
        let ticket = Ticket::open("in a runtime within", era);
        let fate = Fate::random(random);
        let handle = runtime.spawn(Tracked::new(ticket, fate.live(ticket)));
        let joiner = Joiner::new(ticket, handle);
        if fate.is_forever() && random.one_in(2) {
            joiner.abort();
        }
    }
    if random.one_in(3) {
        let ticket = Ticket::open("a job in a runtime within", era);
        let duration = random.micros(300);
        let job = job(ticket, move |_| {
            thread::sleep(duration);
            None
        });
        drop(Joiner::new(
            ticket,
            runtime.spawn_blocking(move || job(&|| false)),
        ));
    }
}

fn in_a_job(within: Within, mut random: Random) {
    let pause = random.micros(500);
    if random.one_in(2) {
        within.runtime().block_on(async {
            let joiner = Joiner::spawn("awaited within", &within.era, move |_| async move {
                sleep(pause).await;
                None
            });
            joiner.await;
        });
    }
    match random.below(4) {
        0 => drop(within),
        1 => within.end().shutdown_timeout(Duration::from_secs(5)),
        2 => drop(within.end().shutdown(random.micros(5_000))),
        _ => within.end().shutdown_background(),
    }
}
