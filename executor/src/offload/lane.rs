//! The queues of waiting jobs, one for each kind of work, and how many of each kind may run at once.
//!
//! No lock and no thread in here: [`super::board`] holds it behind its lock.

use std::collections::VecDeque;

/// What a queue holds: a job's queue entry; in a model, a number.
pub(crate) trait Entry {
    /// What is kept of a job while a thread runs it.
    type Mark: Clone;

    /// The mark of this job.
    fn mark(&self) -> Self::Mark;

    /// Whether the job was cancelled while it waited: then running it only lets the entry go.
    fn is_stale(&self) -> bool;
}

/// The kinds of work. Each has a limit of its own, so that none can take another's threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The user's jobs that wait.
    Blocking,
    /// The user's jobs that compute.
    Computing,
    /// The runtime's own work on files.
    Files,
    /// The runtime's own look-ups of names.
    Lookups,
}

/// How many jobs of each lane may run at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of the user's jobs that wait.
    pub(crate) blocking: usize,
    /// Of the user's jobs that compute.
    pub(crate) computing: usize,
    /// Of the runtime's own work on files.
    pub(crate) files: usize,
    /// Of the runtime's own look-ups.
    pub(crate) lookups: usize,
}

/// All lanes.
#[derive(Debug)]
pub(crate) struct Lanes<J> {
    /// Indexed by [`Lane`].
    queues: [Queue<J>; 4],
    /// The ticket of the job that comes next; greater than all those before.
    next_ticket: u64,
}

/// One lane.
#[derive(Debug)]
struct Queue<J> {
    /// Those that wait, with their tickets, the oldest first.
    waiting: VecDeque<(u64, J)>,
    /// How many run, or are on their way to a thread.
    now: usize,
    /// How many may.
    limit: usize,
}

/// The ticket of a job that is put back: older than all.
const PUT_BACK: u64 = 0;

/// From this many on, a queue that would grow is first looked through for stale entries.
const SWEEP_FROM: usize = 64;

/// Room for more than this is given back when a queue is empty.
const KEPT_MAX: usize = 4096;

impl<J: Entry> Lanes<J> {
    pub(super) fn new(limits: Limits) -> Self {
        let queue = |limit| Queue {
            waiting: VecDeque::new(),
            now: 0,
            limit,
        };
        Self {
            queues: [
                queue(limits.blocking),
                queue(limits.computing),
                queue(limits.files),
                queue(limits.lookups),
            ],
            next_ticket: PUT_BACK + 1,
        }
    }

    /// Adds a job at the end. Gives the stale entries that it swept out to make room: the caller
    /// runs them when the lock is gone.
    pub(super) fn push(&mut self, lane: Lane, job: J) -> Vec<J> {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let queue = self.lane(lane);
        let stale = queue.sweep();
        queue.waiting.push_back((ticket, job));
        stale
    }

    /// Undoes [`take`](Self::take): the job is the next one again.
    pub(super) fn put_back(&mut self, lane: Lane, job: J) {
        let queue = self.lane(lane);
        queue.now -= 1;
        queue.waiting.push_front((PUT_BACK, job));
    }

    /// The job that has waited longest among those that may run now. It counts as running.
    pub(super) fn take(&mut self) -> Option<(Lane, J)> {
        let oldest = |lane: &Lane| {
            let queue = &self.queues[*lane as usize];
            let front = queue.waiting.front().filter(|_| queue.room() > 0);
            front.map(|(ticket, _)| (*ticket, *lane))
        };
        let lanes = [Lane::Blocking, Lane::Computing, Lane::Files, Lane::Lookups];
        let (_, lane) = lanes.iter().filter_map(oldest).min_by_key(|next| next.0)?;
        let queue = self.lane(lane);
        let (_, job) = queue.waiting.pop_front()?;
        queue.now += 1;
        if queue.waiting.is_empty() && queue.waiting.capacity() > KEPT_MAX {
            queue.waiting = VecDeque::new();
        }
        Some((lane, job))
    }

    /// How many of the waiting jobs could run now, if there were threads.
    pub(super) fn startable(&self) -> usize {
        let of = |queue: &Queue<J>| queue.waiting.len().min(queue.room());
        self.queues.iter().map(of).sum()
    }

