//! The sleep protocol: `executor/src/idle.rs`.

use std::slice;

use loom::sync::Arc;
use loom::thread;
use mainspring_executor::internals::park::Parker;
use mainspring_executor::internals::schedule::{Idle, LocalQueue, Stealer, Stolen};
use mainspring_loom::variant::with_variant;
use mainspring_loom::{is_deep, model};
use mainspring_loom_tests::Mutant;

/// What these models must catch. The fences also in the variant.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "sleep::a_push_is_seen_by_the_sleeper_or_sees_it",
    },
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "sleep::as_a_variant_a_push_is_seen_by_the_sleeper_or_sees_it",
    },
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "sleep::a_push_that_saw_a_searcher_is_seen_when_its_search_ends",
    },
    Mutant {
        name: "idle: no fence before the last look (S3)",
        model: "sleep::a_push_is_seen_by_the_sleeper_or_sees_it",
    },
    Mutant {
        name: "idle: no fence before the last look (S3)",
        model: "sleep::as_a_variant_a_push_is_seen_by_the_sleeper_or_sees_it",
    },
    Mutant {
        name: "idle: no fence after the push (P2)",
        model: "sleep::two_pushers_do_not_rely_on_one_another",
    },
    Mutant {
        name: "idle: no fence before the last look (S3)",
        model: "sleep::two_pushers_do_not_rely_on_one_another",
    },
    Mutant {
        name: "idle: no fence after the last search (I2)",
        model: "sleep::a_push_that_saw_a_searcher_is_seen_when_its_search_ends",
    },
    Mutant {
        name: "idle: no fence before the monitor's look",
        model: "sleep::what_the_monitor_moves_is_seen_when_the_search_ends",
    },
    Mutant {
        name: "idle: no second look at the word (I3)",
        model: "sleep::two_pushes_at_once_wake_one_sleeper",
    },
    Mutant {
        name: "idle: a claim is not counted (I3)",
        model: "sleep::two_pushes_at_once_wake_one_sleeper",
    },
    Mutant {
        name: "idle: who is claimed stays on the list (I5)",
        model: "sleep::a_searcher_that_finds_work_wakes_the_next",
    },
    Mutant {
        name: "idle: a claim is not counted (I3)",
        model: "sleep::as_a_variant_a_searcher_that_finds_work_wakes_the_next",
    },
    Mutant {
        name: "idle: a searcher is not counted",
        model: "sleep::a_push_is_seen_by_the_sleeper_or_sees_it",
    },
    Mutant {
        name: "idle: a sleeper is not counted (S2)",
        model: "sleep::a_push_is_seen_by_the_sleeper_or_sees_it",
    },
];

/// See `notify` in `idle`.
pub(crate) const BY_RMW: &str = "idle: P3 by a read-modify-write";

/// Items that a queue may hold for thieves who want one each: of three a theft would take two.
const SINGLE_THEFTS: usize = 2;

