//! Tasks that stay on one thread: `executor/src/local.rs`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::LocalSet;
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::support::{Bell, Signals};

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "local set: no look behind the clone of the waiter",
        model: "local_set::a_wake_from_another_thread_is_not_lost",
    },
    Mutant {
        name: "local set: a push wakes nobody",
        model: "local_set::a_wake_from_another_thread_is_not_lost",
    },
    Mutant {
        name: "local set: what is closed takes entries",
        model: "local_set::a_drop_ends_the_futures_then_and_there",
    },
    Mutant {
        name: "local set: a drop leaves the queue",
        model: "local_set::a_drop_ends_the_futures_then_and_there",
    },
];

/// Two wakes from other threads ∥ the set's polls: the task is polled after each, and the set with
/// it. (A lost wake is a deadlock.)
#[test]
fn a_wake_from_another_thread_is_not_lost() {
    model(|| {
        let set = LocalSet::new();
        let signals = Arc::<Signals>::default();
        let wakers = Arc::<Mutex<Vec<Waker>>>::default();
        let handle = {
            let (signals, wakers) = (Arc::clone(&signals), Arc::clone(&wakers));
            set.spawn_local(poll_fn(move |cx| {
                if signals.has(0) && signals.has(1) {
                    return Poll::Ready(());
                }
                let mut wakers = wakers.lock().unwrap();
                wakers.resize(2, cx.waker().clone());
                Poll::Pending
            }))
        };
        let mut set = pin!(set);
        let nobody = Waker::noop();
        assert!(
            set.as_mut()
                .poll(&mut Context::from_waker(nobody))
                .is_pending()
        );
        let left = std::mem::take(&mut *wakers.lock().unwrap());
        let threads: Vec<_> = left
            .into_iter()
            .enumerate()
            .map(|(which, waker)| {
                let signals = Arc::clone(&signals);
                thread::spawn(move || {
                    signals.send(which);
                    waker.wake();
                })
            })
            .collect();
        block_on(set.as_mut());
        assert!(handle.is_finished());
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        wakers.lock().unwrap().clear();
    });
}

/// Counts its drop.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// wake ∥ the set's drop: the drop has ended every future when it returns, and nothing is left of the
/// task when the last waker and handle are gone, wherever its queue entry was.
#[test]
fn a_drop_ends_the_futures_then_and_there() {
    model(|| {
        let set = LocalSet::new();
        let drops = Arc::<AtomicUsize>::default();
        let wakers = Arc::<Mutex<Vec<Waker>>>::default();
        let held = Counted(Arc::clone(&drops));
        let mut handle = {
            let wakers = Arc::clone(&wakers);
            set.spawn_local(poll_fn(move |cx| {
                let _held = &held;
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::<()>::Pending
            }))
        };
        let mut set = Box::pin(set);
        let nobody = Waker::noop();
        assert!(
            set.as_mut()
                .poll(&mut Context::from_waker(nobody))
                .is_pending()
        );
        // Its last use is the freeing of the cell.
        let bell = StdArc::<Bell>::default();
        let waker = Waker::from(StdArc::clone(&bell));
        let joined = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
        assert!(joined.is_pending());
        drop(waker);
        let left = wakers.lock().unwrap().pop();
        let waking = thread::spawn(move || left.expect("it was polled").wake());
        drop(set);
        assert_eq!(
            drops.load(Ordering::Relaxed),
            1,
            "the future is still there"
        );
        waking.join().unwrap();
        drop(handle);
        assert_eq!(StdArc::strong_count(&bell), 1, "the cell is still there");
    });
}
