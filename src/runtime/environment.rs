//! The driver of one runtime: sockets and timers, put together.
//!
//! The parked worker waits for sockets until the earliest deadline, then turns the wheels. What
//! became due is woken with no lock held but the right to be in the driver, which nobody waits
//! for.
//!
//! Checked by: loom-tests/tests/models/clock.rs, and runtime.rs

use std::any::Any;
use std::io as std_io;
use std::sync::Arc;
use std::time::Duration;

use mainspring_executor as executor;
use mainspring_io as io;
use mainspring_timer as timer;

use crate::loom::{mutant, variant, waited};

/// The shared side.
#[derive(Debug, Clone)]
pub(super) struct Drivers {
    pub(super) io: io::Handle,
    pub(super) timer: Arc<timer::Handle>,
}

/// The exclusive side.
#[derive(Debug)]
pub(super) struct MainDriver {
    driver: io::Driver,
    io: io::Handle,
    timer: timer::Handle,
}

impl Drivers {
    /// Both sides, for an executor with this many seats.
    pub(super) fn new(seats: usize, timer_slack: Duration) -> std_io::Result<(Self, MainDriver)> {
        let (mut driver, io) = io::Driver::new()?;
        driver.set_timer_slack(timer_slack);
        let unpark = io.clone();
        let timer = timer::Handle::of_runtime(
            seats,
            Arc::new(move || unpark.unpark()),
            timer_budget(),
            timer::Origin::here(|| executor::fork::Generation::current().number()),
        );
        let main = MainDriver {
            driver,
            io: io.clone(),
            timer: timer.clone(),
        };
        let timer = Arc::new(timer);
        io.set_delay(delays(&timer));
        Ok((Self { io, timer }, main))
    }
}

/// How the sockets wait for a time: by the timers of whoever polls, or, where he has none, by those of
/// the runtime. These know the sockets, which therefore must not keep them.
fn delays(timer: &Arc<timer::Handle>) -> impl Fn(Duration) -> Option<io::Delay> + use<> {
    let of_runtime = Arc::downgrade(timer);
    move |time| {
        let _scope = if timer::Handle::try_current().is_some() {
            None
        } else {
            Some(of_runtime.upgrade()?.enter(None))
        };
        Some(Box::pin(timer::sleep(time)))
    }
}

impl Drivers {
    /// Those of an executor that was made with some.
    pub(super) fn of(executor: &executor::Handle) -> Option<&Self> {
        executor.environment().as_any().downcast_ref()
    }
}

/// Timers take part in what the executor allows a task in one poll.
fn timer_budget() -> timer::Budget {
    timer::Budget {
        has_remaining: executor::coop::has_budget_remaining,
        poll_proceed: |cx| executor::coop::poll_proceed(cx).map(|budget| budget.made_progress()),
    }
}

impl executor::Environment for Drivers {
    fn enter(&self, seat: Option<usize>, body: &mut dyn FnMut()) {
        let _io = self.io.enter();
        let _timer = self.timer.enter(seat);
        let _slack = io::TimerSlack::kept();
        body();
    }

    fn unseat(&self) {
        if !mutant!("driver: who gives its seat away keeps its wheel") {
            self.timer.unseat();
        }
    }

    fn unpark(&self) {
        if !mutant!("driver: a wake is not told to the sockets") {
            self.io.unpark();
        }
    }

    fn wants_turn(&self) -> bool {
        self.io.has_sources()
            || (self.timer.has_timers() && !mutant!("driver: a timer wants no turn"))
    }

    fn tick(&self, seat: usize) {
        if !mutant!("driver: a tick turns nothing") {
            self.timer.turn_seat(seat);
        }
    }

    fn before_sleep(&self, seat: usize) {
        if !mutant!("driver: a worker that sleeps tells nothing of its timers") {
            self.timer.before_sleep(seat);
        }
        // Under loom this may be the last worker to sleep: whoever waits in the driver for that looks
        // again. A paused clock has one worker, which waits there itself.
        let rings = cfg!(mainspring_loom) && jumps(&self.timer);
        if rings && !mutant!("clock: the last sleeper does not ring") {
            self.io.unpark();
        }
    }

    fn jobs_ended(&self) {
        if jumps(&self.timer) && !mutant!("clock: the last job does not ring") {
            self.io.unpark();
        }
    }

    fn turn_after_the_end(&self) {
        if mutant!("driver: nothing is turned after the end") {
            return;
        }
        if self.timer.is_frozen() {
            self.timer.advance_to_next();
        }
        self.timer.turn();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn shutdown(&self) {
        if !mutant!("driver: the end is not told to the sockets") {
            self.io.shutdown();
        }
        if !mutant!("driver: the end is not told to the timers") {
            self.timer.shutdown();
        }
    }
}

/// Whether the clock jumps to the next timer where others wait for it: while it is paused, and under
/// loom, but in the models of a clock that runs.
fn jumps(timer: &timer::Handle) -> bool {
    timer.is_frozen() && !variant!("clock: it runs")
}

impl MainDriver {
    /// Waits for sockets, `wait` at most. Returns how many had events.
    fn wait_for_io(&mut self, wait: Option<Duration>) -> usize {
        // On an error the driver has told everybody who waits for a socket; from then on its turns
        // wait without events, so that timers and wake-ups go on.
        self.driver.turn(wait).unwrap_or(0)
    }

    /// The wait of a paused clock, and of every clock under loom: it jumps to the next timer when
    /// nothing else can happen.
    fn park_frozen(&mut self, quiet: &dyn Fn() -> bool) {
        if quiet() {
            if self.wait_for_io(Some(Duration::ZERO)) > 0 || self.timer.turn() > 0 {
                return;
            }
            // An unpark that came before that turn was swallowed by it, so whether one has come is
            // asked again: if so, no wait may follow.
            if (!quiet() && !mutant!("clock: no second look after the turn"))
                || self.timer.advance_to_next()
            {
                return;
            }
        }
        let early = mutant!("clock: the timers are looked at before the announcement");
        let early = early.then(|| self.timer.has_timers());
        self.wait(|timer| {
            // One that was armed just before is the next to jump to, if nothing else can happen.
            let is_armed = early.unwrap_or_else(|| timer.has_timers());
            // An unpark that has come ends the wait at once; `jobs_ended` and `before_sleep` bring
            // one.
            !is_armed || !quiet() || mutant!("clock: no look at the timers after the announcement")
        });
    }

    /// The wait: for sockets, until the next timer is due; not if `may_wait` says no. Wakes what is
    /// due then.
    fn wait(&mut self, may_wait: impl FnOnce(&timer::Handle) -> bool) {
        // From here on who arms a timer knows that somebody waits.
        let limit = self.timer.prepare_park(None);
        if may_wait(&self.timer) {
            let limit = waited(&self.timer, limit);
            self.wait_for_io(limit);
        }
        self.timer.finish_park();
        if !mutant!("driver: nothing is turned after the wait") {
            self.timer.turn();
        }
    }
}

impl executor::Driver for MainDriver {
    fn park(&mut self, quiet: &dyn Fn() -> bool) {
        if jumps(&self.timer) {
            self.park_frozen(quiet);
        } else {
            self.wait(|_| true);
        }
    }

    fn turn(&mut self) {
        if self.io.has_sources() {
            self.wait_for_io(Some(Duration::ZERO));
        }
        if !mutant!("driver: a turn passes the timers by") {
            self.timer.turn();
        }
    }

    fn is_worth_a_look(&self) -> bool {
        // A clock that jumps does so in `park` only: whoever looks instead holds it up.
        self.io.has_sources() && !jumps(&self.timer)
    }
}
