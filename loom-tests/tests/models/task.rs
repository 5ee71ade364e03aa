//! Whole tasks, with their cells, wakers and handles: `executor/src/task/`.
//!
//! The futures, outputs and queues hold loom's Arc, and loom reports one that is leaked or used too
//! late; the cell holds its future, its output and the joiner's waker in loom's UnsafeCell, and loom
//! reports two threads there that nothing has put in order.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::JoinHandle;
use mainspring_executor::internals::task::{Entry, Schedule, new_task};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

use crate::support::{Bell, Queue, Signals};

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "task: wake",
        model: "task::a_poll_sees_what_was_written_before_the_wake",
    },
    Mutant {
        name: "task: begin",
        model: "task::a_poll_sees_what_was_written_before_the_wake",
    },
    Mutant {
        name: "task: end of a poll",
        model: "task::a_poll_sees_what_was_written_before_the_wake",
    },
    Mutant {
        name: "task: abort",
        model: "task::an_aborted_future_is_dropped_once_and_its_drop_sees_what_the_aborter_wrote",
    },
    Mutant {
        name: "task: complete (no Release)",
        model: "task::an_output_is_read_whole_and_its_reader_is_woken",
    },
    Mutant {
        name: "task: complete (no Acquire)",
        model: "task::an_output_is_read_whole_and_its_reader_is_woken",
    },
    Mutant {
        name: "task: is it complete",
        model: "task::an_output_is_read_whole_and_its_reader_is_woken",
    },
    Mutant {
        name: "task: set the joiner's waker (no Release)",
        model: "task::an_output_is_read_whole_and_its_reader_is_woken",
    },
    Mutant {
        name: "task: set the joiner's waker (no Acquire)",
        model: "task::an_output_is_read_whole_and_its_reader_is_woken",
    },
    Mutant {
        name: "task: take the joiner's waker back",
        model: "task::the_waker_that_was_left_last_is_woken",
    },
    Mutant {
        name: "task: the handle goes",
        model: "task::an_output_that_nobody_reads_is_dropped_once",
    },
    Mutant {
        name: "task: drop a reference (no Release)",
        model: "task::the_last_reference_frees_the_task_after_all_uses",
    },
    Mutant {
        name: "task: drop a reference (no Acquire)",
        model: "task::the_last_reference_frees_the_task_after_all_uses",
    },
    Mutant {
        name: "task: a wake gives its reference up before its push is over",
        model: "task::a_push_outlives_no_scheduler",
    },
    Mutant {
        name: "task: the only reference",
        model: "task::the_last_reference_frees_the_task_after_all_uses",
    },
];

/// Waits for both signals. Leaves two wakers at its first poll.
struct WaitForBoth {
    signals: Arc<Signals>,
    wakers: Arc<Mutex<Vec<Waker>>>,
    polls: usize,
}

impl Future for WaitForBoth {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        if self.polls == 0 {
            let wakers = [cx.waker().clone(), cx.waker().clone()];
            self.wakers.lock().unwrap().extend(wakers);
        }
        self.polls += 1;
        if self.signals.has(0) && self.signals.has(1) {
            Poll::Ready(self.polls)
        } else {
            Poll::Pending
        }
    }
}

/// A task that waits, polled once, and the wakers which that has left.
struct Waiting {
    queue: Queue,
    signals: Arc<Signals>,
    wakers: Vec<Waker>,
    handle: JoinHandle<usize>,
}

fn waiting() -> Waiting {
    let (queue, signals) = (Queue::default(), Arc::<Signals>::default());
    let wakers = Arc::<Mutex<Vec<Waker>>>::default();
    let future = WaitForBoth {
        signals: Arc::clone(&signals),
        wakers: Arc::clone(&wakers),
        polls: 0,
    };
    let (entry, handle) = new_task(future, queue.clone());
    entry.run();
    let wakers = std::mem::take(&mut *wakers.lock().unwrap());
    Waiting {
        queue,
        signals,
        wakers,
        handle,
    }
}

