//! A thread's waiting place: `executor/src/park.rs`.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use mainspring_executor::Driver;
use mainspring_executor::internals::park::Parker;
use mainspring_loom::model;

/// unpark ∥ park: the thread returns, and sees what was written before the unpark. (A lost unpark
/// is a deadlock, which loom reports.)
#[test]
fn an_unpark_ends_the_wait() {
    model(|| {
        let parker = Parker::new();
        let reason = Arc::new(AtomicBool::new(false));
        let other = {
            let (parker, reason) = (parker.clone(), Arc::clone(&reason));
            thread::spawn(move || {
                reason.store(true, Ordering::Relaxed);
                assert!(!parker.unpark(), "nobody is in the driver");
            })
        };
        while !reason.load(Ordering::Relaxed) {
            parker.park();
        }
        other.join().unwrap();
    });
}

/// A driver whose wait ends by its bell, which is remembered.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    condvar: Condvar,
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
}

/// unpark ∥ park in the driver: the unparker rings the driver's bell whenever the thread might
/// wait there, and the thread returns.
#[test]
fn an_unpark_ends_the_wait_in_the_driver() {
    model(|| {
        let parker = Parker::new();
        let bell = Arc::new(Bell::default());
        let reason = Arc::new(AtomicBool::new(false));
        let other = {
            let (parker, bell, reason) = (parker.clone(), bell.clone(), reason.clone());
            thread::spawn(move || {
                reason.store(true, Ordering::Relaxed);
                if parker.unpark() {
                    *bell.rung.lock().unwrap() = true;
                    bell.condvar.notify_one();
                }
            })
        };
        let mut driver = BellDriver(bell);
        while !reason.load(Ordering::Relaxed) {
            parker.park_in(&mut driver);
        }
        other.join().unwrap();
    });
}
