//! Firing against dropping, resetting and polling on other threads.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::thread;
use std::time::Instant as StdInstant;

use mainspring_timer::{Duration, Instant, Sleep, sleep};

use crate::runtime::{Counter, Runtime, poll};

/// How long each race runs.
const RACE: Duration = Duration::from_millis(400);

/// A small generator of numbers, so that runs can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn micros(&mut self, bound: u64) -> Duration {
        Duration::from_nanos(self.below(bound * 1000))
    }
}

/// Turns all seats until `body` is done.
fn while_turning(runtime: &Runtime, turners: usize, body: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..turners {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    runtime.handle.turn();
                    thread::yield_now();
                }
            });
        }
        body();
        over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn timers_that_are_dropped_and_reset_while_they_fire_leave_nothing_behind() {
    let runtime = Runtime::new(2);
    let (counter, waker) = Counter::new();
    let pool: Mutex<Vec<Pin<Box<Sleep>>>> = Mutex::default();
    while_turning(&runtime, 1, || {
        thread::scope(|scope| {
            for seat in [Some(0), Some(1), None] {
                let (runtime, pool, waker) = (&runtime, &pool, &waker);
                scope.spawn(move || {
                    let _scope = runtime.handle.enter(seat);
                    let mut numbers = Numbers(0x9E37_79B9 + seat.map_or(7, |seat| seat as u64));
                    let end = StdInstant::now() + RACE;
                    while StdInstant::now() < end {
                        let mut timer = Box::pin(sleep(numbers.micros(100)));
                        let _ = poll(timer.as_mut(), waker);
                        // Now and then timers change hands, so that they are in foreign wheels.
                        if numbers.below(2) == 0 {
                            pool.lock().expect("no panic").push(timer);
                            let mut pool = pool.lock().expect("no panic");
                            let other = numbers.below(pool.len() as u64) as usize;
                            timer = pool.swap_remove(other);
                        }
                        match numbers.below(4) {
                            0 => {}
                            1 => drop(poll(timer.as_mut(), Waker::noop())),
                            _ => {
                                let to = Instant::now() + numbers.micros(150);
                                timer.as_mut().reset(to);
                                let _ = poll(timer.as_mut(), waker);
                            }
                        }
                    }
                });
            }
        });
        pool.lock().expect("no panic").clear();
    });
    drop(waker);
    assert_eq!(
        std::sync::Arc::strong_count(&counter),
        1,
        "a waker was lost or leaked"
    );
    runtime.handle.turn();
    assert_eq!(
        runtime.handle.next_deadline(),
        None,
        "a node was left in a wheel"
    );
    assert!(counter.count() > 0, "nothing fired");
}

#[test]
fn a_timer_that_is_reset_while_it_fires_is_woken_for_its_last_deadline() {
    let runtime = Runtime::new(1);
    let missed = AtomicUsize::new(0);
    while_turning(&runtime, 1, || {
        let _scope = runtime.handle.enter(Some(0));
        let mut numbers = Numbers(0xDEAD_BEEF);
        let end = StdInstant::now() + RACE;
        while StdInstant::now() < end {
            let (counter, waker) = Counter::new();
            let mut timer = Box::pin(sleep(numbers.micros(30)));
            if poll(timer.as_mut(), &waker).is_ready() {
                continue;
            }
            // One later reset and one earlier than that, both around the time at which it fires.
            std::hint::black_box((0..numbers.below(2000)).sum::<u64>());
            timer.as_mut().reset(Instant::now() + numbers.micros(40));
            timer.as_mut().reset(Instant::now() + numbers.micros(20));
            let start = StdInstant::now();
            // The task of a real runtime: polls only when it has been woken.
            let mut seen = 0;
            loop {
                if counter.count() > seen {
                    seen = counter.count();
                    if poll(timer.as_mut(), &waker).is_ready() {
                        assert!(timer.deadline() <= Instant::now(), "early");
                        break;
                    }
                }
                if start.elapsed() > Duration::from_secs(5) {
                    missed.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                std::hint::spin_loop();
            }
        }
    });
    assert_eq!(missed.into_inner(), 0, "wakes were lost");
}

#[test]
fn every_timer_is_woken_once_however_many_threads_turn() {
    let runtime = Runtime::new(2);
    let (counter, waker) = Counter::new();
    let mut armed = 0;
    let mut timers = Vec::new();
    while_turning(&runtime, 3, || {
        let _scope = runtime.handle.enter(Some(1));
        let mut numbers = Numbers(0xC0FF_EE00);
        let end = StdInstant::now() + RACE / 2;
        while StdInstant::now() < end {
            let mut timer = Box::pin(sleep(numbers.micros(20_000)));
            armed += usize::from(poll(timer.as_mut(), &waker).is_pending());
            timers.push(timer);
        }
        let last = StdInstant::now();
        while counter.count() < armed && last.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
    });
    assert_eq!(counter.count(), armed);
    assert!(
        timers
            .iter_mut()
            .all(|timer| poll(timer.as_mut(), &waker).is_ready())
    );
    assert_eq!(runtime.handle.next_deadline(), None);
}

#[test]
fn shutting_down_against_arming_leaves_nothing_behind() {
    let end = StdInstant::now() + RACE;
    while StdInstant::now() < end {
        let runtime = Runtime::new(1);
        let (counter, waker) = Counter::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _scope = runtime.handle.enter(Some(0));
                let mut timers: Vec<_> = (0..50)
                    .map(|i| Box::pin(sleep(Duration::from_secs(i))))
                    .collect();
                for timer in &mut timers {
                    let _ = poll(timer.as_mut(), &waker);
                }
                timers[20]
                    .as_mut()
                    .reset(Instant::now() + Duration::from_secs(1));
            });
            thread::yield_now();
            runtime.handle.shutdown();
        });
        drop(waker);
        assert_eq!(std::sync::Arc::strong_count(&counter), 1);
        assert_eq!(runtime.handle.next_deadline(), None);
    }
}
