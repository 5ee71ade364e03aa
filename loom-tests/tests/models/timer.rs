//! Timers: `timer/src/node.rs`, `seat.rs` and `park.rs`. The clock stands still and is moved by
//! `advance_to_next`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;
use mainspring_timer::{Duration, Handle, Instant, Sleep, sleep};

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "timer: the owner's look",
        model: "timer::a_timer_may_be_used_again_while_the_one_who_fired_it_is_still_there",
    },
    Mutant {
        name: "timer: fire",
        model: "timer::a_timer_may_be_used_again_while_the_one_who_fired_it_is_still_there",
    },
    Mutant {
        name: "timer: FIRED before the last access (2)",
        model: "timer::a_timer_may_be_used_again_while_the_one_who_fired_it_is_still_there",
    },
    Mutant {
        name: "timer: unlinked without a look at the state",
        model: "timer::a_timer_that_fires_while_it_is_dropped_leaks_no_waker",
    },
    Mutant {
        name: "timer: a waker for a timer that has fired",
        model: "timer::a_poll_that_misses_the_firing_leaves_the_waker_that_is_woken",
    },
    Mutant {
        name: "timer: what is closed takes timers",
        model: "timer::a_timer_armed_outside_at_the_end_is_woken_or_keeps_no_waker",
    },
    Mutant {
        name: "timer: no deadline is published (A1)",
        model: "timer::a_timer_armed_outside_ends_the_wait_of_the_parked_thread",
    },
    Mutant {
        name: "timer: an outside timer is told to nobody (A3)",
        model: "timer::a_timer_armed_outside_ends_the_wait_of_the_parked_thread",
    },
    Mutant {
        name: "timer: no fence after the announcement (P2)",
        model: "timer::a_timer_armed_outside_ends_the_wait_of_the_parked_thread",
    },
    Mutant {
        name: "timer: no fence after the publication (A2)",
        model: "timer::a_timer_armed_outside_ends_the_wait_of_the_parked_thread",
    },
    Mutant {
        name: "timer: the deadlines are read before the announcement",
        model: "timer::a_timer_armed_outside_ends_the_wait_of_the_parked_thread",
    },
    Mutant {
        name: "timer: a seat that sleeps tells nobody",
        model: "timer::a_timer_armed_in_a_seat_reaches_the_parked_thread_when_the_seat_sleeps",
    },
];

struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
fn counter() -> (StdArc<Count>, Waker) {
    let c = StdArc::new(Count(AtomicUsize::new(0)));
    (c.clone(), Waker::from(c))
}
fn poll(s: &mut Pin<Box<Sleep>>, w: &Waker) -> Poll<()> {
    s.as_mut().poll(&mut Context::from_waker(w))
}
const MS: Duration = Duration::from_millis(1);

fn armed(h: &Handle, d: Duration, w: &Waker) -> Pin<Box<Sleep>> {
    let _g = h.enter(Some(0));
    let mut s = Box::pin(sleep(d));
    assert!(poll(&mut s, w).is_pending());
    s
}
fn new() -> Handle {
    let h = Handle::new(2, StdArc::new(|| {}));
    h.allow_pausing();
    h
}