fn poll<T>(handle: &mut JoinHandle<T>, bell: &StdArc<Bell>) -> Poll<T> {
    let waker = Waker::from(StdArc::clone(bell));
    Pin::new(handle)
        .poll(&mut Context::from_waker(&waker))
        .map(|result| result.expect("nobody aborts it"))
}

/// wake ∥ wake ∥ poll, where each waker runs the queue as well: after every wake there is a poll
/// that sees what was written before it, on whatever thread, and never two at once.
#[test]
fn a_poll_sees_what_was_written_before_the_wake() {
    model(|| {
        let mut waiting = waiting();
        let (queue, signals) = (waiting.queue.clone(), Arc::clone(&waiting.signals));
        let waker = waiting.wakers.remove(0);
        let other = thread::spawn(move || {
            signals.send(0);
            waker.wake();
            queue.run();
        });
        waiting.signals.send(1);
        waiting.wakers.remove(0).wake();
        waiting.queue.run();
        other.join().unwrap();
        waiting.queue.run();
        let bell = StdArc::default();
        assert!(
            poll(&mut waiting.handle, &bell).is_ready(),
            "a wake was lost"
        );
    });
}

/// What a future holds: tells of its drop.
struct TellsOfItsDrop {
    drops: Arc<AtomicUsize>,
    signals: Arc<Signals>,
    drop_saw_signal: Arc<AtomicBool>,
}

impl Drop for TellsOfItsDrop {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        self.drop_saw_signal
            .store(self.signals.has(0), Ordering::Relaxed);
    }
}

/// abort ∥ poll ∥ complete: the future is dropped once, whoever comes first, and if the abort has
/// caused it, it sees what the aborter had written.
#[test]
fn an_aborted_future_is_dropped_once_and_its_drop_sees_what_the_aborter_wrote() {
    model(|| {
        let (queue, signals) = (Queue::default(), Arc::<Signals>::default());
        let (drops, drop_saw_signal) = (Arc::default(), Arc::default());
        let held = TellsOfItsDrop {
            drops: Arc::clone(&drops),
            signals: Arc::clone(&signals),
            drop_saw_signal: Arc::clone(&drop_saw_signal),
        };
        let future = async move {
            let _held = held;
            yield_once().await;
        };
        let (entry, mut handle) = new_task(future, queue.clone());
        let abort = handle.abort_handle();
        let aborter = thread::spawn(move || {
            signals.send(0);
            abort.abort();
        });
        entry.run();
        queue.run();
        aborter.join().unwrap();
        queue.run();
        let waker = Waker::from(StdArc::<Bell>::default());
        let Poll::Ready(result) = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker))
        else {
            panic!("the task is not over");
        };
        assert_eq!(drops.load(Ordering::Relaxed), 1, "drops of the future");
        if result.is_err() {
            let saw = drop_saw_signal.load(Ordering::Relaxed);
            assert!(saw, "the drop did not see what came before the abort");
        }
    });
}

/// Wakes itself, and is ready at the next poll.
async fn yield_once() {
    let mut polled = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// complete ∥ join: the joiner reads the whole output, or is woken when it is there. Both sides use
/// the joiner's waker, and never at once.
#[test]
fn an_output_is_read_whole_and_its_reader_is_woken() {
    model(|| {
        let bell = StdArc::<Bell>::default();
        let (entry, mut handle) = new_task(async { Arc::new(42) }, Queue::default());
        let worker = thread::spawn(move || entry.run());
        let first = poll(&mut handle, &bell);
        worker.join().unwrap();
        let output = match first {
            Poll::Ready(output) => output,
            Poll::Pending => {
                assert_eq!(bell.rings(), 1, "the joiner was not woken");
                let Poll::Ready(output) = poll(&mut handle, &bell) else {
                    panic!("a joiner was woken for nothing");
                };
                output
            }
        };
        assert_eq!(*output, 42);
    });
}

/// The joiner's waker replaced ∥ complete: the one that was left last is woken, or the output was
/// there when it was to be left.
#[test]
fn the_waker_that_was_left_last_is_woken() {
    model(|| {
        let bells = [StdArc::<Bell>::default(), StdArc::default()];
        let (entry, mut handle) = new_task(async { Arc::new(42) }, Queue::default());
        assert!(poll(&mut handle, &bells[0]).is_pending());
        let worker = thread::spawn(move || entry.run());
        let output = poll(&mut handle, &bells[1]);
        worker.join().unwrap();
        let output = match output {
            Poll::Ready(output) => output,
            Poll::Pending => {
                assert_eq!(bells[1].rings(), 1, "the last waker was not woken");
                let Poll::Ready(output) = poll(&mut handle, &bells[1]) else {
                    panic!("a joiner was woken for nothing");
                };
                output
            }
        };
        assert_eq!(*output, 42);
    });
}

/// complete ∥ the handle's drop: the output is dropped once, by one of the two (loom reports an Arc
/// that nobody drops), and so is the joiner's waker.
#[test]
fn an_output_that_nobody_reads_is_dropped_once() {
    model(|| {
        let bell = StdArc::<Bell>::default();
        let kept = Arc::new(42);
        let output = Arc::clone(&kept);
        let (entry, mut handle) = new_task(async move { output }, Queue::default());
        assert!(poll(&mut handle, &bell).is_pending());
        let worker = thread::spawn(move || entry.run());
        drop(handle);
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1, "the output was not dropped");
        assert_eq!(StdArc::strong_count(&bell), 1, "the waker was not dropped");
    });
}

