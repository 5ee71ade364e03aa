//! The hand-over of a core to a thread that waits for one (executor/src/standby.rs).

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use mainspring_executor::internals::schedule::{Core, Standby};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "standby: who is given a core stays on the list (I2)",
        model: "standby::a_waiting_thread_is_given_one_core",
    },
    Mutant {
        name: "standby: mail on its way is not waited for (I2)",
        model: "standby::a_core_is_not_lost_to_a_thread_that_gives_up",
    },
    Mutant {
        name: "standby: who comes after the end waits",
        model: "standby::the_end_reaches_whoever_waits",
    },
    Mutant {
        name: "standby: mail rings no bell",
        model: "standby::the_end_reaches_whoever_waits",
    },
];

/// A core that is handed over while a waiting thread gives up is with exactly one of the two sides.
#[test]
fn a_core_is_not_lost_to_a_thread_that_gives_up() {
    model(|| {
        let standby = Arc::new(Standby::new());
        let waiting = {
            let standby = Arc::clone(&standby);
            thread::spawn(move || usize::from(standby.wait().is_some()))
        };
        let kept = usize::from(standby.give_to_waiting(Core::new(0)).is_err());
        let given = waiting.join().expect("no panic");
        assert_eq!(kept + given, 1);
    });
}

/// Two givers and one who waits: one core arrives there, the other stays with its giver.
#[test]
fn a_waiting_thread_is_given_one_core() {
    model(|| {
        let standby = Arc::new(Standby::new());
        let kept = Arc::new(AtomicUsize::new(0));
        let mailbox = standby.begin_wait().expect("it is open");
        let givers: Vec<_> = (0..2)
            .map(|seat| {
                let standby = Arc::clone(&standby);
                let kept = Arc::clone(&kept);
                thread::spawn(move || {
                    if standby.give_to_waiting(Core::new(seat)).is_err() {
                        kept.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        assert!(mailbox.wait().is_some());
        for giver in givers {
            giver.join().expect("no panic");
        }
        assert_eq!(kept.load(Ordering::Relaxed), 1);
    });
}

/// The end of the runtime reaches a thread that waits, or is about to, and loses no core.
#[test]
fn the_end_reaches_whoever_waits() {
    model(|| {
        let standby = Arc::new(Standby::new());
        let waiting = {
            let standby = Arc::clone(&standby);
            thread::spawn(move || {
                let mailbox = standby.begin_wait();
                mailbox.map_or(0, |mailbox| usize::from(mailbox.wait().is_some()))
            })
        };
        let closing = {
            let standby = Arc::clone(&standby);
            thread::spawn(move || standby.close())
        };
        let kept = usize::from(standby.give_to_waiting(Core::new(0)).is_err());
        closing.join().expect("no panic");
        let given = waiting.join().expect("no panic");
        assert_eq!(kept + given, 1);
    });
}
