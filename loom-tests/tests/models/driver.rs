//! One driver for all workers: who waits in it, and who takes it over: `executor/src/park.rs` and the
//! parts of `worker.rs` that use it. The whole executor runs in these models, with a small driver.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use loom::future::block_on;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use mainspring_executor::internals::schedule::{Watch, sleeping_workers};
use mainspring_executor::{Driver, Environment, Executor, block_in_place, spawn, yield_now};
use mainspring_loom::variant::with_variant;
use mainspring_loom::{model, model_with_preemptions, unexplored};
use mainspring_loom_tests::Mutant;
use mainspring_timer::{Duration, Handle as Timer, Sleep, sleep};

use crate::bare::{Gate, Mark, WakerGate, config, mutant};

const WAKE: &str = "driver::a_wake_reaches_a_thread_in_the_driver";
const EVENT: &str = "driver::an_event_is_seen_by_the_thread_in_the_driver";
const HAND_OVER: &str = "driver::who_leaves_hands_the_driver_over";
const YIELDS: &str = "driver::an_event_is_seen_while_tasks_yield";
const TIMER: &str = "driver::a_timer_made_earlier_reaches_the_driver";
const SIDE_BY_SIDE: &str = "driver::tasks_of_one_event_run_side_by_side";
const BETWEEN: &str = "driver::tasks_of_an_event_between_two_polls_run_side_by_side";
const NEXT: &str = "driver::a_woken_worker_with_a_task_of_its_own_wakes_the_next";
const WOKEN: &str = "driver::a_task_that_a_busy_worker_s_timers_wake_is_for_the_other_worker";
const BUSY: &str = "driver::a_busy_worker_looks_after_its_timers";
const SELF: &str = "driver::an_event_is_seen_while_a_task_wakes_itself";
const STUCK: &str = "driver::the_timers_of_a_stuck_worker_reach_the_driver";
const ALONE: &str = "driver::a_driver_that_a_stuck_worker_has_left_is_taken_over";
const LEFT: &str = "driver::a_timer_that_a_guest_leaves_behind_reaches_the_driver";
const IN_HAND: &str = "driver::a_waker_that_blocks_in_the_driver_leaves_the_worker_its_seat";
const RESTS: &str = "driver::of_two_workers_that_may_rest_one_waits_in_the_driver";
const WATCHED: &str = "driver::an_event_is_seen_by_who_looks_out_or_sleeps_after_it";
const BLOCKS: &str = "driver::a_push_wakes_another_worker_while_a_waker_blocks_who_looks_out";
const SHARED: &str = "driver::what_who_looks_out_has_beyond_one_task_is_made_known";
const GIVEN: &str = "driver::who_has_given_its_core_away_arms_timers_as_an_outsider";

/// What these models must catch.
pub(crate) const MUTANTS: &[Mutant] = &[
    mutant("park: the driver's bell is not rung", WAKE),
    mutant("park: a wait begins by a load and a store", WAKE),
    mutant("worker: nobody waits in the driver", EVENT),
    mutant("worker: a leaving worker wakes nobody (I4)", HAND_OVER),
    mutant("worker: the driver is not turned while tasks yield", YIELDS),
    mutant("worker: timers are not published before it sleeps", TIMER),
    mutant(
        "worker: what the driver has woken wakes nobody (I4)",
        SIDE_BY_SIDE,
    ),
    mutant("worker: what maintenance brings wakes nobody (I4)", BETWEEN),
    mutant("worker: a searcher that runs a task stays one (I2)", NEXT),
    mutant("worker: its timers wait while tasks yield", BUSY),
    mutant("worker: what its timers wake goes to its slot", WOKEN),
    mutant("worker: no maintenance while it is busy", SELF),
    mutant("monitor: a stuck worker's timers wait", STUCK),
    mutant("monitor: the driver is left alone", ALONE),
    mutant("worker: timers are not published before it leaves", LEFT),
    mutant(
        "worker: who gives its core away arms the seat's timers",
        GIVEN,
    ),
    mutant(
        "worker: who blocks in the driver gives its core away",
        IN_HAND,
    ),
    mutant("lookout: the driver is kept (L2)", WATCHED),
    mutant("lookout: a searcher looks out (L1)", BLOCKS),
    mutant("lookout: what it brings wakes nobody (L3)", SHARED),
    mutant("rest: nobody is asked for company (R1)", RESTS),
    mutant("rest: company is looked for too early (R1)", RESTS),
];

