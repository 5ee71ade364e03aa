//! The offload pool: `executor/src/offload/{board,gate}.rs`, and the life of a job in
//! `executor/src/task/state.rs`.

use std::future::poll_fn;

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use mainspring_executor::internals::offload::{
    Board, Entrance, Gate, Job, Mailbox, Next, Step, Unstarted,
};
use mainspring_executor::internals::task::{Completed, State};
use mainspring_loom::model;
use mainspring_loom_tests::Mutant;

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "offload: what is closed takes jobs",
        model: "offload::when_the_end_has_waited_nothing_runs_any_more",
    },
    Mutant {
        name: "offload: an idle thread does not look for the end",
        model: "offload::the_end_leaves_neither_a_job_nor_a_thread_behind",
    },
    Mutant {
        name: "offload: the lock is let go between the look and the wait",
        model: "offload::the_end_leaves_neither_a_job_nor_a_thread_behind",
    },
    Mutant {
        name: "offload: the last thread rings no bell",
        model: "offload::when_the_end_has_waited_nothing_runs_any_more",
    },
    Mutant {
        name: "offload: mail rings no bell",
        model: "offload::the_end_leaves_neither_a_job_nor_a_thread_behind",
    },
    Mutant {
        name: "offload: who sleeps does not say so",
        model: "offload::the_end_leaves_neither_a_job_nor_a_thread_behind",
    },
    Mutant {
        name: "offload: who arrives wants nobody else",
        model: "offload::a_job_that_comes_while_a_thread_arrives_gets_the_next",
    },
    Mutant {
        name: "offload: a refused start looks for nobody idle",
        model: "offload::a_job_whose_thread_was_refused_is_not_left_behind",
    },
    Mutant {
        name: "offload: a refused start strands nobody",
        model: "offload::two_refused_starts_strand_both_jobs",
    },
    Mutant {
        name: "offload: a job that is over promises no look",
        model: "offload::one_job_after_the_other_needs_one_thread",
    },
    Mutant {
        name: "offload: a promise is not taken back",
        model: "offload::a_job_does_not_wait_for_a_thread_that_takes_its_word_back",
    },
    Mutant {
        name: "offload: a claimed thread retires (I3)",
        model: "offload::a_job_that_meets_a_thread_that_goes_idle_or_retires_is_run",
    },
    Mutant {
        name: "offload: a claimed thread retires (I3)",
        model: "offload::two_submitters_and_a_thread_that_finishes_lose_no_job",
    },
    Mutant {
        name: "task: a job begins by a look and a store",
        model: "offload::a_job_is_run_or_cancelled_once",
    },
    Mutant {
        name: "task: a job is claimed by a look and a store",
        model: "offload::a_job_is_run_or_cancelled_once",
    },
    Mutant {
        name: "offload: a refused start does not ring",
        model: "offload::a_refused_start_at_the_end_is_waited_for",
    },
    Mutant {
        name: "offload: a refused start does not look for the end",
        model: "offload::a_refused_start_at_the_end_is_waited_for",
    },
    Mutant {
        name: "offload: who finds a job looks for no more (I2)",
        model: "offload::a_thread_that_looks_after_refused_starts_has_them_tried_again",
    },
    Mutant {
        name: "gate: who is granted a place is not woken",
        model: "offload::a_place_that_is_given_back_goes_to_one_who_waits",
    },
    Mutant {
        name: "offload: a wait makes no room",
        model: "offload::a_job_that_waits_for_another_makes_room_for_it",
    },
    Mutant {
        name: "gate: the lock is let go between the look and the waiter (G2)",
        model: "offload::a_place_that_is_given_back_goes_to_one_who_waits",
    },
    Mutant {
        name: "gate: a place that nobody wants any more is lost (G2)",
        model: "offload::a_place_that_is_given_back_goes_to_one_who_waits",
    },
    Mutant {
        name: "gate: the end wakes nobody",
        model: "offload::the_end_reaches_those_who_wait_for_a_place",
    },
    Mutant {
        name: "gate: who comes after the end waits",
        model: "offload::the_end_reaches_those_who_wait_for_a_place",
    },
];

/// A job's cell: its word, its closure, and how often it was freed.
struct Cell {
    state: State,
    /// Taken by whoever runs or cancels the job.
    closure: UnsafeCell<bool>,
    freed: AtomicUsize,
}

