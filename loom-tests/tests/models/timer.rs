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
use mainspring_loom::variant::with_variant;
use mainspring_loom_tests::Mutant;
use mainspring_timer::{Duration, Handle, Instant, Sleep, sleep};

use crate::bare::mutant;

const AGAIN: &str = "timer::a_timer_may_be_used_again_while_the_one_who_fired_it_is_still_there";
const DROP: &str = "timer::a_timer_that_fires_while_it_is_dropped_leaks_no_waker";
const POLL: &str = "timer::a_poll_that_misses_the_firing_leaves_the_waker_that_is_woken";
const OUTSIDE_END: &str = "timer::a_timer_armed_outside_at_the_end_is_woken_or_keeps_no_waker";
const OUTSIDE: &str = "timer::a_timer_armed_outside_ends_the_wait_of_the_parked_thread";
const SEAT: &str = "timer::a_timer_armed_in_a_seat_reaches_the_parked_thread_when_the_seat_sleeps";
const LATER: &str = "timer::a_timer_that_is_moved_later_while_it_fires_fires_then";
const EARLIER: &str = "timer::a_timer_that_is_moved_earlier_by_another_seat_fires_once_more_or_now";
const END: &str = "timer::arming_while_the_timers_end_leaks_no_waker";
const TURNS: &str = "timer::two_threads_that_turn_one_wheel_wake_each_timer_once";
const PUBLISH_ARM: &str = "timer::a_deadline_survives_the_arming_of_another_timer";
const PUBLISH_DROP: &str = "timer::a_deadline_survives_the_drop_of_another_timer";
const PUBLISH_TURN: &str = "timer::a_deadline_survives_a_turn";
const PUBLISH_LOOK: &str = "timer::a_deadline_survives_a_look_at_an_empty_wheel";

/// See `arm` in `seat`.
const BY_RMW: &str = "timer: an armer looks by a read-modify-write";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("timer: the owner's look", AGAIN),
    mutant("timer: fire", AGAIN),
    mutant("timer: FIRED before the last access (2)", AGAIN),
    mutant("timer: unlinked without a look at the state", DROP),
    mutant("timer: a waker for a timer that has fired", POLL),
    mutant("timer: what is closed takes timers", OUTSIDE_END),
    mutant("timer: no deadline is published (A1)", OUTSIDE),
    mutant("timer: an outside timer is told to nobody (A3)", OUTSIDE),
    mutant("timer: no fence after the announcement (P2)", OUTSIDE),
    mutant("timer: no fence after the publication (A2)", OUTSIDE),
    mutant(
        "timer: the deadlines are read before the announcement",
        OUTSIDE,
    ),
    mutant("timer: a seat that sleeps tells nobody", SEAT),
    mutant(
        "timer: an outside timer is told before it is published (A1)",
        OUTSIDE,
    ),
    mutant(
        "timer: what has fired is not compared with the time (4)",
        LATER,
    ),
    mutant("timer: what is made earlier stays where it is (4)", EARLIER),
    mutant("timer: what is closed takes nobody's timers", END),
    mutant("timer: the end wakes nobody", END),
    mutant(
        "timer: closed, and the lock is let go before the publication",
        END,
    ),
    mutant("timer: who fires does not say so", TURNS),
    mutant(
        "timer: armed, and the lock is let go before the publication",
        PUBLISH_ARM,
    ),
    mutant(
        "timer: disarmed, and the lock is let go before the publication",
        PUBLISH_DROP,
    ),
    mutant(
        "timer: turned, and the lock is let go before the publication",
        PUBLISH_TURN,
    ),
    mutant(
        "timer: looked at, and the lock is let go before the publication",
        PUBLISH_LOOK,
    ),
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
        let mut s = armed(&h, MS * 4, &w);
        let d = s.deadline() - MS;
        {
            let _g = h.enter(Some(1));
            s.as_mut().reset(d);
        }
        assert_eq!(h.next_deadline(), Some(d));
        let t = {
            let h = h.clone();
            thread::spawn(move || {
                h.advance_to_next();
            })
        };
        {
            let _g = h.enter(Some(0));
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
/// shutdown ∥ arm in the runtime: the timer is woken by the end, or by a turn after it; and the waker is
/// dropped, whichever comes first.
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
        assert!(poll(&mut s, &w).is_pending());
        t.join().unwrap();
        if c.0.load(Ordering::Acquire) == 0 {
            assert_published(&h, &s, &c);
            h.advance_to_next();
        }
        assert_eq!(c.0.load(Ordering::Acquire), 1);
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

/// The same two, where the armer looks at the published deadline by a read-modify-write, so that it also
/// comes between the announcement and the look at the deadlines.
#[test]
fn as_a_variant_a_timer_armed_outside_ends_the_wait_of_the_parked_thread() {
    with_variant(BY_RMW, || park(true));
}
#[test]
fn as_a_variant_a_timer_armed_in_a_seat_reaches_the_parked_thread_when_the_seat_sleeps() {
    with_variant(BY_RMW, || park(false));
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

/// The published deadline is a lower bound.
fn assert_published(h: &Handle, s: &Pin<Box<Sleep>>, c: &Count) {
    let is_woken = c.0.load(Ordering::Acquire) == 1;
    let next = h.next_deadline();
    assert!(
        is_woken || next.is_some_and(|next| next <= s.deadline()),
        "the deadline that others read has been lost"
    );
}

/// A timer is armed in a seat ∥ something else that sets the seat's published deadline.
fn armed_beside(
    prepare: fn(&Handle) -> Option<Pin<Box<Sleep>>>,
    other: fn(&Handle, Pin<Box<Sleep>>),
) {
    model(move || {
        let h = new();
        let prepared = prepare(&h);
        let (c, w) = counter();
        let mut s = {
            let _g = h.enter(Some(0));
            Box::pin(sleep(MS * 2))
        };
        let t = {
            let h = h.clone();
            thread::spawn(move || match prepared {
                Some(prepared) => other(&h, prepared),
                None => drop(h.advance_to_next()),
            })
        };
        {
            let _g = h.enter(Some(0));
            let _ = poll(&mut s, &w);
        }
        t.join().unwrap();
        assert_published(&h, &s, &c);
        drop(s);
    });
}
/// arm ∥ arm in one seat: the earlier deadline is the one that is read.
#[test]
fn a_deadline_survives_the_arming_of_another_timer() {
    armed_beside(
        |h| {
            let _g = h.enter(Some(0));
            Some(Box::pin(sleep(MS * 3)))
        },
        |h, mut later| {
            let _g = h.enter(Some(0));
            assert!(poll(&mut later, Waker::noop()).is_pending());
        },
    );
}
/// arm ∥ the only timer of the seat is dropped.
#[test]
fn a_deadline_survives_the_drop_of_another_timer() {
    armed_beside(
        |h| Some(armed(h, MS, Waker::noop())),
        |_, other| drop(other),
    );
}
/// arm ∥ the only timer of the seat fires: register ∥ fire in one wheel.
#[test]
fn a_deadline_survives_a_turn() {
    armed_beside(
        |h| Some(armed(h, MS, Waker::noop())),
        |h, other| {
            h.advance_to_next();
            assert!(other.is_elapsed());
        },
    );
}
/// arm ∥ a look for the exact deadline, which finds the wheel empty.
#[test]
fn a_deadline_survives_a_look_at_an_empty_wheel() {
    armed_beside(|_| None, |_, other| drop(other));
}
