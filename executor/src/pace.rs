//! Pace: how long a worker's polls take, and so whether its backlog is worth the help of others.
//!
//! To wake a worker takes 5 to 80 us until it has found the work, and a task that changes cores costs
//! a few hundred nanoseconds in lines of memory that must follow it. A few short tasks are done sooner
//! by the worker that has them. So a worker opens its queue to others when that pays:
//!
//! | what it knows | its queue |
//! |---|---|
//! | nothing yet about its polls | open, as soon as there is a backlog |
//! | polls of [`LONG_POLL`] or more | open, when the backlog is worth [`WORTH`] |
//! | shorter ones | open, when the backlog has been worth that for [`PERSISTENT`], and consists of tasks that come again and again |
//!
//! and closes it when the backlog is small again. A task in a closed queue waits for none but the tasks
//! before it: its worker is awake. If that worker is stuck in a poll after all, the monitor opens the
//! queue; without a monitor it is always open.
//!
//! Opening is a push, to the others: it is followed by the `notify` of the sleep protocol. Thieves and
//! the last look before a sleep pass over closed queues ([`crate::idle`]). All of it is a hint: nothing
//! is lost if it is seen late, and in a model every queue is open.
//!
//! Measured on 2 cores, always open / with this rule: fan-in 222 / 104 ns a message, spawn and join
//! 270 / 200 ns a task; yield of 1,000 tasks, which stay where they are once they have moved, 40 / 40.

use std::time::{Duration, Instant};

use crate::sync::time;

/// Polls are averaged over at least so many.
const SAMPLE: u32 = 32;

/// A poll that takes longer than the way to another core costs is worth that way.
const LONG_POLL: u64 = 1_000;

/// A backlog of so many nanoseconds outlasts the waking of another worker.
const WORTH: u64 = 50_000;

/// A backlog of short polls that is still there after this time may stay for long: then it is worth the
/// way, which its tasks go once.
const PERSISTENT: Duration = Duration::from_micros(200);

/// What a spawn costs in nanoseconds, about.
const SPAWN: u64 = 100;

/// Tasks come again and again if there are so many polls for each spawn.
const RECURRENT: u32 = 8;