impl Cell {
    fn take_closure(&self) {
        let there = self.closure.with_mut(|closure| {
            // SAFETY: the word lets one thread come here; loom checks it.
            unsafe { std::mem::replace(&mut *closure, false) }
        });
        assert!(there, "the closure was taken twice");
        assert_ne!(self.state.complete(), Completed::DropOutput);
    }

    fn drop_ref(&self) {
        if self.state.ref_dec() {
            // SAFETY: the last reference is gone; loom checks that nobody else comes here.
            let there = self.closure.with_mut(|closure| unsafe { *closure });
            assert!(!there, "the closure was leaked");
            self.freed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// abort ∥ abort ∥ run: one of the three has the closure, and the cell is freed once, after that. An
/// abort that won has dropped the closure before it returns.
#[test]
fn a_job_is_run_or_cancelled_once() {
    model(|| {
        let cell = Arc::new(Cell {
            state: State::new(),
            closure: UnsafeCell::new(true),
            freed: AtomicUsize::new(0),
        });
        let runner = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || {
                let begun = cell.state.begin_once();
                if begun {
                    cell.take_closure();
                }
                // The owner's reference, or the stale entry's.
                cell.drop_ref();
                begun
            })
        };
        let aborter = {
            // The handle of each aborter is made by the caller, who holds one.
            let cell = Arc::clone(&cell);
            thread::spawn(move || {
                let claimed = cell.state.claim();
                if claimed {
                    cell.take_closure();
                }
                claimed
            })
        };
        let claimed = cell.state.claim();
        if claimed {
            cell.take_closure();
        }
        let others = [runner.join().unwrap(), aborter.join().unwrap()];
        let all = others.into_iter().chain([claimed]);
        assert_eq!(all.filter(|took| *took).count(), 1);
        assert_eq!(cell.freed.load(Ordering::Relaxed), 0, "a handle is left");
        cell.drop_ref();
        assert_eq!(cell.freed.load(Ordering::Relaxed), 1);
    });
}

/// How often each of some jobs was run.
struct Runs([AtomicUsize; 3]);

impl Runs {
    fn new() -> Self {
        Self([0; 3].map(AtomicUsize::new))
    }

    fn note(&self, job: Job) {
        self.0[job.0 as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn assert_once(&self, jobs: usize) {
        for (number, runs) in self.0.iter().enumerate().take(jobs) {
            assert_eq!(runs.load(Ordering::Relaxed), 1, "runs of job {number}");
        }
    }
}

/// A pool without threads of the system: a new thread's work is done by whoever starts it.
struct Pool {
    board: Board,
    runs: Runs,
}

impl Pool {
    fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            board: Board::new(threads),
            runs: Runs::new(),
        })
    }

    /// Submits the first job, which is in the hands of a thread then.
    fn begin(&self) -> (usize, Mailbox) {
        match self.board.submit(Job(0)) {
            Ok(Step::Start(newcomer, mailbox, job)) => {
                self.runs.note(job);
                assert!(matches!(self.board.arrives(), Step::Nothing));
                (newcomer.number(), mailbox)
            }
            _ => unreachable!("there is no thread yet"),
        }
    }

    /// Carries a step out. True if it started a thread, which has run its jobs and has ended.
    fn carry_out(&self, step: Step) -> bool {
        match step {
            Step::Nothing => false,
            Step::HandTo(mailbox, job) => {
                mailbox.put(job);
                false
            }
            Step::Start(newcomer, mailbox, job) => {
                self.runs.note(job);
                let more = self.board.arrives();
                self.carry_out(more);
                self.work(newcomer.number(), &mailbox, 0);
                true
            }
        }
    }

    /// As [`carry_out`](Self::carry_out), but the jobs of the threads that it starts do not end.
    fn begin_endless(&self, step: Step) {
        if let Step::Start(_, _, job) = step {
            self.runs.note(job);
            self.begin_endless(self.board.arrives());
        }
    }

