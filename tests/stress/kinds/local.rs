//! Tasks that stay on their thread: a set of them in a blocking job, driven, aborted, or dropped in
//! the middle.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use mainspring::task::{LocalSet, spawn_blocking, spawn_local, yield_now};
use mainspring::time::sleep;

use crate::fate::Fate;
use crate::ledger::{Era, Ticket};
use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::{Joiner, Outcome, Tracked, job};

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    let Ok(_permit) = scene.dear.acquire().await else {
        return;
    };
    let ticket = Ticket::open("drives a local set", &scene.era);
    let (inner, random) = (Arc::clone(&scene), random.fork());
    let job = job(ticket, move |_| {
        drive(&inner, random);
        None
    });
    Joiner::new(ticket, spawn_blocking(move || job(&|| false))).await;
}

fn drive(scene: &Scene, mut random: Random) {
    // Those of the set may be cancelled by its drop, which is an end of its own.
    let era = Era::new();
    let set = LocalSet::new();
    let alive = Rc::new(Cell::new(0));
    let is_cut = random.one_in(3);
    let body = set.run_until(async {
        let joiners: Vec<_> = (0..random.between(1, 20))
            .map(|_| {
                let fate = Fate::random(&mut random);
                (fate, spawn(&era, fate, Rc::clone(&alive)))
            })
            .collect();
        if is_cut {
            sleep(random.micros(300)).await;
            return;
        }
        for (fate, joiner) in joiners {
            if fate.is_forever() || random.one_in(6) {
                joiner.abort();
            }
            if random.one_in(4) && !fate.is_forever() {
                yield_now().await;
                continue;
            }
            let (ticket, outcome) = (joiner.ticket(), joiner.await);
            if fate.is_forever() && outcome == Outcome::Finished {
                ticket.blame("a local task without end has finished");
            }
        }
    });
    scene.handle.block_on(body);
    era.ends();
    drop(set);
    if era.open() > 0 || alive.get() > 0 {
        let (open, alive) = (era.open(), alive.get());
        report::failure(&format!(
            "{open} tickets and {alive} tasks are left of a local set"
        ));
    }
}

fn spawn(era: &Era, fate: Fate, alive: Rc<Cell<usize>>) -> Joiner {
    struct Alive(Rc<Cell<usize>>);
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    alive.set(alive.get() + 1);
    let alive = Alive(alive);
    let ticket = Ticket::open("local", era);
    let life = async move {
        let _alive = alive;
        fate.live(ticket).await
    };
    Joiner::new(ticket, spawn_local(Tracked::new(ticket, life)))
}
