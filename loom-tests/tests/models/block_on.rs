//! `block_on`: its root's wakes, its seats and its end: `executor/src/block_on.rs`. The whole executor
//! runs in these models, without driver and timers.

use std::future::poll_fn;
use std::mem;
use std::task::{Poll, Waker};

use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::Handle;
use mainspring_loom::{let_limits_pass, model, model_with_preemptions};
use mainspring_loom_tests::Mutant;

use crate::bare::{Bare, Gate, Mark, OpenOnDrop, executor, executor_in, mutant};

const ONE: &str = "block_on::a_wake_reaches_a_root";
const TWO: &str = "block_on::two_wakes_are_both_seen_by_the_root";
const OWN: &str = "block_on::a_root_that_is_woken_by_a_task_of_its_own_thread_is_polled";
const ENDED: &str = "block_on::two_wakes_are_both_seen_after_the_end";
const TURNED: &str = "block_on::a_root_is_looked_at_after_the_end";
const SEAT: &str = "block_on::a_seat_that_is_free_again_is_taken";
const PASSED: &str = "block_on::a_call_to_a_seat_is_passed_on";
const FOUND: &str = "block_on::who_has_found_a_seat_is_not_called_to_one";
const TOLD: &str = "block_on::a_root_without_a_seat_is_told_of_the_end";
const FREED: &str = "block_on::an_ended_executor_that_nobody_refers_to_is_freed";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("root: a wake without Release", ONE),
    mutant("root: a wake does not unpark", ONE),
    mutant("root: its mark is taken by a load and a store", TWO),
    mutant("root: a second wake publishes nothing", TWO),
    mutant("root: its mark is taken by a load and a store", OWN),
    mutant("root: a second wake publishes nothing", OWN),
    mutant("root: it marks itself woken by a store", ENDED),
    mutant("root: nothing is turned after the end", TURNED),
    mutant("root: it is not looked at after the end", TURNED),
    mutant("lobby: who finds no seat is not listed", SEAT),
    mutant("lobby: who waits is not told of a seat", SEAT),
    mutant("lobby: a call that came too late is lost", PASSED),
    mutant("lobby: who finds a seat stays listed", FOUND),
    mutant("lobby: a root is not listed for the end", TOLD),
    mutant("lobby: roots are not told of the end", TOLD),
    mutant("lobby: whether it has ended is asked too early", FREED),
    mutant("lobby: free seats keep their references", FREED),
    mutant("lobby: a seat that comes late keeps its references", FREED),
];