    /// A thread's life from the end of its first job on. It waits for mail until it has run so many
    /// further jobs; then its time-out comes at once.
    fn work(&self, number: usize, mailbox: &Mailbox, until: usize) {
        let mut run = 0;
        self.board.job_over(number);
        loop {
            let job = match self.board.next(number) {
                Next::Run(job, more) => {
                    self.carry_out(more);
                    job
                }
                Next::End => break,
                Next::Wait => {
                    let mail = if run >= until && self.board.retire(number) {
                        None
                    } else {
                        mailbox.wait()
                    };
                    let Some(job) = mail else { break };
                    let more = self.board.arrives();
                    self.carry_out(more);
                    job
                }
            };
            run += 1;
            self.runs.note(job);
            self.board.job_over(number);
        }
        self.board.thread_ends(number);
    }
}

/// submit ∥ a thread ends its job, finds none, times out: the job is run once, whoever it falls to.
/// (A lost mail is a deadlock, which loom reports.)
#[test]
fn a_job_that_meets_a_thread_that_goes_idle_or_retires_is_run() {
    model(|| {
        let pool = Pool::new(2);
        let (number, mailbox) = pool.begin();
        let thread = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.work(number, &mailbox, 0))
        };
        let step = pool.board.submit(Job(1)).unwrap();
        pool.carry_out(step);
        thread.join().unwrap();
        pool.board.wait();
        pool.runs.assert_once(2);
        assert!(pool.board.is_idle());
    });
}

/// submit ∥ submit ∥ a thread between two jobs, in a pool of two: both are run once.
#[test]
fn two_submitters_and_a_thread_that_finishes_lose_no_job() {
    model(|| {
        let pool = Pool::new(2);
        let (number, mailbox) = pool.begin();
        let submitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let step = pool.board.submit(Job(1)).unwrap();
                pool.carry_out(step);
            })
        };
        let thread = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.work(number, &mailbox, 0))
        };
        let step = pool.board.submit(Job(2)).unwrap();
        pool.carry_out(step);
        submitter.join().unwrap();
        thread.join().unwrap();
        pool.board.wait();
        pool.runs.assert_once(3);
    });
}

/// submit ∥ submit ∥ a thread is started for one of the jobs, which does not end: the other job gets a
/// thread, too.
#[test]
fn a_job_that_comes_while_a_thread_arrives_gets_the_next() {
    model(|| {
        let pool = Pool::new(2);
        let submitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.begin_endless(pool.board.submit(Job(1)).unwrap()))
        };
        pool.begin_endless(pool.board.submit(Job(0)).unwrap());
        submitter.join().unwrap();
        pool.runs.assert_once(2);
    });
}

/// A caller that awaits one job and then submits another needs no second thread, however late the
/// first thread comes to look for work.
#[test]
fn one_job_after_the_other_needs_one_thread() {
    model(|| {
        let pool = Pool::new(2);
        let (number, mailbox) = pool.begin();
        let completed = Arc::new(AtomicBool::new(false));
        let caller = {
            let (pool, completed) = (Arc::clone(&pool), Arc::clone(&completed));
            thread::spawn(move || {
                while !completed.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                let step = pool.board.submit(Job(1)).unwrap();
                assert!(!pool.carry_out(step), "a second thread was started");
            })
        };
        pool.board.job_over(number);
        completed.store(true, Ordering::Release);
        let job = match pool.board.next(number) {
            Next::Run(job, more) => {
                assert!(matches!(more, Step::Nothing));
                Some(job)
            }
            Next::Wait => {
                let job = mailbox.wait();
                assert!(matches!(pool.board.arrives(), Step::Nothing));
                job
            }
            Next::End => None,
        };
        pool.runs.note(job.unwrap());
        caller.join().unwrap();
        pool.runs.assert_once(2);
    });
}

/// submit ∥ a finishing thread that finds out that it has long to do: the job does not wait for it.
#[test]
fn a_job_does_not_wait_for_a_thread_that_takes_its_word_back() {
    model(|| {
        let pool = Pool::new(2);
        let (number, _) = pool.begin();
        let submitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let step = pool.board.submit(Job(1)).unwrap();
                pool.carry_out(step);
            })
        };
        pool.board.job_over(number);
        let step = pool.board.look_later(number);
        pool.carry_out(step);
        submitter.join().unwrap();
        // The first thread has not looked, and the job was run all the same.
        pool.runs.assert_once(2);
    });
}

