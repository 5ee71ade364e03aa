//! A thread's waiting place: `executor/src/park.rs`.

use std::time::Duration;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use mainspring_executor::Driver;
use mainspring_executor::internals::park::Parker;
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

const ONE: &str = "park::an_unpark_ends_the_wait";
const BOUNDED: &str = "park::an_unpark_ends_a_bounded_wait";
const DRIVING: &str = "park::an_unpark_ends_the_wait_in_the_driver";
const TWO: &str = "park::one_return_answers_two_unparks";
const JUMP: &str = "park::a_clock_does_not_jump_over_a_wake";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("park: the lock is let go before the wait", ONE),
    mutant("park: the lock is let go before the wait", BOUNDED),
    mutant("park: a wait begins by a load and a store", ONE),
    mutant("park: a wait begins by a load and a store", DRIVING),
    mutant("park: a token is not looked at", ONE),
    mutant("park: a token is not looked at", BOUNDED),
    mutant("park: a wait ends by a store", TWO),
    mutant("park: a wait ends without Acquire", ONE),
    mutant("park: a wait ends without Acquire", DRIVING),
    mutant("park: an unpark without Release", ONE),
    mutant("park: an unpark is a load and a store", ONE),
    mutant("park: the bell is rung without the lock", ONE),
    mutant("park: the bell is not rung", ONE),
    mutant("park: the driver's bell is not rung", DRIVING),
    mutant(
        "park: a wake that comes while the pool is asked is missed",
        JUMP,
    ),
    mutant("park: a jump does not ask for wakes", JUMP),
];

const fn mutant(name: &'static str, model: &'static str) -> Mutant {
    Mutant { name, model }
}

/// A thread that gives a reason and then unparks; the reason is for the unpark to publish.
fn unparker(parker: &Parker, bell: &Arc<Bell>) -> (Arc<AtomicBool>, thread::JoinHandle<()>) {
    let reason = Arc::new(AtomicBool::new(false));
    let (parker, bell, own) = (parker.clone(), bell.clone(), reason.clone());
    let thread = thread::spawn(move || {
        own.store(true, Ordering::Relaxed);
        if parker.unpark() {
            bell.ring();
        }
    });
    (reason, thread)
}

/// unpark ∥ park: the thread returns, and sees what was written before the unpark. (A lost unpark
/// is a deadlock, which loom reports.)
#[test]
fn an_unpark_ends_the_wait() {
    model(|| {
        let parker = Parker::new();
        let (reason, other) = unparker(&parker, &Arc::default());
        while !reason.load(Ordering::Relaxed) {
            parker.park();
        }
        other.join().unwrap();
    });
}

/// The same where the wait has a limit, which is not reached.
#[test]
fn an_unpark_ends_a_bounded_wait() {
    model(|| {
        let parker = Parker::new();
        let (reason, other) = unparker(&parker, &Arc::default());
        while !reason.load(Ordering::Relaxed) {
            parker.park_for(Duration::MAX);
        }
        other.join().unwrap();
    });
}

/// Two unparks ∥ park: the thread sees the reasons of both, though one return may answer both of them
/// and the second unpark finds nothing to do.
#[test]
fn one_return_answers_two_unparks() {
    model(|| {
        let parker = Parker::new();
        let reasons = [(); 2].map(|()| unparker(&parker, &Arc::default()));
        while !reasons
            .iter()
            .all(|(reason, _)| reason.load(Ordering::Relaxed))
        {
            parker.park();
        }
        for (_, other) in reasons {
            other.join().unwrap();
        }
    });
}

/// A driver whose wait ends by its bell, which is remembered.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    condvar: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.condvar.notify_one();
    }
}

struct BellDriver(Arc<Bell>);

impl Driver for BellDriver {
    fn park(&mut self, _quiet: &dyn Fn() -> bool) {
        let mut rung = self.0.rung.lock().unwrap();
        while !*rung {
            rung = self.0.condvar.wait(rung).unwrap();
        }
        *rung = false;
    }

    fn turn(&mut self) {}

    fn is_worth_a_look(&self) -> bool {
        false
    }
}

/// unpark ∥ park in the driver: the unparker rings the driver's bell whenever the thread might
/// wait there, and the thread returns.
#[test]
fn an_unpark_ends_the_wait_in_the_driver() {
    model(|| {
        let parker = Parker::new();
        let bell = Arc::new(Bell::default());
        let (reason, other) = unparker(&parker, &bell);
        let mut driver = BellDriver(bell);
        while !reason.load(Ordering::Relaxed) {
            parker.park_in(&mut driver);
        }
        other.join().unwrap();
    });
}

/// A driver with a paused clock: it notes whether it would move the clock to the next timer, and does
/// not wait.
struct Jumper(bool);

impl Driver for Jumper {
    fn park(&mut self, quiet: &dyn Fn() -> bool) {
        self.0 = quiet();
    }

    fn turn(&mut self) {}

    fn is_worth_a_look(&self) -> bool {
        false
    }
}

/// A job wakes and ends ∥ a paused clock is about to jump: whoever sees that no job is under way sees
/// the wake that the last one has sent, and does not jump over it.
#[test]
fn a_clock_does_not_jump_over_a_wake() {
    model(|| {
        let parker = Parker::new();
        let jobs = Arc::new(Mutex::new(1));
        let job = {
            let (parker, jobs) = (parker.clone(), jobs.clone());
            thread::spawn(move || {
                let _ = parker.unpark();
                *jobs.lock().unwrap() -= 1;
            })
        };
        let mut driver = Jumper(false);
        parker.park_in_if_quiet(&mut driver, || *jobs.lock().unwrap() == 0);
        assert!(!driver.0, "the clock jumps although a wake has come");
        job.join().unwrap();
    });
}
