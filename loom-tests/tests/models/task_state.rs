//! The task state word by itself: `executor/src/task/state.rs`. What `task.rs` shows of whole tasks, whose
//! handles look at the word before they change it: loom passes some executions over then.
#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "loom checks each access to a cell"
)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use mainspring_executor::internals::task::{Begin, Completed, EndPending, State};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "task: wake",
        model: "task_state::a_wake_is_never_lost_and_never_doubled",
    },
    Mutant {
        name: "task: begin",
        model: "task_state::a_wake_is_never_lost_and_never_doubled",
    },
    Mutant {
        name: "task: complete (no Release)",
        model: "task_state::the_output_has_one_owner",
    },
    Mutant {
        name: "task: complete (no Acquire)",
        model: "task_state::the_output_has_one_owner",
    },
    Mutant {
        name: "task: set the joiner's waker (no Release)",
        model: "task_state::the_output_has_one_owner",
    },
    Mutant {
        name: "task: set the joiner's waker (no Acquire)",
        model: "task_state::the_output_has_one_owner",
    },
    Mutant {
        name: "task: the handle goes",
        model: "task_state::the_output_has_one_owner",
    },
    Mutant {
        name: "task: a second wake publishes nothing (I4)",
        model: "task_state::a_wake_is_never_lost_and_never_doubled",
    },
    Mutant {
        name: "task: a wake during a poll is lost (I3)",
        model: "task_state::a_wake_is_never_lost_and_never_doubled",
    },
    Mutant {
        name: "task: a wake during a poll is lost (I3)",
        model: "task_state::an_abort_is_seen_once",
    },
    Mutant {
        name: "task: a completion before the waker is missed",
        model: "task::an_output_is_read_whole_and_its_reader_is_woken",
    },
];

/// A task whose future looks at two flags, and a queue that counts entries.
struct Task {
    state: State,
    entries: AtomicUsize,
    polling: AtomicBool,
    flags: [AtomicBool; 2],
    /// What the last poll saw. Written by the poller only, which RUNNING makes unique.
    seen: loom::cell::UnsafeCell<[bool; 2]>,
}

impl Task {
    fn new() -> Self {
        Self {
            state: State::new(),
            entries: AtomicUsize::new(1),
            polling: AtomicBool::new(false),
            flags: [AtomicBool::new(false), AtomicBool::new(false)],
            seen: loom::cell::UnsafeCell::new([false; 2]),
        }
    }

    fn wake(&self, flag: usize) {
        self.flags[flag].store(true, Ordering::Relaxed);
        if self.state.wake() {
            assert_eq!(
                self.entries.fetch_add(1, Ordering::AcqRel),
                0,
                "two entries at once"
            );
        }
    }

    /// Runs the queue as a worker would: while there is an entry, poll.
    fn work(&self) {
        while self.entries.load(Ordering::Acquire) == 1 {
            self.entries.fetch_sub(1, Ordering::AcqRel);
            assert_eq!(self.state.begin(), Begin::Poll);
            assert!(
                !self.polling.swap(true, Ordering::Relaxed),
                "two pollers at once"
            );
            let now = [0, 1].map(|flag| self.flags[flag].load(Ordering::Relaxed));
            self.seen.with_mut(|seen| unsafe { *seen = now });
            assert!(self.polling.swap(false, Ordering::Relaxed));
            if self.state.end_pending() == EndPending::Requeue {
                self.entries.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

/// wake ∥ wake ∥ poll: each wake is followed by a poll that sees what was written before it; there
/// is never more than one queue entry, nor more than one poller.
#[test]
fn a_wake_is_never_lost_and_never_doubled() {
    model(|| {
        let task = Arc::new(Task::new());
        let wakers: Vec<_> = (0..2)
            .map(|flag| {
                let task = Arc::clone(&task);
                thread::spawn(move || task.wake(flag))
            })
            .collect();
        task.work();
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        task.work();
        let seen = task.seen.with(|seen| unsafe { *seen });
        assert_eq!(seen, [true, true], "a wake was lost");
    });
}

/// abort ∥ poll: the task is cancelled at its next turn, or in this one if the abort came during
/// the poll, and its future is dropped once.
#[test]
fn an_abort_is_seen_once() {
    model(|| {
        let task = Arc::new(Task::new());
        let aborter = {
            let task = Arc::clone(&task);
            thread::spawn(move || {
                if task.state.abort() {
                    assert_eq!(task.entries.fetch_add(1, Ordering::AcqRel), 0);
                }
            })
        };
        let mut cancelled = 0;
        let mut turn = || {
            while task.entries.load(Ordering::Acquire) == 1 {
                task.entries.fetch_sub(1, Ordering::AcqRel);
                let mut begun = task.state.begin();
                if begun == Begin::Poll {
                    match task.state.end_pending() {
                        EndPending::Idle => continue,
                        EndPending::Requeue => unreachable!("nobody wakes"),
                        EndPending::Cancelled => begun = task.state.begin(),
                    }
                }
                assert_eq!(begun, Begin::Cancel);
                cancelled += 1;
                assert_eq!(task.state.complete(), Completed::Keep);
            }
        };
        turn();
        aborter.join().unwrap();
        turn();
        assert_eq!(cancelled, 1);
    });
}

/// complete ∥ join: the output is read, or dropped, by exactly one side, which sees it whole; a
/// joiner that registered in time is woken.
#[test]
fn the_output_has_one_owner() {
    model(|| {
        let state = Arc::new(State::new());
        let output = Arc::new(loom::cell::UnsafeCell::new(0));
        let waker = Arc::new(loom::cell::UnsafeCell::new(0));
        assert_eq!(state.begin(), Begin::Poll);
        let joiner = {
            let (state, output, waker) = (state.clone(), output.clone(), waker.clone());
            thread::spawn(move || {
                waker.with_mut(|waker| unsafe { *waker = 7 });
                if !state.set_join_waker() {
                    assert_eq!(output.with(|output| unsafe { *output }), 42);
                    return false;
                }
                if state.drop_join_interest() {
                    waker.with_mut(|waker| unsafe { *waker = 0 });
                    return false;
                }
                assert_eq!(output.with_mut(|output| unsafe { *output }), 42);
                true
            })
        };
        output.with_mut(|output| unsafe { *output = 42 });
        let completed = state.complete();
        if completed == Completed::WakeJoiner {
            assert_eq!(waker.with(|waker| unsafe { *waker }), 7);
        }
        if completed == Completed::DropOutput {
            output.with_mut(|output| unsafe { *output = 0 });
        }
        let owned_after_registering = joiner.join().unwrap();
        if owned_after_registering {
            assert_eq!(completed, Completed::WakeJoiner);
        }
        assert!(!state.ref_dec());
        assert!(state.ref_dec(), "two references at the start");
    });
}