/// What a worker knows of its own speed.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Nanoseconds a poll, on average. None: not known yet.
    mean: Option<u64>,
    /// Polls since the last sample.
    polls: u32,
    /// Spawns since the last sample.
    spawns: u32,
    /// Whether most polls were those of tasks that had been there before.
    is_recurrent: bool,
    /// The time that went by with them, up to `since`.
    busy: Duration,
    /// Since when the worker has been busy. None: it has nothing to do, or has just begun.
    since: Option<Instant>,
    /// Since when the backlog has been worth help.
    heavy_since: Option<Instant>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            mean: None,
            polls: 0,
            spawns: 0,
            is_recurrent: false,
            busy: Duration::ZERO,
            since: None,
            heavy_since: None,
        }
    }

    /// A poll begins.
    #[inline]
    pub(crate) fn count_poll(&mut self) {
        self.polls += 1;
    }

    /// A task is spawned.
    #[inline]
    pub(crate) fn count_spawn(&mut self) {
        self.spawns += 1;
    }

    /// The worker has nothing to do from now on.
    pub(crate) fn stop(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.busy += now.saturating_duration_since(since);
        }
        self.heavy_since = None;
    }

    /// It has something to do again.
    pub(crate) fn start(&mut self, now: Instant) {
        self.since = Some(now);
    }

    /// Whether polls are known to be short.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.mean.is_some_and(|mean| mean < LONG_POLL)
    }

    /// Whether a backlog that has just grown to `tasks` is worth help.
    #[inline]
    pub(crate) fn is_worth_help(&self, tasks: usize) -> bool {
        match self.mean {
            Some(mean) => mean >= LONG_POLL && is_heavy(mean, tasks),
            None => true,
        }
    }

    /// As [`is_worth_help`](Self::is_worth_help), with a look at the clock: now and then.
    ///
    /// A queue that is open is closed at half the backlog that opens one: others have had their part of
    /// it, and are not to be sent to sleep for that.
    pub(crate) fn is_still_worth_help(&mut self, tasks: usize, is_open: bool) -> bool {
        if cfg!(mainspring_loom) {
            return true;
        }
        let counted = if is_open { 2 * tasks } else { tasks };
        let is_light = |mean| !is_heavy(mean, counted);
        if !self.is_sample_due() && self.mean.is_some_and(is_light) {
            // Whoever yields to nobody comes by here each time: a look at the clock is a fifth of it.
            self.heavy_since = None;
            return false;
        }
        let now = time::now();
        self.take_sample(now);
        let Some(mean) = self.mean else {
            return true;
        };
        if is_light(mean) {
            self.heavy_since = None;
            return false;
        }
        let since = *self.heavy_since.get_or_insert(now);
        let lasts = now.saturating_duration_since(since) >= PERSISTENT;
        mean >= LONG_POLL || (lasts && self.is_recurrent)
    }

    /// Whether [`take_sample`](Self::take_sample) would do something.
    fn is_sample_due(&self) -> bool {
        self.since.is_none() || self.polls >= SAMPLE
    }

    fn take_sample(&mut self, now: Instant) {
        let Some(since) = self.since else {
            // Polls whose time was not taken do not count.
            (self.polls, self.spawns) = (0, 0);
            return self.start(now);
        };
        if self.polls < SAMPLE {
            return;
        }
        let busy = self.busy + now.saturating_duration_since(since);
        let nanos = u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
        // What a poll spends on spawns is the runtime's work, of which another worker has more.
        let spawning = u64::from(self.spawns) * SPAWN;
        let sample = nanos.saturating_sub(spawning) / u64::from(self.polls);
        self.mean = Some(match self.mean {
            // One poll of milliseconds among short ones is not what the next ones will take.
            Some(mean) => mean - mean / 8 + sample.min(8 * mean + LONG_POLL) / 8,
            None => sample,
        });
        self.is_recurrent = self.spawns < self.polls / RECURRENT;
        (self.polls, self.spawns) = (0, 0);
        self.busy = Duration::ZERO;
        self.since = Some(now);
    }
}

#[inline]
fn is_heavy(mean: u64, tasks: usize) -> bool {
    mean.saturating_mul(tasks as u64) >= WORTH
}

#[cfg(all(test, not(mainspring_loom)))]
impl Pace {
    /// That of a worker whose polls take so long.
    pub(crate) fn with_polls_of(nanos: u64) -> Self {
        let mut pace = Self::new();
        let begun = Instant::now();
        pace.take_sample(begun);
        (0..SAMPLE).for_each(|_| pace.count_poll());
        pace.take_sample(begun + Duration::from_nanos(nanos * u64::from(SAMPLE)));
        pace
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_knows_nothing_takes_any_help() {
        assert!(Pace::new().is_worth_help(1));
        assert!(Pace::new().is_still_worth_help(1, false));
    }

    #[test]
    fn few_short_polls_are_not_worth_help_and_long_ones_are() {
        assert!(!Pace::with_polls_of(100).is_worth_help(10_000));
        assert!(!Pace::with_polls_of(2_000).is_worth_help(24));
        assert!(Pace::with_polls_of(2_000).is_worth_help(25));
        assert!(Pace::with_polls_of(10_000_000).is_worth_help(1));
    }

    #[test]
    fn many_short_polls_are_worth_help_when_they_last() {
        let mut pace = Pace::with_polls_of(100);
        assert!(!pace.is_still_worth_help(1_000, false));
        std::thread::sleep(PERSISTENT);
        assert!(pace.is_still_worth_help(1_000, false), "{pace:?}");
        assert!(
            !pace.is_still_worth_help(100, false),
            "the backlog has shrunk"
        );
        assert!(!pace.is_still_worth_help(1_000, false), "and begins anew");
    }

    #[test]
    fn one_long_poll_does_not_make_all_polls_long() {
        let mut pace = Pace::with_polls_of(100);
        let now = Instant::now();
        pace.start(now);
        (0..SAMPLE).for_each(|_| pace.count_poll());
        pace.take_sample(now + Duration::from_secs(1));
        assert!(pace.mean < Some(LONG_POLL));
    }
}