/// fire ∥ drop: nothing is left in the wheel, and the waker is dropped.
#[test]
fn a_timer_that_fires_while_it_is_dropped_leaks_no_waker() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let s = armed(&h, MS, &w);
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
            })
        };
        drop(s);
        t.join().unwrap();
        drop(w);
        assert_eq!(StdArc::strong_count(&c), 1);
        assert!(h.next_deadline().is_none());
    });
}
/// fire ∥ poll with another waker: ready, or the latest waker is woken.
#[test]
fn a_poll_that_misses_the_firing_leaves_the_waker_that_is_woken() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let (c2, w2) = counter();
        let mut s = armed(&h, MS, &w);
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
            })
        };
        let r1 = poll(&mut s, &w);
        let r2 = poll(&mut s, &w2);
        if r1.is_ready() {
            assert!(r2.is_ready());
        }
        t.join().unwrap();
        if r2.is_pending() {
            assert_eq!(c2.0.load(Ordering::Acquire), 1);
        }
        assert!(poll(&mut s, &w2).is_ready());
        drop(s);
        drop(w);
        drop(w2);
        assert_eq!(StdArc::strong_count(&c) + StdArc::strong_count(&c2), 2);
    });
}
/// fire ∥ reset to a later time: at worst the task is woken too early, and its poll arms the timer anew.
#[test]
fn a_timer_that_is_moved_later_while_it_fires_fires_then() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let mut s = armed(&h, MS, &w);
        let start = s.deadline();
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
            })
        };
        s.as_mut().reset(start + MS);
        t.join().unwrap();
        // It was woken for one or the other; if for the old one, a poll arms it anew.
        let woken = c.0.load(Ordering::Acquire);
        let _g = h.enter(Some(0));
        if poll(&mut s, &w).is_pending() {
            assert!(h.advance_to_next());
            assert_eq!(c.0.load(Ordering::Acquire), woken + 1);
            assert!(poll(&mut s, &w).is_ready());
        }
        assert!(Instant::now() >= start + MS);
        assert!(c.0.load(Ordering::Acquire) >= 1);
    });
}
/// fire ∥ reset to an earlier time from another seat: the timer is in one wheel, and fires.
#[test]
fn a_timer_that_is_moved_earlier_by_another_seat_fires_once_more_or_now() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let mut s = armed(&h, MS * 3, &w);
        let d = s.deadline();
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
            })
        };
        {
            let _g = h.enter(Some(1));
            s.as_mut().reset(d - MS);
        }
        t.join().unwrap();
        if c.0.load(Ordering::Acquire) == 0 {
            h.advance_to_next();
        }
        assert!(c.0.load(Ordering::Acquire) >= 1);
        assert!(poll(&mut s, &w).is_ready());
        assert!(h.next_deadline().is_none());
    });
}
/// shutdown ∥ arm: the waker is dropped, whichever comes first.
#[test]
fn arming_while_the_timers_end_leaks_no_waker() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let t = {
            let h = h.clone();
            thread::spawn(move || h.shutdown())
        };
        let _g = h.enter(Some(0));
        let mut s = Box::pin(sleep(MS));
        let _ = poll(&mut s, &w);
        t.join().unwrap();
        drop(s);
        drop(w);
        assert_eq!(StdArc::strong_count(&c), 1);
    });
}
/// shutdown ∥ arm from outside the runtime: the timer is woken by the end, or keeps no waker that
/// nobody would wake.
#[test]
fn a_timer_armed_outside_at_the_end_is_woken_or_keeps_no_waker() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let mut s = {
            let _g = h.enter(None);
            Box::pin(sleep(MS))
        };
        let t = {
            let h = h.clone();
            thread::spawn(move || h.shutdown())
        };
        let _ = poll(&mut s, &w);
        t.join().unwrap();
        let is_woken = c.0.load(Ordering::Acquire) == 1;
        let keeps_none = StdArc::strong_count(&c) == 2;
        assert!(is_woken || keeps_none, "it waits for ever");
    });
}

/// One thread waits in a driver whose wait, where it has no limit, ends only by its bell.
fn park(outside: bool) {
    model(move || {
        let bell = Arc::new((Mutex::new(false), Condvar::new()));
        let b2 = bell.clone();
        let ring = move || {
            *b2.0.lock().unwrap() = true;
            b2.1.notify_one();
        };
        let h = Handle::new(1, StdArc::new(ring));
        h.allow_pausing();
        let (c, w) = counter();
        let t = {
            let h = h.clone();
            let w = w.clone();
            thread::spawn(move || {
                let _g = h.enter(if outside { None } else { Some(0) });
                let mut s = Box::pin(sleep(MS));
                assert!(poll(&mut s, &w).is_pending());
                if !outside {
                    h.before_sleep(0);
                }
                s
            })
        };
        while c.0.load(Ordering::Acquire) == 0 {
            match h.prepare_park(None) {
                Some(_) => {
                    h.finish_park();
                    h.advance_to_next();
                }
                None => {
                    let mut g = bell.0.lock().unwrap();
                    while !*g {
                        g = bell.1.wait(g).unwrap();
                    }
                    *g = false;
                    drop(g);
                    h.finish_park();
                    h.turn();
                }
            }
        }
        drop(t.join().unwrap());
    });
}
/// arm from outside ∥ park: the parked thread knows of the deadline, or is unparked. (A lost one is a deadlock.)
#[test]
fn a_timer_armed_outside_ends_the_wait_of_the_parked_thread() {
    park(true)
}
/// arm in a seat, then before_sleep ∥ park: as above.
#[test]
fn a_timer_armed_in_a_seat_reaches_the_parked_thread_when_the_seat_sleeps() {
    park(false)
}

/// fire ∥ use again in another seat: both firings are accounted for.
#[test]
fn a_timer_may_be_used_again_while_the_one_who_fired_it_is_still_there() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let (c2, w2) = counter();
        let mut s = armed(&h, MS, &w);
        let d = s.deadline();
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
            })
        };
        let _g = h.enter(Some(1));
        if poll(&mut s, &w).is_ready() {
            s.as_mut().reset(d + MS * 100);
            assert!(poll(&mut s, &w2).is_pending());
        }
        t.join().unwrap();
        drop(s);
        drop(w);
        drop(w2);
        assert_eq!(StdArc::strong_count(&c) + StdArc::strong_count(&c2), 2);
        assert!(h.next_deadline().is_none());
    });
}
/// turn ∥ turn: each timer is woken once.
#[test]
fn two_threads_that_turn_one_wheel_wake_each_timer_once() {
    model(|| {
        let h = new();
        let (c, w) = counter();
        let mut s = armed(&h, MS, &w);
        let mut s2 = armed(&h, MS, &w);
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
                h.turn();
            })
        };
        h.turn();
        t.join().unwrap();
        assert_eq!(c.0.load(Ordering::Acquire), 2);
        assert!(poll(&mut s, &w).is_ready() && poll(&mut s2, &w).is_ready());
    });
}