/// What has events: one that is fired once, for as many as wait for it.
#[derive(Debug, Default)]
struct Device {
    state: Mutex<State>,
    /// Rung by an event and by an unpark.
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    unparked: bool,
    fired: bool,
    /// Fired for the one who has waited longest.
    fired_for_one: bool,
    waiting: Vec<Waker>,
    /// Whom the next look at a worker's timers wakes.
    at_look: Vec<Waker>,
}

impl State {
    fn is_due(&self) -> bool {
        (self.fired || self.fired_for_one) && !self.waiting.is_empty()
    }

    /// Those whose event has come.
    fn take_due(&mut self) -> Vec<Waker> {
        let for_one = mem::take(&mut self.fired_for_one);
        let count = match self.waiting.len() {
            all if self.fired => all,
            all => all.min(usize::from(for_one)),
        };
        self.waiting.drain(..count).collect()
    }
}

impl Device {
    /// Somebody looks at a worker's timers.
    fn look(&self) {
        let woken = mem::take(&mut self.state.lock().unwrap().at_look);
        self.wake(woken);
    }

    /// What the system does: it wakes nobody but who waits in the driver.
    fn fire(&self) {
        self.state.lock().unwrap().fired = true;
        self.bell.notify_all();
    }

    /// The same for the one who has waited longest.
    fn fire_for_one(&self) {
        self.state.lock().unwrap().fired_for_one = true;
        self.bell.notify_all();
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap();
        if state.fired {
            return Poll::Ready(());
        }
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    async fn event(&self) {
        poll_fn(|cx| self.poll(cx)).await;
    }

    fn wake(&self, waiting: Vec<Waker>) {
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// The exclusive side.
struct Exclusive {
    device: Arc<Device>,
    timer: Timer,
    looked_after: Arc<Gate>,
}

impl Driver for Exclusive {
    fn park(&mut self, _quiet: &dyn Fn() -> bool) {
        // As in the facade, whose clock stands still under loom, too. Where a deadline is known, the
        // wait would end by itself.
        let limit = self.timer.prepare_park(None);
        let waiting = {
            let mut state = self.device.state.lock().unwrap();
            while limit.is_none() && !state.unparked && !state.is_due() {
                state = self.device.bell.wait(state).unwrap();
            }
            state.unparked = false;
            state.take_due()
        };
        self.timer.finish_park();
        self.device.wake(waiting);
        if limit.is_some() {
            self.timer.advance_to_next();
        }
        self.timer.turn();
    }

    fn turn(&mut self) {
        self.looked_after.open();
        self.device.look();
        let waiting = self.device.state.lock().unwrap().take_due();
        self.device.wake(waiting);
        self.timer.turn();
    }

    fn is_worth_a_look(&self) -> bool {
        true
    }
}

/// The shared side.
#[derive(Debug)]
struct Shared {
    device: Arc<Device>,
    timer: Timer,
    looked_after: Arc<Gate>,
}

impl Environment for Shared {
    fn enter(&self, seat: Option<usize>, body: &mut dyn FnMut()) {
        let _timer = self.timer.enter(seat);
        body();
    }

    fn unseat(&self) {
        self.timer.unseat();
    }

    fn unpark(&self) {
        unpark(&self.device);
    }

    fn wants_turn(&self) -> bool {
        true
    }

    fn tick(&self, seat: usize) {
        self.looked_after.open();
        self.device.look();
        self.timer.turn_seat(seat);
    }

    fn before_sleep(&self, seat: usize) {
        self.timer.before_sleep(seat);
    }

    fn jobs_ended(&self) {}

    fn turn_after_the_end(&self) {
        self.timer.turn();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn shutdown(&self) {
        self.timer.shutdown();
    }
}

fn unpark(device: &Device) {
    device.state.lock().unwrap().unparked = true;
    device.bell.notify_all();
}

/// An executor with a driver, its device, and a gate that a look at a worker's timers opens.
fn executor(worker_threads: usize) -> (Executor, Arc<Device>, Arc<Gate>) {
    let (device, looked_after) = (Arc::new(Device::default()), Arc::new(Gate::default()));
    let own = device.clone();
    let seats = mainspring_executor::Config::seats(worker_threads);
    let timer = Timer::new(seats, StdArc::new(move || unpark(&own)));
    let driver = Exclusive {
        device: device.clone(),
        timer: timer.clone(),
        looked_after: looked_after.clone(),
    };
    let environment = Shared {
        device: device.clone(),
        timer,
        looked_after: looked_after.clone(),
    };
    let config = config(worker_threads);
    let executor = Executor::new(config, Some(Box::new(driver)), Box::new(environment));
    (executor.expect("loom has threads"), device, looked_after)
}

/// The same; the workers sleep, the first one in the driver.
fn sleeping_executor(worker_threads: usize) -> (Executor, Arc<Device>) {
    unexplored(|| {
        let (executor, device, _) = executor(worker_threads);
        until_asleep(&executor, worker_threads);
        (executor, device)
    })
}

/// Returns when so many workers sleep.
fn until_asleep(executor: &Executor, workers: usize) {
    while sleeping_workers(executor.handle()) < workers {
        thread::yield_now();
    }
}

/// A timer that is armed, and opens the gate.
fn armed() -> (Pin<Box<Sleep>>, Arc<Gate>) {
    let (gate, waker) = WakerGate::pair();
    let mut timer = Box::pin(sleep(Duration::from_millis(1)));
    let polled = timer.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    (timer, gate)
}

/// A task that waits for the device; returns when it does.
fn spawn_after_event(
    executor: &Executor,
    device: &Arc<Device>,
    then: impl FnOnce() + Send + 'static,
) {
    let (event, waits) = (device.clone(), Arc::new(Gate::default()));
    let begins = waits.clone();
    drop(executor.handle().spawn(async move {
        let mut event = Box::pin(event.event());
        poll_fn(|cx| {
            let polled = event.as_mut().poll(cx);
            begins.open();
            polled
        })
        .await;
        then();
    }));
    waits.wait();
}

/// A task that waits until the device wakes it once; returns when it does.
fn spawn_after_a_wake(
    executor: &Executor,
    device: &Arc<Device>,
    then: impl Future<Output = ()> + Send + 'static,
) {
    let (device, begun) = (device.clone(), Arc::new(Gate::default()));
    let begins = begun.clone();
    let mut first = true;
    drop(executor.handle().spawn(async move {
        poll_fn(|cx| {
            if !mem::take(&mut first) {
                return Poll::Ready(());
            }
            let polled = device.poll(cx);
            begins.open();
            polled
        })
        .await;
        then.await;
    }));
    begun.wait();
}

/// wake ∥ the thread goes into the driver: it returns, and polls its root.
#[test]
fn a_wake_reaches_a_thread_in_the_driver() {
    model(wake_a_root);
}

fn wake_a_root() {
    let (executor, _device, _) = executor(0);
    let mark = Mark::default();
    let mut other = None;
    executor.handle().block_on(poll_fn(|cx| {
        if other.is_none() {
            let (own, waker) = (mark.clone(), cx.waker().clone());
            other = Some(thread::spawn(move || {
                own.set();
                waker.wake();
            }));
        }
        if mark.is_set() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    other.unwrap().join().unwrap();
}

/// event ∥ the thread goes to sleep: it does so in the driver, and sees the event.
#[test]
fn an_event_is_seen_by_the_thread_in_the_driver() {
    model(see_an_event);
}

fn see_an_event() {
    let (executor, device, _) = executor(0);
    let fires = device.clone();
    let other = thread::spawn(move || fires.fire());
    executor.handle().block_on(device.event());
    other.join().unwrap();
}

/// A thread leaves the driver and the runtime ∥ a worker sleeps on its condition variable: the worker
/// takes the driver over, and the event that comes then is seen.
#[test]
fn who_leaves_hands_the_driver_over() {
    model(|| {
        let (executor, device, _) = executor(1);
        let done = Arc::new(Gate::default());
        let begun: Arc<Mutex<(bool, Option<Waker>)>> = Arc::default();
        let (event, begins, ends) = (device.clone(), begun.clone(), done.clone());
        drop(executor.handle().spawn(async move {
            let mut event = Box::pin(event.event());
            poll_fn(|cx| {
                let polled = event.as_mut().poll(cx);
                let mut begins = begins.lock().unwrap();
                begins.0 = true;
                begins.1.take().into_iter().for_each(Waker::wake);
                polled
            })
            .await;
            ends.open();
        }));
        executor.handle().block_on(poll_fn(|cx| {
            let mut begun = begun.lock().unwrap();
            if begun.0 {
                return Poll::Ready(());
            }
            begun.1 = Some(cx.waker().clone());
            Poll::Pending
        }));
        device.fire();
        done.wait();
    });
}

/// One event wakes two tasks, each of which blocks until the other has run: the worker that was in the
/// driver has both, and another worker is woken for one of them.
#[test]
fn tasks_of_one_event_run_side_by_side() {
    model_with_preemptions(0, || {
        let (executor, device) = sleeping_executor(2);
        let gates = [(); 2].map(|()| Arc::new(Gate::default()));
        let [first, second] = gates.clone();
        for (own, others) in [(first.clone(), second.clone()), (second, first)] {
            spawn_after_event(&executor, &device, move || {
                own.open();
                others.wait();
            });
        }
        until_asleep(&executor, 2);
        device.fire();
        gates.into_iter().for_each(|gate| gate.wait());
    });
}

/// An event comes while a root yields again and again: the driver is turned in between.
#[test]
fn an_event_is_seen_while_tasks_yield() {
    model(|| {
        let (executor, device, _) = executor(0);
        let mark = Mark::default();
        let own = mark.clone();
        let event = device.clone();
        drop(executor.handle().spawn(async move {
            event.event().await;
            own.set();
        }));
        executor.handle().block_on(async {
            yield_now().await;
            device.fire();
            while !mark.is_set() {
                yield_now().await;
            }
        });
    });
}

/// A worker whose task yields again and again ∥ another thread waits in the driver, and knows nothing of
/// the worker's timers: the worker looks after them itself, by a turn or by a tick.
#[test]
fn a_busy_worker_looks_after_its_timers() {
    model_with_preemptions(1, || {
        let (executor, _device, looked_after) = executor(1);
        let (begun, goes_on) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let (begins, waits) = (begun.clone(), goes_on.clone());
        let mut task = executor.handle().spawn(async move {
            begins.open();
            waits.wait();
            while !looked_after.is_open() {
                thread::yield_now();
                yield_now().await;
            }
        });
        begun.wait();
        let ended = executor.handle().block_on(poll_fn(|cx| {
            goes_on.open();
            Pin::new(&mut task).poll(cx)
        }));
        ended.unwrap();
    });
}

/// A worker whose task yields wakes another one by its timers ∥ a worker sleeps in the driver: it runs one of the
/// two, which wait for one another.
#[test]
fn a_task_that_a_busy_worker_s_timers_wake_is_for_the_other_worker() {
    model_with_preemptions(1, || {
        let (executor, device) = sleeping_executor(2);
        let task = executor.handle().spawn(async move {
            let (waits, comes_back) = (Mark::default(), Arc::new(Gate::default()));
            let (has_waker, gate) = (waits.clone(), comes_back.clone());
            drop(spawn(poll_fn(move |cx| {
                if has_waker.is_set() {
                    gate.wait();
                    return Poll::Ready(());
                }
                let waker = cx.waker().clone();
                device.state.lock().unwrap().at_look.push(waker);
                has_waker.set();
                Poll::Pending
            })));
            while !waits.is_set() {
                thread::yield_now();
                yield_now().await;
            }
            yield_now().await;
            comes_back.open();
        });
        block_on(task).unwrap();
        unexplored(|| drop(executor));
    });
}

/// A worker arms a timer and goes to sleep ∥ another thread is in the driver, or about to: it learns of
/// the timer, and the timer fires.
#[test]
fn a_timer_made_earlier_reaches_the_driver() {
    model_with_preemptions(1, timer_of_another_worker);
}

fn timer_of_another_worker() {
    let (executor, _device) = sleeping_executor(1);
    let [begun, goes_on] = [(); 2].map(|()| Arc::new(Gate::default()));
    let (begins, waits) = (begun.clone(), goes_on.clone());
    // Once the worker has it, this thread does not find it, for which it is not.
    let mut task = unexplored(|| {
        let task = executor.handle().spawn(async move {
            begins.open();
            waits.wait();
            sleep(Duration::from_millis(1)).await;
        });
        begun.wait();
        task
    });
    let ended = executor.handle().block_on(poll_fn(|cx| {
        goes_on.open();
        Pin::new(&mut task).poll(cx)
    }));
    ended.unwrap();
    unexplored(|| drop(executor));
}

/// The same where the worker is not in the driver, but turns it between two polls of a task that yields,
/// while the other one sleeps on its condition variable.
#[test]
fn tasks_of_an_event_between_two_polls_run_side_by_side() {
    model_with_preemptions(0, || {
        let (executor, device) = sleeping_executor(2);
        let fires = device.clone();
        spawn_after_a_wake(&executor, &device, async move {
            fires.fire();
            yield_now().await;
        });
        let gates = [(); 2].map(|()| Arc::new(Gate::default()));
        let [one, other] = gates.clone();
        for (own, others) in [(one.clone(), other.clone()), (other, one)] {
            spawn_after_event(&executor, &device, move || {
                own.open();
                others.wait();
            });
        }
        until_asleep(&executor, 2);
        device.fire_for_one();
        gates.into_iter().for_each(|gate| gate.wait());
    });
}

/// A worker in the driver is claimed for a task that another worker then takes, and has by an event a
/// task of its own, which blocks until one has run that comes from outside: the push of that one relies
/// on it, and it wakes the other worker.
#[test]
fn a_woken_worker_with_a_task_of_its_own_wakes_the_next() {
    model_with_preemptions(0, || {
        let (executor, device) = sleeping_executor(2);
        let [event, goes_on, done] = [(); 3].map(|()| Arc::new(Gate::default()));
        unexplored(|| {
            let (waits, ends) = (event.clone(), done.clone());
            spawn_after_event(&executor, &device, move || {
                waits.wait();
                ends.open();
            });
            until_asleep(&executor, 2);
            let (busy, waits) = (Arc::new(Gate::default()), goes_on.clone());
            let begins = busy.clone();
            drop(executor.handle().spawn(async move {
                begins.open();
                waits.wait();
            }));
            busy.wait();
        });
        drop(executor.handle().spawn(async {}));
        device.fire();
        goes_on.open();
        until_asleep(&executor, 1);
        drop(executor.handle().spawn(async move { event.open() }));
        done.wait();
    });
}

/// An event comes while a task wakes itself again and again, so that the worker never runs out of work:
/// the driver is turned now and then.
#[test]
fn an_event_is_seen_while_a_task_wakes_itself() {
    model(|| {
        let (executor, device, _) = executor(0);
        let mark = Mark::default();
        let own = mark.clone();
        let event = device.clone();
        drop(executor.handle().spawn(async move {
            event.event().await;
            own.set();
        }));
        let restless = executor.handle().spawn(poll_fn(move |cx| {
            if mark.is_set() {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        executor.handle().block_on(async {
            yield_now().await;
            device.fire();
            restless.await.unwrap();
        });
    });
}

/// A worker has armed a timer and is stuck in the same poll ∥ another thread is in the driver, or about
/// to be ∥ the monitor looks: the timer fires.
#[test]
fn the_timers_of_a_stuck_worker_reach_the_driver() {
    model_with_preemptions(0, || {
        let (executor, _device) = sleeping_executor(1);
        let [begun, goes_on, arms] = [(); 3].map(|()| Arc::new(Gate::default()));
        let (begins, waits, is_armed) = (begun.clone(), goes_on.clone(), arms.clone());
        // Once the worker has it, this thread does not find it, for which it is not.
        let mut stuck = unexplored(|| {
            let stuck = executor.handle().spawn(async move {
                begins.open();
                waits.wait();
                let (_timer, fired) = armed();
                is_armed.open();
                fired.wait();
            });
            begun.wait();
            stuck
        });
        let handle = executor.handle().clone();
        let monitor = thread::spawn(move || {
            arms.wait();
            let mut watch = Watch::new(&handle);
            watch.look(&handle);
            watch.look(&handle);
            watch.rescue(&handle);
        });
        let ended = executor.handle().block_on(poll_fn(|cx| {
            goes_on.open();
            Pin::new(&mut stuck).poll(cx)
        }));
        ended.unwrap();
        monitor.join().unwrap();
        unexplored(|| drop(executor));
    });
}

/// A worker comes from the driver with a task that blocks, while another worker sleeps on its condition
/// variable and nobody is in the driver: the monitor wakes that one, which takes the driver over.
#[test]
fn a_driver_that_a_stuck_worker_has_left_is_taken_over() {
    model_with_preemptions(1, || {
        let (executor, device) = sleeping_executor(2);
        let (begun, done) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let (begins, ends) = (begun.clone(), done.clone());
        unexplored(|| {
            spawn_after_event(&executor, &device, move || {
                let (_timer, fired) = armed();
                begins.open();
                fired.wait();
                ends.open();
            });
            until_asleep(&executor, 2);
        });
        device.fire();
        begun.wait();
        let mut watch = Watch::new(executor.handle());
        // At the first look every counter seems to have moved.
        (0..4).for_each(|_| watch.look(executor.handle()));
        watch.rescue(executor.handle());
        done.wait();
    });
}

/// A thread in `block_on` arms a timer and leaves ∥ one worker sleeps in the driver, and another one,
/// which is woken because of the leaving, does not: the first one learns of the timer.
#[test]
fn a_timer_that_a_guest_leaves_behind_reaches_the_driver() {
    model_with_preemptions(1, || {
        let (executor, _device) = sleeping_executor(2);
        let (_timer, fired) = executor.handle().block_on(async { armed() });
        fired.wait();
    });
}

/// A task gives its core away and then arms a timer ∥ the thread that has the core goes to sleep in the
/// driver: it learns of the timer.
#[test]
fn who_has_given_its_core_away_arms_timers_as_an_outsider() {
    model_with_preemptions(1, || {
        let (executor, _device) = sleeping_executor(1);
        let done = Arc::new(Gate::default());
        let ends = done.clone();
        drop(executor.handle().spawn(async move {
            block_in_place(|| {
                let (_timer, fired) = armed();
                fired.wait();
            });
            ends.open();
        }));
        done.wait();
    });
}

/// Two workers go to sleep at the same time, each of which leaves the driver to the other while that one is
/// awake ∥ an event: one of them waits in the driver, and sees it.
#[test]
fn of_two_workers_that_may_rest_one_waits_in_the_driver() {
    with_variant("rest: whoever has company rests", || {
        model_with_preemptions(2, || {
            let (executor, device) = unexplored(|| {
                let (executor, device, _) = executor(2);
                (executor, device)
            });
            let (gate, waker) = WakerGate::pair();
            assert!(device.poll(&mut Context::from_waker(&waker)).is_pending());
            device.fire();
            gate.wait();
            unexplored(|| drop(executor));
        });
    });
}

/// event ∥ the thread, which is alone, looks out and goes to sleep: it sees the event.
#[test]
fn an_event_is_seen_by_who_looks_out_or_sleeps_after_it() {
    with_variant("lookout: whoever is alone looks out twice", || {
        model(see_an_event);
    });
}

/// wake ∥ the same thread: it polls its root.
#[test]
fn a_wake_reaches_who_looks_out_or_sleeps_after_it() {
    with_variant("lookout: whoever is alone looks out twice", || {
        model(wake_a_root);
    });
}

/// A worker that is awake alone looks out and finds an event for two tasks, each of which blocks until the
/// other has run: another worker is woken for one of them.
#[test]
fn what_who_looks_out_has_beyond_one_task_is_made_known() {
    with_variant("lookout: whoever is alone looks out twice", || {
        model_with_preemptions(1, || {
            let (executor, device) = sleeping_executor(2);
            let gates = [(); 2].map(|()| Arc::new(Gate::default()));
            let [first, second] = gates.clone();
            let fires = device.clone();
            unexplored(|| {
                spawn_after_a_wake(&executor, &device, async move { fires.fire() });
                for (own, others) in [(first.clone(), second.clone()), (second, first)] {
                    spawn_after_event(&executor, &device, move || {
                        own.open();
                        others.wait();
                    });
                }
                until_asleep(&executor, 2);
            });
            device.fire_for_one();
            gates.into_iter().for_each(|gate| gate.wait());
            unexplored(|| drop(executor));
        });
    });
}

/// A worker arms a timer and goes to sleep ∥ another thread looks out, and goes to sleep in the driver: the
/// timer fires.
#[test]
fn a_timer_made_earlier_reaches_who_looks_out() {
    with_variant("lookout: whoever is alone looks out twice", || {
        model_with_preemptions(1, timer_of_another_worker);
    });
}

/// Blocks in its wake, as long as the other thread wants.
struct BlockingWaker {
    begins: Arc<Gate>,
    ends: Arc<Gate>,
}

impl Wake for BlockingWaker {
    fn wake(self: StdArc<Self>) {
        block_in_place(|| {
            self.begins.open();
            self.ends.wait();
        });
    }
}

/// A worker that is awake alone looks out and calls a waker that blocks until a task from outside has run:
/// another worker is woken for that task.
#[test]
fn a_push_wakes_another_worker_while_a_waker_blocks_who_looks_out() {
    with_variant("lookout: whoever is alone looks out twice", || {
        model_with_preemptions(1, || {
            let (executor, device) = sleeping_executor(2);
            let (begins, ends) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
            let waker = Waker::from(StdArc::new(BlockingWaker {
                begins: begins.clone(),
                ends: ends.clone(),
            }));
            let fires = device.clone();
            unexplored(|| {
                spawn_after_a_wake(&executor, &device, async move { fires.fire() });
                until_asleep(&executor, 2);
            });
            assert!(device.poll(&mut Context::from_waker(&waker)).is_pending());
            device.fire_for_one();
            begins.wait();
            let opens = ends.clone();
            drop(executor.handle().spawn(async move { opens.open() }));
            ends.wait();
            unexplored(|| drop(executor));
        });
    });
}

/// The worker that waits in the driver calls a waker that blocks ∥ a task comes from outside: the worker
/// stays in its seat, is woken for the task after the wake, and runs it.
#[test]
fn a_waker_that_blocks_in_the_driver_leaves_the_worker_its_seat() {
    model_with_preemptions(1, || {
        let (executor, device) = sleeping_executor(1);
        let (begins, ends) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let waker = Waker::from(StdArc::new(BlockingWaker {
            begins: begins.clone(),
            ends: ends.clone(),
        }));
        assert!(device.poll(&mut Context::from_waker(&waker)).is_pending());
        device.fire();
        begins.wait();
        let run = Arc::new(Gate::default());
        let runs = run.clone();
        let outside = executor.handle().spawn(async move { runs.open() });
        ends.open();
        run.wait();
        drop(outside);
        unexplored(|| drop(executor));
    });
}