/// A refused start ∥ the only thread goes idle: the job is run by that thread, or, if it has left,
/// is given the error; it does not stay behind.
#[test]
fn a_job_whose_thread_was_refused_is_not_left_behind() {
    model(|| {
        let pool = Pool::new(2);
        let (number, mailbox) = pool.begin();
        let thread = {
            let (pool, mailbox) = (Arc::clone(&pool), mailbox.clone());
            thread::spawn(move || pool.work(number, &mailbox, 0))
        };
        let stranded = match pool.board.submit(Job(1)).unwrap() {
            Step::Start(newcomer, _, job) => match pool.board.start_failed(newcomer, job) {
                Unstarted::Queued(step) => {
                    assert!(!pool.carry_out(step), "a refused start was tried again");
                    Vec::new()
                }
                Unstarted::Stranded(jobs) => jobs,
                Unstarted::Closed(_) => unreachable!("nobody closes"),
            },
            step => {
                pool.carry_out(step);
                Vec::new()
            }
        };
        for job in stranded {
            pool.runs.note(job);
        }
        thread.join().unwrap();
        pool.runs.assert_once(2);
    });
}

/// A refused start ∥ a refused start: neither job stays behind in the hope of the other's thread.
#[test]
fn two_refused_starts_strand_both_jobs() {
    model(|| {
        let pool = Pool::new(2);
        let refuse = |pool: &Pool, number| {
            let step = pool.board.submit(Job(number)).unwrap();
            let Step::Start(newcomer, _, job) = step else {
                // In the hope of the other's thread.
                return;
            };
            match pool.board.start_failed(newcomer, job) {
                Unstarted::Queued(step) => assert!(matches!(step, Step::Nothing)),
                Unstarted::Stranded(jobs) => jobs.into_iter().for_each(|job| pool.runs.note(job)),
                Unstarted::Closed(_) => unreachable!("nobody closes"),
            }
        };
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || refuse(&pool, 1))
        };
        refuse(&pool, 0);
        other.join().unwrap();
        pool.runs.assert_once(2);
        pool.board.wait();
    });
}

/// close, and wait for the threads ∥ a refused start: the wait ends, and a job whose start was refused
/// after the close is cancelled, as all that waited.
#[test]
fn a_refused_start_at_the_end_is_waited_for() {
    model(|| {
        let pool = Pool::new(2);
        let Ok(Step::Start(newcomer, _, job)) = pool.board.submit(Job(0)) else {
            unreachable!("there is no thread")
        };
        let closed = Arc::new(AtomicBool::new(false));
        let closer = {
            let (pool, closed) = (Arc::clone(&pool), Arc::clone(&closed));
            thread::spawn(move || {
                let (queued, _) = pool.board.close();
                closed.store(true, Ordering::Release);
                queued.into_iter().for_each(|job| pool.runs.note(job));
                pool.board.wait();
            })
        };
        let was_closed = closed.load(Ordering::Acquire);
        match pool.board.start_failed(newcomer, job) {
            Unstarted::Closed(job) => pool.runs.note(job),
            Unstarted::Stranded(jobs) => {
                assert!(!was_closed, "it was given the system's error");
                jobs.into_iter().for_each(|job| pool.runs.note(job));
            }
            Unstarted::Queued(_) => unreachable!("nobody is there to look"),
        }
        closer.join().unwrap();
        pool.runs.assert_once(1);
    });
}

/// Two refused starts ∥ the only thread looks: it takes one of the jobs, and the start of another thread
/// is tried again for the other, which may be what the first waits for.
#[test]
fn a_thread_that_looks_after_refused_starts_has_them_tried_again() {
    model(|| {
        let pool = Pool::new(3);
        let (number, _mailbox) = pool.begin();
        let refuse = |job| {
            let Ok(Step::Start(newcomer, _, job)) = pool.board.submit(Job(job)) else {
                unreachable!("the only thread has a job")
            };
            let unstarted = pool.board.start_failed(newcomer, job);
            assert!(matches!(unstarted, Unstarted::Queued(Step::Nothing)));
        };
        refuse(1);
        refuse(2);
        pool.board.job_over(number);
        let Next::Run(job, more) = pool.board.next(number) else {
            unreachable!("two jobs wait")
        };
        pool.runs.note(job);
        assert!(pool.carry_out(more), "one job waits for the other");
        pool.runs.assert_once(3);
    });
}