/// last reference ∥ wake ∥ complete: the cell is freed once, after the last use of each of its
/// holders.
#[test]
fn the_last_reference_frees_the_task_after_all_uses() {
    model(|| {
        let mut waiting = waiting();
        let bell = StdArc::<Bell>::default();
        assert!(poll(&mut waiting.handle, &bell).is_pending());
        waiting.signals.send(0);
        waiting.signals.send(1);
        let stale = waiting.wakers.remove(0);
        let waker = waiting.wakers.remove(0);
        waker.wake();
        let queue = waiting.queue.clone();
        let worker = thread::spawn(move || queue.run());
        let late = thread::spawn(move || stale.wake());
        drop(waiting.handle);
        worker.join().unwrap();
        late.join().unwrap();
        waiting.queue.run();
        assert_eq!(StdArc::strong_count(&bell), 1, "the task was not freed");
    });
}

/// A scheduler that goes on after its push, as the runtime's does: it looks whether somebody sleeps.
struct GoesOn {
    queue: Queue,
    is_there: Arc<AtomicBool>,
}

impl Schedule for GoesOn {
    fn schedule(&self, entry: Entry) {
        // Copies, so that the model survives the end of the original.
        let (queue, is_there) = (self.queue.clone(), Arc::clone(&self.is_there));
        queue.push(entry);
        assert!(
            is_there.load(Ordering::Relaxed),
            "a scheduler is gone before its push is over"
        );
    }

    fn reschedule(&self, entry: Entry) {
        self.schedule(entry);
    }
}

impl Drop for GoesOn {
    fn drop(&mut self) {
        self.is_there.store(false, Ordering::Relaxed);
    }
}

/// Leaves a waker at its first poll, and is ready at the second.
struct ReadyWhenWoken(Arc<Mutex<Option<Waker>>>, bool);

impl Future for ReadyWhenWoken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.1, true) {
            return Poll::Ready(());
        }
        *self.0.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// wake ∥ poll to the end: a task that is run to its end as soon as it is in the queue takes its
/// scheduler with it, but not while the push goes on.
#[test]
fn a_push_outlives_no_scheduler() {
    model(|| {
        let (queue, is_there) = (Queue::default(), Arc::new(AtomicBool::new(true)));
        let left = Arc::new(Mutex::new(None));
        let scheduler = GoesOn {
            queue: queue.clone(),
            is_there: Arc::clone(&is_there),
        };
        let (entry, handle) = new_task(ReadyWhenWoken(Arc::clone(&left), false), scheduler);
        drop(handle);
        entry.run();
        let waker = left.lock().unwrap().take().unwrap();
        let worker = {
            let queue = queue.clone();
            thread::spawn(move || queue.run())
        };
        waker.wake();
        worker.join().unwrap();
        queue.run();
        assert!(!is_there.load(Ordering::Relaxed), "the task was not freed");
    });
}