/// Waits in `block_on` until all marks are set, by threads that its first poll starts. Nothing but their
/// wakes publishes the marks.
fn wait_for_wakes(handle: &Handle, count: usize) {
    let mut wakers = Vec::new();
    handle.block_on(poll_fn(|cx| {
        if wakers.is_empty() {
            wakers.extend((0..count).map(|_| {
                let mark = Mark::default();
                let (own, waker) = (mark.clone(), cx.waker().clone());
                let thread = thread::spawn(move || {
                    own.set();
                    waker.wake_by_ref();
                });
                (mark, thread)
            }));
        }
        if wakers.iter().all(|(mark, _)| mark.is_set()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    for (_, thread) in wakers {
        thread.join().unwrap();
    }
}

/// wake ∥ park: the root is polled again, and sees what was written before the wake.
#[test]
fn a_wake_reaches_a_root() {
    model(|| wait_for_wakes(executor(0).handle(), 1));
}

/// Two wakes ∥ poll and park: the root sees what was written before each, though the second one finds
/// that it has been woken already.
#[test]
fn two_wakes_are_both_seen_by_the_root() {
    model(|| wait_for_wakes(executor(0).handle(), 2));
}

/// The same on a kept handle of an executor that has ended, where the root also wakes itself.
#[test]
fn two_wakes_are_both_seen_after_the_end() {
    model(|| {
        let handle = executor(0).handle().clone();
        wait_for_wakes(&handle, 2);
    });
}

/// In an executor that has ended, a root is polled now and then, and before that what wakes it may
/// be turned.
#[test]
fn a_root_is_looked_at_after_the_end() {
    model(|| {
        let_limits_pass();
        let turned = Arc::new(Gate::default());
        let environment = Bare {
            turned: Some(turned.clone()),
            ..Bare::default()
        };
        let handle = executor_in(0, environment).handle().clone();
        handle.block_on(poll_fn(|_| {
            if turned.is_open() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
    });
}

/// A task wakes the root of the very thread that runs it, at the same time as another thread does: the
/// root is polled after both, and sees what they wrote before.
#[test]
fn a_root_that_is_woken_by_a_task_of_its_own_thread_is_polled() {
    model(|| {
        let executor = executor(0);
        let marks = [Mark::default(), Mark::default()];
        let mut begun = None;
        executor.handle().block_on(poll_fn(|cx| {
            if begun.is_none() {
                let [wake, wake_too] = marks.clone().map(|own| {
                    let waker = cx.waker().clone();
                    move || {
                        own.set();
                        waker.wake();
                    }
                });
                let task = executor.handle().spawn(async move { wake() });
                begun = Some((task, thread::spawn(wake_too)));
            }
            if marks.iter().all(Mark::is_set) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        let (_, other) = begun.unwrap();
        other.join().unwrap();
    });
}

/// Two threads in `block_on`, one seat: one leaves it ∥ the other looks for one. The tasks that the
/// other waits for are run, by whichever thread.
#[test]
fn a_seat_that_is_free_again_is_taken() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let other = thread::spawn(move || handle.block_on(handle.spawn(async {})).unwrap());
        executor.handle().block_on(async {});
        other.join().unwrap();
    });
}

/// A thread that waits in `block_on` for a task, which only a thread with a seat runs.
fn waits_for_a_task(handle: Handle) -> thread::JoinHandle<()> {
    thread::spawn(move || handle.block_on(handle.spawn(async {})).unwrap())
}

/// Three threads in `block_on`, one seat: it is left ∥ the thread that is called to it is done in the
/// same moment. The third one is called instead.
#[test]
fn a_call_to_a_seat_is_passed_on() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let done = thread::spawn(move || handle.block_on(async {}));
        let waits = waits_for_a_task(executor.handle().clone());
        executor.handle().block_on(async {});
        done.join().unwrap();
        waits.join().unwrap();
    });
}

/// Three threads in `block_on`, one seat: it is left ∥ a thread finds it by itself, and another one was
/// called. That one is called again when the seat is left again.
#[test]
fn who_has_found_a_seat_is_not_called_to_one() {
    model_with_preemptions(3, || {
        let executor = executor(0);
        let ready = Arc::new(Mutex::new((false, None::<Waker>)));
        let (handle, own) = (executor.handle().clone(), ready.clone());
        let called = thread::spawn(move || {
            handle.block_on(poll_fn(|cx| {
                let mut ready = own.lock().unwrap();
                ready.1 = Some(cx.waker().clone());
                if ready.0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
        });
        let handle = executor.handle().clone();
        let finds = thread::spawn(move || {
            let mut first = true;
            handle.block_on(poll_fn(|cx| {
                if mem::take(&mut first) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(())
            }));
        });
        executor.handle().block_on(async {});
        finds.join().unwrap();
        // Now the seat is for the thread that was called, which is to run this.
        drop(executor.handle().spawn(async move {
            let waker = {
                let mut ready = ready.lock().unwrap();
                ready.0 = true;
                ready.1.take()
            };
            waker.into_iter().for_each(Waker::wake);
        }));
        called.join().unwrap();
    });
}

/// A job of the pool waits in `block_on`, without a seat ∥ the executor ends: the thread is told, so
/// that it looks by itself for what wakes its root. (Otherwise the end waits for the job for ever.)
#[test]
fn a_root_without_a_seat_is_told_of_the_end() {
    model_with_preemptions(1, || {
        let_limits_pass();
        let turned = Arc::new(Gate::default());
        let environment = Bare {
            turned: Some(turned.clone()),
            ..Bare::default()
        };
        let executor = executor_in(1, environment);
        let handle = executor.handle().clone();
        let begun = Arc::new(Gate::default());
        let begins = begun.clone();
        drop(executor.handle().spawn_blocking(move || {
            handle.block_on(poll_fn(|_| {
                begins.open();
                if turned.is_open() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
        }));
        begun.wait();
        drop(executor);
    });
}

/// A thread leaves its seat, with references that its tasks have left ∥ end: when all handles are gone,
/// nothing is left of the executor. (Otherwise the last wait is a deadlock.)
#[test]
fn an_ended_executor_that_nobody_refers_to_is_freed() {
    model(|| {
        let gone = Arc::new(Gate::default());
        let environment = Bare {
            gone: Some(OpenOnDrop(gone.clone())),
            ..Bare::default()
        };
        let executor = executor_in(0, environment);
        let handle = executor.handle().clone();
        let guest = thread::spawn(move || {
            handle.block_on(async {
                drop(handle.spawn(async {}).await);
            });
        });
        drop(executor);
        guest.join().unwrap();
        gone.wait();
    });
}
