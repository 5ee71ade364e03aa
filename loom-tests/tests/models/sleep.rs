//! The sleep protocol: `executor/src/idle.rs`.

use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::park::Parker;
use mainspring_executor::internals::schedule::{Idle, LocalQueue, Stealer, Stolen};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "sleep::a_push_is_seen_by_the_sleeper_or_sees_it",
    },
    Mutant {
        name: "idle: no fence before the last look (S3)",
        model: "sleep::a_push_is_seen_by_the_sleeper_or_sees_it",
    },
];

/// A worker that wants one item of somebody else's queue, and sleeps until there is one.
fn take_one(idle: &Idle, seat: usize, parker: &Parker, victim: &Stealer<u32>) -> u32 {
    let (own, _) = LocalQueue::new();
    let mut searching = false;
    loop {
        searching = searching || idle.begin_search();
        if searching {
            match victim.steal_into(&own) {
                Stolen::Something(item) => {
                    if idle.end_search() && !victim.is_empty() {
                        wake(idle);
                    }
                    return item;
                }
                Stolen::Retry => {
                    thread::yield_now();
                    continue;
                }
                Stolen::Nothing => {}
            }
        }
        idle.sleep(seat, parker, searching);
        if !victim.is_empty() {
            let _ = idle.wake_self(seat, true);
            searching = true;
            continue;
        }
        parker.park();
        searching = !idle.wake_self(seat, false);
    }
}

fn wake(idle: &Idle) {
    if let Some(parker) = idle.notify() {
        assert!(!parker.unpark(), "nobody is in the driver");
    }
}

/// push ∥ the last searcher goes to sleep: the item is taken. (A forgotten item is a deadlock.)
#[test]
fn a_push_is_seen_by_the_sleeper_or_sees_it() {
    model(|| {
        let idle = Arc::new(Idle::new(2));
        let (queue, stealer) = LocalQueue::new();
        idle.join();
        idle.join();
        let sleeper = {
            let idle = Arc::clone(&idle);
            thread::spawn(move || take_one(&idle, 1, &Parker::new(), &stealer))
        };
        queue.push(7);
        wake(&idle);
        assert_eq!(sleeper.join().unwrap(), 7);
    });
}

/// Two pushes ∥ two sleepers: each sleeper gets one item, although a push wakes at most one and
/// none while somebody searches.
#[test]
fn a_searcher_that_finds_work_wakes_the_next() {
    model(|| {
        let idle = Arc::new(Idle::new(3));
        let (queue, stealer) = LocalQueue::new();
        let stealer = Arc::new(stealer);
        (0..3).for_each(|_| idle.join());
        let sleepers: Vec<_> = (1..3)
            .map(|seat| {
                let (idle, stealer) = (Arc::clone(&idle), Arc::clone(&stealer));
                thread::spawn(move || take_one(&idle, seat, &Parker::new(), &stealer))
            })
            .collect();
        queue.push(1);
        wake(&idle);
        queue.push(2);
        wake(&idle);
        let taken: u32 = sleepers
            .into_iter()
            .map(|sleeper| sleeper.join().unwrap())
            .sum();
        assert_eq!(taken, 3);
    });
}
