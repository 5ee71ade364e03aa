//! Sources and the driver that tells when they are ready: `io/src/{readiness,source_state,closes,
//! shared,end}.rs`.

use std::future::poll_fn;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use mainspring_io::Ready;
use mainspring_io::internals::{Closes, Shared, Source, WaiterKey};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "io: observe",
        model: "readiness::a_report_that_comes_after_an_attempt_is_not_cleared",
    },
    Mutant {
        name: "io: the tick of a report",
        model: "readiness::a_report_that_comes_after_an_attempt_is_not_cleared",
    },
    Mutant {
        name: "io: a report's states come before its tick (1)",
        model: "readiness::a_report_that_comes_after_an_attempt_is_not_cleared",
    },
    Mutant {
        name: "io: clear looks at no tick (1)",
        model: "readiness::a_report_that_comes_after_an_attempt_is_not_cleared",
    },
    Mutant {
        name: "io: no look behind the waker in the slot",
        model: "readiness::an_event_wakes_everybody_who_waits_for_it",
    },
    Mutant {
        name: "io: no look behind the waker in the list",
        model: "readiness::an_event_wakes_everybody_who_waits_for_it",
    },
    Mutant {
        name: "io: the wakers are collected before the report is set",
        model: "readiness::an_event_wakes_everybody_who_waits_for_it",
    },
    Mutant {
        name: "io: no look behind the waker in the list",
        model: "readiness::a_waiter_that_gives_up_takes_nobody_s_wake_along",
    },
    Mutant {
        name: "io: an event leaves a oneshot source armed",
        model: "readiness::a_oneshot_event_for_somebody_else_lets_the_waiter_ask_again",
    },
    Mutant {
        name: "io: a oneshot event wakes only those whom it is for",
        model: "readiness::a_oneshot_event_for_somebody_else_lets_the_waiter_ask_again",
    },
    Mutant {
        name: "io: who asks forgets what others have asked for",
        model: "readiness::who_waits_for_one_direction_asks_for_the_other_as_well",
    },
    Mutant {
        name: "io: who tries in vain does not ask",
        model: "readiness::who_only_tries_hears_of_the_room",
    },
    Mutant {
        name: "io: clear looks at no tick (1)",
        model: "readiness::who_only_tries_hears_of_the_room",
    },
    Mutant {
        name: "io: the bench is not looked at before the wait",
        model: "readiness::an_unpark_reaches_a_driver_that_has_failed",
    },
    Mutant {
        name: "io: the wakers are collected before the end is set",
        model: "readiness::the_end_ends_every_wait",
    },
    Mutant {
        name: "io: what has ended takes sources",
        model: "readiness::the_end_ends_every_wait",
    },
    Mutant {
        name: "io: an unpark passes the bench by",
        model: "readiness::an_unpark_reaches_a_driver_that_has_failed",
    },
    Mutant {
        name: "io: an unpark of the bench leaves no mark",
        model: "readiness::an_unpark_reaches_a_driver_that_has_failed",
    },
    Mutant {
        name: "io: no fence after a close",
        model: "readiness::a_close_is_seen_by_who_waits_or_sees_him",
    },
    Mutant {
        name: "io: no fence after the announcement of a wait for a close",
        model: "readiness::a_close_is_seen_by_who_waits_or_sees_him",
    },
    Mutant {
        name: "io: a close before the first poll is not looked for",
        model: "readiness::a_close_is_seen_by_who_waits_or_sees_him",
    },
];

/// A socket's buffer, as the system has it: reading it is no synchronisation by itself.
#[derive(Default)]
struct Buffer(AtomicBool);

impl Buffer {
    /// Data arrives, and the driver is told.
    fn arrive(&self, source: &Source) {
        self.0.store(true, Ordering::Relaxed);
        source.event(Ready::READABLE, false);
    }