    /// A job of `lane` has ended, or its thread waits.
    pub(super) fn leave(&mut self, lane: Lane) {
        self.lane(lane).now -= 1;
    }

    /// A thread goes on with its job of `lane`, even beyond the limit.
    pub(super) fn return_to(&mut self, lane: Lane) {
        self.lane(lane).now += 1;
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        self.queues.iter().map(|queue| queue.waiting.len()).sum()
    }

    /// All jobs that wait. The queues are empty then.
    pub(super) fn drain(&mut self) -> Vec<J> {
        let queues = self.queues.iter_mut();
        queues
            .flat_map(|queue| queue.waiting.drain(..).map(|(_, job)| job))
            .collect()
    }

    fn lane(&mut self, lane: Lane) -> &mut Queue<J> {
        &mut self.queues[lane as usize]
    }
}

impl<J: Entry> Queue<J> {
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.now)
    }

    /// Takes the stale entries out of a long queue that is about to grow, so that jobs which are
    /// aborted as fast as they come do not pile up behind stuck ones. There is room for as many
    /// again afterwards, so a push costs the same on average as without.
    fn sweep(&mut self) -> Vec<J> {
        let length = self.waiting.len();
        if length < SWEEP_FROM || length < self.waiting.capacity() {
            return Vec::new();
        }
        let mut stale = Vec::new();
        let mut live = Vec::new();
        for (ticket, job) in self.waiting.drain(..) {
            if job.is_stale() {
                stale.push(job);
            } else {
                live.push((ticket, job));
            }
        }
        self.waiting.reserve(2 * live.len());
        self.waiting.extend(live);
        stale
    }
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use super::*;

    impl Entry for (u32, bool) {
        type Mark = ();

        fn mark(&self) {}

        fn is_stale(&self) -> bool {
            self.1
        }
    }

    const LIMITS: Limits = Limits {
        blocking: 2,
        computing: 1,
        files: 1,
        lookups: 1,
    };

    #[test]
    fn the_oldest_that_may_run_comes_first_whatever_its_lane() {
        let mut lanes = Lanes::new(LIMITS);
        for (number, lane) in [Lane::Lookups, Lane::Lookups, Lane::Files, Lane::Blocking]
            .into_iter()
            .enumerate()
        {
            lanes.push(lane, (number as u32, false));
        }
        assert_eq!(lanes.startable(), 3);
        assert_eq!(lanes.take(), Some((Lane::Lookups, (0, false))));
        assert_eq!(lanes.take(), Some((Lane::Files, (2, false))));
        lanes.leave(Lane::Lookups);
        lanes.put_back(Lane::Files, (2, false));
        assert_eq!(lanes.take(), Some((Lane::Files, (2, false))));
        assert_eq!(lanes.take(), Some((Lane::Lookups, (1, false))));
        assert_eq!(lanes.take(), Some((Lane::Blocking, (3, false))));
        assert_eq!(lanes.take(), None);
        assert_eq!(lanes.waiting(), 0);
    }

    #[test]
    fn a_thread_that_returns_may_exceed_the_limit() {
        let mut lanes = Lanes::new(LIMITS);
        for number in 0..3 {
            lanes.push(Lane::Computing, (number, false));
        }
        assert!(lanes.take().is_some());
        lanes.leave(Lane::Computing);
        assert!(lanes.take().is_some());
        lanes.return_to(Lane::Computing);
        assert_eq!(lanes.startable(), 0);
        lanes.leave(Lane::Computing);
        assert_eq!(lanes.startable(), 0);
        lanes.leave(Lane::Computing);
        assert_eq!(lanes.startable(), 1);
    }

    #[test]
    fn stale_entries_do_not_pile_up() {
        let mut lanes = Lanes::new(LIMITS);
        let mut swept = 0;
        for number in 0..100_000 {
            swept += lanes.push(Lane::Files, (number, number % 1_000 != 0)).len();
            assert!(lanes.waiting() < 1_000, "{}", lanes.waiting());
        }
        let left = lanes.drain();
        assert_eq!(swept + left.len(), 100_000);
        let live: Vec<_> = left.into_iter().filter(|job| !job.1).collect();
        let expected: Vec<_> = (0..100).map(|number| (number * 1_000, false)).collect();
        assert_eq!(live, expected);
    }
}
