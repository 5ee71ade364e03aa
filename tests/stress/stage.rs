//! One runtime with all kinds of work on it, and its end: in peace, or with the work in flight.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Handle, Runtime};
use mainspring::sync::Semaphore;
use mainspring::task::LocalSet;
use mainspring::time::{sleep, sleep_until};

use crate::graveyard::Graveyard;
use crate::kinds::{self, outside, sockets};
use crate::ledger::Era;
use crate::process::{Belongings, prepare};
use crate::random::Random;
use crate::report;
use crate::tracked::{Outcome, TrackedSet};

/// Wakers that outlive their tasks, and their runtimes.
pub(crate) static GRAVEYARD: Graveyard = Graveyard::new();

/// What every kind of work finds.
pub(crate) struct Scene {
    /// The runtime.
    pub(crate) handle: Handle,
    /// Its life.
    pub(crate) era: Era,
    /// When the actors stop.
    pub(crate) until: Instant,
    /// Where its servers listen.
    pub(crate) servers: sockets::Servers,
    /// Bounds what is dear: runtimes within it, and blocking jobs that block on futures.
    pub(crate) dear: Semaphore,
}

/// How a stage ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Everything ends by itself, then the runtime is dropped.
    Peace,
    /// The runtime is dropped with the work in flight.
    Drop,
    /// The same, in a thread of its own that is inside another runtime.
    DropInside,
    Timeout,
    Background,
    /// By `shutdown` with a grace, which is too short for most.
    Grace,
    /// The same, awaited in another runtime.
    GraceAwaited,
}

/// Plays one stage, and checks that nothing of it is left.
pub(crate) fn play(random: &mut Random) {
    let before = Belongings::now();
    let (runtime, flavour) = build(random);
    let end = random.pick(&[
        End::Peace,
        End::Peace,
        End::Peace,
        End::Drop,
        End::DropInside,
        End::Timeout,
        End::Background,
        End::Grace,
        End::GraceAwaited,
    ]);
    let actors = random.between(2, 16);
    let lasting = Duration::from_millis(random.between(50, 700) as u64);
    let about = format!("a stage of {actors} actors, {flavour}, {lasting:?}, ends by {end:?}");
    let era = Era::new();
    let deadline = Instant::now() + lasting;
    let scene = Arc::new(Scene {
        handle: runtime.handle().clone(),
        era: era.clone(),
        // Those who are to be cut off do not stop by themselves.
        until: deadline
            + if end == End::Peace {
                Duration::ZERO
            } else {
                lasting * 100
            },
        servers: sockets::Servers::new(random),
        dear: Semaphore::new(3),
    });
    let outsiders: Vec<_> = (0..random.below(3))
        .map(|_| outside::start(Arc::clone(&scene), random.fork()))
        .collect();
    let root = root(Arc::clone(&scene), random.fork(), actors, deadline, end);
    if random.one_in(2) {
        runtime.block_on(root);
    } else {
        LocalSet::new().block_on(&runtime, root);
    }
    if end == End::Peace {
        for outsider in outsiders {
            joined(outsider, &about);
        }
        // Tasks that nobody awaits end as well.
        runtime.block_on(async {
            while era.open() > 0 {
                sleep(Duration::from_micros(500)).await;
            }
        });
        era.ends();
        let report = runtime.shutdown(Duration::from_secs(10));
        // A job's thread may still be on its way out.
        if report.aborted > 0 || !report.stuck.is_empty() {
            report::failure(&format!("{about}: nothing was left, and {report}"));
        }
    } else {
        era.ends();
        finish(runtime, end, random);
        for outsider in outsiders {
            joined(outsider, &about);
        }
    }
    drop(scene);
    // If one is left, the watchdog tells which.
    while era.open() > 0 {
        thread::sleep(Duration::from_micros(500));
    }
    // The runtime is gone, and its tasks are. A waker that is kept keeps the cell of its task, and
    // with it the runtime's descriptors.
    GRAVEYARD.wake_all();
    if let Err(why) = before.wait_until_back() {
        report::failure(&format!("{about}: {why}"));
    }
}

async fn root(scene: Arc<Scene>, mut random: Random, actors: usize, deadline: Instant, end: End) {
    let servers = sockets::serve(&scene).await;
    let mut set = TrackedSet::new();
    for _ in 0..actors {
        let random = random.fork();
        set.spawn("actor", &scene.era, |_| {
            kinds::act(Arc::clone(&scene), random)
        });
    }
    if end != End::Peace {
        sleep_until(deadline.into()).await;
        return set.detach_all();
    }
    while let Some(outcome) = set.join_next().await {
        if outcome != Outcome::Finished {
            report::failure(&format!("an actor has {outcome:?}"));
        }
    }
    for server in servers {
        server.abort();
        if server.await != Outcome::Cancelled {
            report::failure("a server was aborted and not cancelled");
        }
    }
}

fn build(random: &mut Random) -> (Runtime, String) {
    let workers = random.pick(&[0, 0, 1, 2, 2, 2, 4]);
    let mut builder = if workers == 0 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    prepare(&mut builder)
        .worker_threads(workers.max(1))
        .max_blocking_threads(random.between(8, 64))
        .thread_keep_alive(random.micros(20_000))
        .enable_all();
    let runtime = builder
        .build()
        .expect("the system has threads and descriptors");
    (runtime, format!("{workers} workers"))
}

/// Ends a runtime with its work in flight.
fn finish(runtime: Runtime, end: End, random: &mut Random) {
    let grace = random.micros(50_000);
    match end {
        End::Peace | End::Drop => drop(runtime),
        End::DropInside => elsewhere(async move { drop(runtime) }),
        End::Timeout => runtime.shutdown_timeout(Duration::from_secs(10)),
        End::Background => runtime.shutdown_background(),
        End::Grace => drop(runtime.shutdown(grace)),
        End::GraceAwaited => elsewhere(async move {
            runtime.handle().shutdown(grace).await;
            drop(runtime);
        }),
    }
}

/// Runs a future on a runtime of its own.
fn elsewhere(future: impl Future<Output = ()>) {
    let mut builder = Builder::new_current_thread();
    let other = prepare(&mut builder).build();
    other.expect("the system has descriptors").block_on(future);
}

fn joined(outsider: thread::JoinHandle<()>, about: &str) {
    if outsider.join().is_err() {
        report::failure(&format!("{about}: a thread outside has panicked"));
    }
}