/// A worker that wants one item of others' queues, and sleeps until there is one.
fn take_one(idle: &Idle, seat: usize, parker: &Parker, victims: &[Stealer<u32>]) -> u32 {
    let has_work = || !victims.iter().all(Stealer::is_empty);
    let (own, _) = LocalQueue::new();
    let mut searching = false;
    loop {
        searching = searching || idle.begin_search();
        if searching {
            let mut thefts = victims.iter().map(|victim| victim.steal_into(&own));
            match thefts.find(|theft| !matches!(theft, Stolen::Nothing)) {
                Some(Stolen::Something(item)) => {
                    if idle.end_search() && has_work() {
                        wake(idle);
                    }
                    return item;
                }
                Some(Stolen::Retry) => {
                    thread::yield_now();
                    continue;
                }
                Some(Stolen::Nothing) | None => {}
            }
        }
        idle.sleep(seat, parker, searching);
        if has_work() {
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
    push_beside_a_sleeper();
}

/// The same, with each look at the word a read-modify-write, so that loom tries every order.
#[test]
fn as_a_variant_a_push_is_seen_by_the_sleeper_or_sees_it() {
    with_variant(BY_RMW, push_beside_a_sleeper);
}

fn push_beside_a_sleeper() {
    model(|| {
        let idle = Arc::new(Idle::new(2));
        let (queue, stealer) = LocalQueue::new();
        idle.join();
        idle.join();
        let sleeper = {
            let idle = Arc::clone(&idle);
            thread::spawn(move || take_one(&idle, 1, &Parker::new(), &[stealer]))
        };
        queue.push(7);
        wake(&idle);
        assert_eq!(sleeper.join().unwrap(), 7);
    });
}

/// Two pushes ∥ two sleepers (three, if deep): each sleeper gets one item, although a push wakes at most
/// one and none while somebody searches.
#[test]
fn a_searcher_that_finds_work_wakes_the_next() {
    two_pushes_beside_two_sleepers();
}

/// The same, with each look at the word a read-modify-write.
#[test]
fn as_a_variant_a_searcher_that_finds_work_wakes_the_next() {
    with_variant(BY_RMW, two_pushes_beside_two_sleepers);
}

fn two_pushes_beside_two_sleepers() {
    let count = if is_deep() { 3 } else { 2 };
    model(move || {
        let idle = Arc::new(Idle::new(count + 1));
        let queues = (0..count.div_ceil(SINGLE_THEFTS)).map(|_| LocalQueue::new());
        let (queues, stealers): (Vec<_>, Vec<_>) = queues.unzip();
        let stealers = Arc::new(stealers);
        (0..=count).for_each(|_| idle.join());
        let sleepers: Vec<_> = (1..=count)
            .map(|seat| {
                let (idle, stealers) = (Arc::clone(&idle), Arc::clone(&stealers));
                thread::spawn(move || take_one(&idle, seat, &Parker::new(), &stealers))
            })
            .collect();
        (0..count).for_each(|item| {
            queues[item / SINGLE_THEFTS].push(1);
            wake(&idle);
        });
        let taken: u32 = sleepers
            .into_iter()
            .map(|sleeper| sleeper.join().unwrap())
            .sum();
        assert_eq!(taken, count as u32);
    });
}

/// Two pushers ∥ one sleeper: it gets both items, although only one of the two can have woken it.
#[test]
fn two_pushers_do_not_rely_on_one_another() {
    model(|| {
        let idle = Arc::new(Idle::new(3));
        let (queues, stealers): (Vec<_>, Vec<_>) = (0..2).map(|_| LocalQueue::new()).unzip();
        (0..3).for_each(|_| idle.join());
        let mut pushers = queues.into_iter().map(|queue| {
            let idle = Arc::clone(&idle);
            move || {
                queue.push(1);
                wake(&idle);
            }
        });
        let (one, other) = (pushers.next().unwrap(), pushers.next().unwrap());
        let pusher = thread::spawn(one);
        let sleeper = {
            let idle = Arc::clone(&idle);
            let parker = Parker::new();
            thread::spawn(move || {
                let taken = stealers
                    .iter()
                    .map(|stealer| take_one(&idle, 2, &parker, slice::from_ref(stealer)));
                taken.sum::<u32>()
            })
        };
        other();
        pusher.join().unwrap();
        assert_eq!(sleeper.join().unwrap(), 2);
    });
}

/// A worker that sleeps, in seat `seat`.
fn asleep(idle: &Idle, seat: usize) {
    idle.join();
    idle.sleep(seat, &Parker::new(), false);
}

/// push ∥ the last searcher finds something else, while a third worker sleeps: the pusher, which may
/// have relied on the search, or the searcher wakes the sleeper.
#[test]
fn a_push_that_saw_a_searcher_is_seen_when_its_search_ends() {
    push_beside_a_search_that_ends(|idle| idle.notify().is_some());
}

/// The same where the monitor moves a task and looks for whom to wake.
#[test]
fn what_the_monitor_moves_is_seen_when_the_search_ends() {
    push_beside_a_search_that_ends(|idle| idle.claim_for_rescue().is_some());
}

fn push_beside_a_search_that_ends(notify: fn(&Idle) -> bool) {
    model(move || {
        let idle = Arc::new(Idle::new(3));
        let (queue, stealer) = LocalQueue::new();
        (0..2).for_each(|_| idle.join());
        asleep(&idle, 2);
        assert!(idle.begin_search());
        let searcher = {
            let idle = Arc::clone(&idle);
            thread::spawn(move || {
                idle.end_search() && !stealer.is_empty() && idle.notify().is_some()
            })
        };
        queue.push(7);
        let woken = notify(&idle);
        let woken = searcher.join().unwrap() || woken;
        assert!(woken, "the sleeper sleeps beside an item");
        assert_eq!(queue.pop(), Some(7));
    });
}

/// push ∥ push, while two sleep: the first wakes one, who searches, and the second relies on it.
#[test]
fn two_pushes_at_once_wake_one_sleeper() {
    two_pushes_beside_two_who_sleep();
}

/// The same, with each look at the word a read-modify-write: either push comes first.
#[test]
fn as_a_variant_two_pushes_at_once_wake_one_sleeper() {
    with_variant(BY_RMW, two_pushes_beside_two_who_sleep);
}

fn two_pushes_beside_two_who_sleep() {
    model(|| {
        let idle = Arc::new(Idle::new(4));
        (0..2).for_each(|_| idle.join());
        (2..4).for_each(|seat| asleep(&idle, seat));
        let other = {
            let idle = Arc::clone(&idle);
            thread::spawn(move || usize::from(idle.notify().is_some()))
        };
        let woken = usize::from(idle.notify().is_some()) + other.join().unwrap();
        assert_eq!(woken, 1, "sleepers that were woken");
    });
}