    fn read(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// set ∥ an attempt that would block ∥ clear: a report that comes after the attempt is not cleared by
/// it. (A lost report is a deadlock.)
#[test]
fn a_report_that_comes_after_an_attempt_is_not_cleared() {
    model(|| {
        // It is believed readable at first, so that there is an attempt in vain.
        let source = Source::new(Ready::READABLE, Ready::ALL);
        let buffer = Arc::new(Buffer::default());
        let driver = {
            let (source, buffer) = (source.clone(), Arc::clone(&buffer));
            thread::spawn(move || buffer.arrive(&source))
        };
        block_on(poll_fn(|cx| {
            loop {
                let Poll::Ready(observed) = source.poll_readable(cx.waker()) else {
                    return Poll::Pending;
                };
                if buffer.read() {
                    return Poll::Ready(());
                }
                source.clear(observed, Ready::READABLE);
            }
        }));
        driver.join().unwrap();
    });
}

/// set ∥ a waiter in the slot and two in the list, all for one direction: each of them is woken.
#[test]
fn an_event_wakes_everybody_who_waits_for_it() {
    model(|| {
        let source = Source::new(Ready::EMPTY, Ready::ALL);
        let driver = {
            let source = source.clone();
            thread::spawn(move || source.event(Ready::READABLE, false))
        };
        let other = {
            let source = source.clone();
            thread::spawn(move || readable(&source))
        };
        let mut key = WaiterKey::default();
        block_on(poll_fn(|cx| {
            // Both must be ready for this one to be.
            let in_slot = source.poll_readable(cx.waker()).is_ready();
            let in_list = source.poll_future(cx.waker(), Ready::READABLE, &mut key);
            if in_slot {
                in_list.map(drop)
            } else {
                Poll::Pending
            }
        }));
        other.join().unwrap();
        driver.join().unwrap();
    });
}

/// Waits in the list of `source`.
fn readable(source: &Source) {
    let mut key = WaiterKey::default();
    block_on(poll_fn(|cx| {
        source
            .poll_future(cx.waker(), Ready::READABLE, &mut key)
            .map(drop)
    }));
}

/// set ∥ a waiter in the list that gives up ∥ one that does not: the latter is woken.
#[test]
fn a_waiter_that_gives_up_takes_nobody_s_wake_along() {
    model(|| {
        let source = Source::new(Ready::EMPTY, Ready::ALL);
        let driver = {
            let source = source.clone();
            thread::spawn(move || source.event(Ready::READABLE, false))
        };
        let fickle = {
            let source = source.clone();
            thread::spawn(move || {
                let mut key = WaiterKey::default();
                block_on(poll_fn(|cx| {
                    let _ = source.poll_future(cx.waker(), Ready::READABLE, &mut key);
                    Poll::Ready(())
                }));
                source.cancel(&mut key);
            })
        };
        readable(&source);
        fickle.join().unwrap();
        driver.join().unwrap();
    });
}

/// A system that reports once for each request ∥ a waiter for the other direction: what disarms the
/// source wakes the waiter, which arms it again.
#[test]
fn a_oneshot_event_for_somebody_else_lets_the_waiter_ask_again() {
    model(|| {
        let source = Source::new(Ready::EMPTY, Ready::READABLE);
        let asked = Arc::new(AtomicUsize::new(0));
        let driver = {
            let (source, asked) = (source.clone(), Arc::clone(&asked));
            thread::spawn(move || {
                // The system forgets what it was asked for, reports, and is asked anew.
                asked.store(0, Ordering::SeqCst);
                source.event(Ready::READABLE, true);
                while asked.load(Ordering::SeqCst) == 0 {
                    thread::yield_now();
                }
                source.event(Ready::WRITABLE, true);
            })
        };
        block_on(poll_fn(|cx| {
            let ask = |_| asked.store(1, Ordering::SeqCst);
            source.poll_writable(cx.waker(), ask).map(drop)
        }));
        driver.join().unwrap();
    });
}

/// A system that reports once for each request, and for what the latest one says ∥ a reader and a writer:
/// neither takes back what the other has asked for.
#[test]
fn who_waits_for_one_direction_asks_for_the_other_as_well() {
    model(|| {
        let source = Source::new(Ready::EMPTY, Ready::EMPTY);
        let system = Arc::new(System::default());
        let driver = {
            let (source, system) = (source.clone(), Arc::clone(&system));
            thread::spawn(move || {
                system.report(&source, Ready::READABLE);
                system.report(&source, Ready::WRITABLE);
            })
        };
        block_on(poll_fn(|cx| {
            let readable = source.poll_readable_asking(cx.waker(), |states| system.ask(states));
            let writable = source.poll_writable(cx.waker(), |states| system.ask(states));
            if readable.is_ready() && writable.is_ready() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        driver.join().unwrap();
    });
}

/// A system that reports room to write once it is asked ∥ a try in vain, and nobody waits: the report
/// comes, and is not forgotten with what the try disproves.
#[test]
fn who_only_tries_hears_of_the_room() {
    model(|| {
        let source = Source::new(Ready::WRITABLE, Ready::ALL - Ready::WRITABLE);
        let system = Arc::new(System::default());
        let driver = {
            let (source, system) = (source.clone(), Arc::clone(&system));
            thread::spawn(move || system.report(&source, Ready::WRITABLE))
        };
        // As a registration forgets.
        let observed = source.observe();
        source.ask(Ready::WRITABLE, |states| system.ask(states));
        source.clear(observed, Ready::WRITABLE);
        driver.join().unwrap();
        assert!(source.observe().states().is_writable());
    });
}

/// A system that was asked for reports.
#[derive(Default)]
struct System {
    /// By the latest request, which it has not answered.
    asked: Mutex<Option<Ready>>,
    bell: Condvar,
}

impl System {
    fn ask(&self, states: Ready) {
        *self.asked.lock().unwrap() = Some(states);
        self.bell.notify_one();
    }

    /// Waits to be asked, and reports.
    fn report(&self, source: &Source, states: Ready) {
        let mut asked = self.asked.lock().unwrap();
        let is_of = |asked: Ready| {
            (asked.is_readable() || !states.is_readable())
                && (asked.is_writable() || !states.is_writable())
        };
        while !asked.is_some_and(is_of) {
            asked = self.bell.wait(asked).unwrap();
        }
        *asked = None;
        drop(asked);
        source.event(states, true);
    }
}

/// The driver's end ∥ a source is registered and waited for: it is refused, or its wait ends; and who
/// learns of the end learns of its reason.
#[test]
fn the_end_ends_every_wait() {
    model(|| {
        let shared = Arc::new(Shared::new());
        let driver = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.fail())
        };
        let source = Source::new(Ready::EMPTY, Ready::ALL);
        if shared.insert(&source).is_ok() {
            let observed = block_on(poll_fn(|cx| source.poll_readable(cx.waker())));
            assert!(observed.has_ended());
            let reason = shared.end_error().to_string();
            assert!(reason.contains("broken on purpose"), "{reason}");
        }
        driver.join().unwrap();
    });
}

/// An unpark ∥ the driver fails and waits on the bench: it is not lost.
#[test]
fn an_unpark_reaches_a_driver_that_has_failed() {
    const AWAKE: usize = 0;
    const WAITS: usize = 1;
    const CALLED: usize = 2;
    model(|| {
        // As the executor's parker does it.
        let shared = Arc::new((Shared::new(), AtomicUsize::new(AWAKE)));
        let caller = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if shared.1.swap(CALLED, Ordering::AcqRel) == WAITS {
                    shared.0.unpark();
                }
            })
        };
        shared.0.fail();
        if shared.1.swap(WAITS, Ordering::AcqRel) != CALLED {
            assert!(shared.0.has_failed());
            shared.0.park_on_bench();
        }
        caller.join().unwrap();
    });
}

/// close ∥ wait: a descriptor that is given back is found by the attempt after the announcement of the
/// wait, or ends the wait.
#[test]
fn a_close_is_seen_by_who_waits_or_sees_him() {
    model(|| {
        let shared = Arc::new((Closes::new(), AtomicBool::new(false)));
        let closer = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.announce();
            })
        };
        let closed = shared.0.wait();
        if !shared.1.load(Ordering::Relaxed) {
            block_on(closed);
            assert!(shared.1.load(Ordering::Relaxed), "woken for nothing");
        }
        closer.join().unwrap();
    });
}