/// In a pool of one: a job waits for another one, which is submitted before or after the wait
/// begins. It is run meanwhile.
#[test]
fn a_job_that_waits_for_another_makes_room_for_it() {
    model(|| {
        let pool = Pool::new(1);
        let (number, mailbox) = pool.begin();
        let submitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let step = pool.board.submit(Job(1)).unwrap();
                pool.carry_out(step);
            })
        };
        let step = pool.board.begin_wait(number);
        pool.carry_out(step);
        submitter.join().unwrap();
        pool.runs.assert_once(2);
        pool.board.end_wait(number);
        pool.work(number, &mailbox, 0);
        pool.board.wait();
        assert!(pool.board.is_idle());
    });
}

/// close ∥ submit ∥ a thread between two jobs: the job is run, cancelled or refused, once; and every
/// thread ends.
#[test]
fn the_end_leaves_neither_a_job_nor_a_thread_behind() {
    model(|| {
        let pool = Pool::new(2);
        let (number, mailbox) = pool.begin();
        let thread = {
            let pool = Arc::clone(&pool);
            // It would wait for mail for ever.
            thread::spawn(move || pool.work(number, &mailbox, usize::MAX))
        };
        let closer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let (queued, idle) = pool.board.close();
                idle.iter().for_each(Mailbox::end);
                queued.into_iter().for_each(|job| pool.runs.note(job));
            })
        };
        match pool.board.submit(Job(1)) {
            Ok(step) => drop(pool.carry_out(step)),
            Err(job) => pool.runs.note(job),
        }
        closer.join().unwrap();
        thread.join().unwrap();
        pool.board.wait();
        pool.runs.assert_once(2);
    });
}

/// The end waits ∥ submit ∥ a thread between two jobs: when the wait is over nothing runs any more,
/// and nothing is taken on.
#[test]
fn when_the_end_has_waited_nothing_runs_any_more() {
    model(|| {
        let pool = Pool::new(2);
        let (number, mailbox) = pool.begin();
        let thread = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.work(number, &mailbox, usize::MAX))
        };
        let over = Arc::new(AtomicBool::new(false));
        let submitter = {
            let (pool, over) = (Arc::clone(&pool), Arc::clone(&over));
            thread::spawn(move || {
                let was_over = over.load(Ordering::Acquire);
                if let Ok(step) = pool.board.submit(Job(1)) {
                    assert!(!was_over, "a job was taken on after the end");
                    pool.carry_out(step);
                }
            })
        };
        let (_, idle) = pool.board.close();
        idle.iter().for_each(Mailbox::end);
        pool.board.wait();
        over.store(true, Ordering::Release);
        thread.join().unwrap();
        submitter.join().unwrap();
    });
}

/// One place, held by the model: enter ∥ enter or give up ∥ leave. Whoever waits gets the place, and
/// none is lost or made. (A lost wake-up is a deadlock, which loom reports.)
#[test]
fn a_place_that_is_given_back_goes_to_one_who_waits() {
    model(|| {
        let gate = Arc::new(Gate::new(1));
        let mut mine = Entrance::default();
        assert!(block_on(poll_fn(|cx| gate.poll_enter(&mut mine, cx))));
        let patient = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut entrance = Entrance::default();
                assert!(block_on(poll_fn(|cx| gate.poll_enter(&mut entrance, cx))));
                gate.leave();
            })
        };
        let fickle = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut entrance = Entrance::default();
                let once = block_on(poll_fn(|cx| {
                    std::task::Poll::Ready(gate.poll_enter(&mut entrance, cx))
                }));
                if once.is_pending() {
                    gate.give_up(&mut entrance);
                } else {
                    gate.leave();
                }
            })
        };
        gate.leave();
        patient.join().unwrap();
        fickle.join().unwrap();
        assert_eq!(gate.free(), 1);
    });
}

/// close ∥ enter: whoever waits learns of the end.
#[test]
fn the_end_reaches_those_who_wait_for_a_place() {
    model(|| {
        let gate = Arc::new(Gate::new(1));
        let mut mine = Entrance::default();
        assert!(block_on(poll_fn(|cx| gate.poll_enter(&mut mine, cx))));
        let waiting = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let mut entrance = Entrance::default();
                block_on(poll_fn(|cx| gate.poll_enter(&mut entrance, cx)))
            })
        };
        gate.close();
        assert!(!waiting.join().unwrap());
    });
}
