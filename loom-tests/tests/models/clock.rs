//! The facade's driver with a clock that runs: `src/runtime/environment.rs`, as in a normal build. A wait
//! of the driver that has a limit ends by it at once, and the clock shows so; one without a limit ends by
//! its bell only.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use mainspring::loom::run;
use mainspring::loom::time::{Duration, sleep};
use mainspring::runtime::{Builder, Runtime};
use mainspring::task::yield_now;
use mainspring_io::Ready;
use mainspring_io::internals::{Shared, Source};
use mainspring_loom::variant::with_variant;
use mainspring_loom::{model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;
use mainspring_timer::Handle as Timer;

use crate::bare::{Gate, Mark, mutant};

const SEAT: &str = "clock::a_sleep_of_a_worker_ends_the_wait_in_the_driver";
const OUTSIDE: &str = "clock::a_sleep_of_a_thread_outside_ends_the_wait_in_the_driver";
const TICK: &str = "clock::a_busy_worker_looks_after_its_timers";
const YIELDS: &str = "clock::timers_go_on_while_tasks_yield";
const UNSEAT: &str = "clock::a_sleep_of_a_thread_that_has_given_its_seat_away_ends";
const END: &str = "clock::the_end_reaches_who_waits_for_a_timer_or_a_socket";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant(
        "driver: a worker that sleeps tells nothing of its timers",
        SEAT,
    ),
    mutant("driver: nothing is turned after the wait", OUTSIDE),
    mutant("driver: a wake is not told to the sockets", OUTSIDE),
    mutant("driver: a tick turns nothing", TICK),
    mutant("driver: a timer wants no turn", YIELDS),
    mutant("driver: a turn passes the timers by", YIELDS),
    mutant("driver: who gives its seat away keeps its wheel", UNSEAT),
    mutant("driver: the end is not told to the timers", END),
    mutant("driver: the end is not told to the sockets", END),
];

const MS: Duration = Duration::from_millis(1);

/// A model of a clock that runs.
fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    with_variant("clock: it runs", || {
        model_with_preemptions(preemptions, body);
    });
}

/// A runtime of the current-thread flavour.
fn single() -> Runtime {
    unexplored(|| Builder::new_current_thread().build().unwrap())
}

/// A runtime with a worker, and perhaps one on stand-by.
fn workers(standby: usize) -> Runtime {
    unexplored(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).max_standby_workers(standby);
        builder.build().unwrap()
    })
}

/// A worker arms a timer and goes to sleep ∥ another thread is in the driver, or about to: it learns of
/// the timer, which fires.
#[test]
fn a_sleep_of_a_worker_ends_the_wait_in_the_driver() {
    model(1, || {
        let runtime = workers(0);
        let (begun, goes_on) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let (begins, waits) = (begun.clone(), goes_on.clone());
        // The worker has the task, and goes on once the other thread is in `block_on`.
        let mut slept = runtime.spawn(async move {
            begins.open();
            waits.wait();
            sleep(MS).await;
        });
        begun.wait();
        let ended = runtime.block_on(poll_fn(|cx| {
            goes_on.open();
            Pin::new(&mut slept).poll(cx)
        }));
        ended.unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A thread outside the runtime arms a timer, and wakes the future of `block_on` after it ∥ the thread in
/// `block_on` goes into the driver: its wait ends for both.
#[test]
fn a_sleep_of_a_thread_outside_ends_the_wait_in_the_driver() {
    model(2, || {
        let runtime = single();
        let handle = runtime.handle().clone();
        let mark = Mark::default();
        let mut outside = None;
        runtime.block_on(poll_fn(|cx| {
            if outside.is_none() {
                let (mark, handle, waker) = (mark.clone(), handle.clone(), cx.waker().clone());
                outside = Some(thread::spawn(move || {
                    let _entered = handle.enter();
                    block_on(sleep(MS));
                    mark.set();
                    waker.wake();
                }));
            }
            if mark.is_set() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        outside.unwrap().join().unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A worker whose task yields again and again ∥ another thread waits in the driver, and knows nothing of
/// the worker's timers, which are due: the worker turns its wheel by itself.
#[test]
fn a_busy_worker_looks_after_its_timers() {
    model(1, || {
        let runtime = workers(0);
        let (begun, goes_on) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let (begins, waits) = (begun.clone(), goes_on.clone());
        let mut task = runtime.spawn(async move {
            begins.open();
            waits.wait();
            let slept = mainspring::spawn(sleep(MS));
            yield_now().await;
            Timer::current().let_pass(MS);
            while !slept.is_finished() {
                thread::yield_now();
                yield_now().await;
            }
        });
        begun.wait();
        let ended = runtime.block_on(poll_fn(|cx| {
            goes_on.open();
            Pin::new(&mut task).poll(cx)
        }));
        ended.unwrap();
        unexplored(|| drop(runtime));
    });
}

/// A timer becomes due while a task yields again and again, and nobody else is there: it is turned in
/// between.
#[test]
fn timers_go_on_while_tasks_yield() {
    model(2, || {
        run(0, async {
            let slept = mainspring::spawn(sleep(MS));
            yield_now().await;
            Timer::current().let_pass(MS);
            while !slept.is_finished() {
                yield_now().await;
            }
        });
    });
}

/// A task gives its worker's seat away and waits for a timer in a `block_on` of its own ∥ a thread is in
/// the driver: that one learns of the timer, since nobody looks for it in that seat.
#[test]
fn a_sleep_of_a_thread_that_has_given_its_seat_away_ends() {
    model(1, || {
        let runtime = workers(1);
        runtime.block_on(async {
            let task = mainspring::spawn(async {
                mainspring::task::block_in_place(|| block_on(sleep(MS)));
            });
            task.await.unwrap();
        });
        unexplored(|| drop(runtime));
    });
}

/// Counts its wakes.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// The end of the runtime ∥ a thread outside arms a timer of it, or waits for a socket of it: the first is
/// woken or keeps no waker, the second is refused or ends.
#[test]
fn the_end_reaches_who_waits_for_a_timer_or_a_socket() {
    model(1, || {
        let runtime = single();
        let handle = runtime.handle().clone();
        let (slept, shared) = unexplored(|| {
            let _entered = handle.enter();
            (sleep(MS), Shared::current())
        });
        let outside = thread::spawn(move || {
            let count = StdArc::new(Count(AtomicUsize::new(0)));
            let waker = count.clone().into();
            let mut slept = Box::pin(slept);
            let _ = slept.as_mut().poll(&mut Context::from_waker(&waker));
            let source = Source::new(Ready::EMPTY, Ready::ALL);
            if shared.insert(&source).is_ok() {
                let observed = block_on(poll_fn(|cx| source.poll_readable(cx.waker())));
                assert!(observed.has_ended());
            }
            drop(waker);
            (slept, count)
        });
        drop(runtime);
        let (slept, count) = outside.join().unwrap();
        let is_woken = count.0.load(Ordering::Acquire) == 1;
        assert!(
            is_woken || StdArc::strong_count(&count) == 1,
            "it waits for ever"
        );
        drop((slept, handle));
    });
}
