//! The ledger: every task ends exactly once.
//!
//! A ticket is opened before its task is spawned. What happens to the task is noted in the ticket's
//! entry, and is checked against what has happened before:
//!
//! * It is polled by one thread at a time, and never after its end.
//! * Its future is dropped exactly once, and not without a reason: it returned, it panicked,
//!   somebody asked for its abort, or its runtime ends.
//! * Its outcome is seen at most once, after the future is gone, and agrees with what the future
//!   did.
//! * Its output is dropped, or handed over, exactly once.
//!
//! The entry closes when the future is gone, the output is gone, and the handle has told the
//! outcome or is gone as well. An event for a closed entry is a failure. Tickets are numbers and
//! not references, so that a future that is dropped twice is a failure here, and no undefined
//! behaviour of the ledger's own.
//!
//! An [`Era`] is the life of one runtime: when it ends, its tickets may be cancelled unasked.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, ThreadId};
use std::time::Instant;

use crate::report;

/// A task's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(u64);

/// What happens to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Polled,
    /// A poll has returned pending.
    Pended,
    Returned,
    /// A poll has panicked.
    Unwound,
    FutureDropped,
    FutureDestructorPanics,
    OutputDropped,
    OutputDestructorPanics,
    AbortAsked,
    SawFinished,
    SawCancelled,
    SawPanicked,
    HandleDropped,
}

/// The life of one runtime.
#[derive(Debug, Clone)]
pub(crate) struct Era(Arc<EraState>);

#[derive(Debug)]
struct EraState {
    number: u64,
    /// Set before the runtime ends. The end itself synchronises.
    ending: AtomicBool,
    /// Entries that are not closed.
    open: AtomicUsize,
}

/// How many tasks have ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) finished: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
}

struct Ledger {
    /// Open entries. Only the lock of the report is taken while one is held, never two of these.
    shards: Vec<Mutex<HashMap<u64, Entry>>>,
    next: AtomicU64,
    finished: AtomicU64,
    cancelled: AtomicU64,
    panicked: AtomicU64,
    /// When the program began, for the histories.
    epoch: Instant,
}

struct Entry {
    kind: &'static str,
    era: Era,
    /// Which events have happened, by their bits.
    marks: u32,
    polls: u32,
    is_polling: bool,
    /// What happened, but for the polls after the first.
    history: Vec<Moment>,
}

struct Moment {
    event: Event,
    micros: u64,
    thread: ThreadId,
}

const SHARDS: usize = 64;

/// Open entries that are written out.
const WRITTEN_MAX: usize = 20;

static LEDGER: LazyLock<Ledger> = LazyLock::new(|| Ledger {
    shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
    next: AtomicU64::new(1),
    finished: AtomicU64::new(0),
    cancelled: AtomicU64::new(0),
    panicked: AtomicU64::new(0),
    epoch: Instant::now(),
});

impl Ticket {
    /// Opens an entry.
    pub(crate) fn open(kind: &'static str, era: &Era) -> Self {
        let number = LEDGER.next.fetch_add(1, Ordering::Relaxed);
        era.0.open.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            kind,
            era: era.clone(),
            marks: 0,
            polls: 0,
            is_polling: false,
            history: Vec::with_capacity(6),
        };
        LEDGER.shard(number).insert(number, entry);
        Self(number)
    }

    /// Notes that something happened.
    pub(crate) fn note(self, event: Event) {
        if !matches!(event, Event::Polled | Event::Pended) {
            report::progress();
        }
        let closed = {
            let mut shard = LEDGER.shard(self.0);
            let Some(entry) = shard.get_mut(&self.0) else {
                // An abort handle outlives everything; nothing else does.
                if event != Event::AbortAsked {
                    report::failure(&format!("ticket {}: {event:?} after its end", self.0));
                }
                return;
            };
            if let Err(why) = entry.apply(event) {
                report::failure(&format!("{why}: {}", entry.tell(self.0)));
            }
            if !entry.is_closed() {
                return;
            }
            shard.remove(&self.0)
        };
        if let Some(entry) = closed {
            LEDGER.count(&entry);
            entry.era.0.open.fetch_sub(1, Ordering::Release);
        }
    }

    /// Notes a failure of the task's own, with its history.
    pub(crate) fn blame(self, what: &str) {
        let history = {
            let shard = LEDGER.shard(self.0);
            let entry = shard.get(&self.0);
            entry.map_or_else(|| "(closed)".to_owned(), |entry| entry.tell(self.0))
        };
        report::failure(&format!("{what}: {history}"));
    }
}

impl Era {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(Arc::new(EraState {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            ending: AtomicBool::new(false),
            open: AtomicUsize::new(0),
        }))
    }

    /// The runtime is about to end.
    pub(crate) fn ends(&self) {
        self.0.ending.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::SeqCst)
    }

    /// How many tasks have not ended.
    pub(crate) fn open(&self) -> usize {
        self.0.open.load(Ordering::Acquire)
    }
}

/// How many tasks have ended, and how.
pub(crate) fn tally() -> Tally {
    Tally {
        finished: LEDGER.finished.load(Ordering::Relaxed),
        cancelled: LEDGER.cancelled.load(Ordering::Relaxed),
        panicked: LEDGER.panicked.load(Ordering::Relaxed),
    }
}

/// The open entries, the first of them with their histories.
pub(crate) fn open_entries() -> Vec<String> {
    let mut told = Vec::new();
    let mut count = 0;
    for number in 0..SHARDS as u64 {
        let shard = LEDGER.shard(number);
        count += shard.len();
        let left = WRITTEN_MAX - told.len();
        told.extend(
            shard
                .iter()
                .take(left)
                .map(|(number, entry)| entry.tell(*number)),
        );
    }
    if count > told.len() {
        told.push(format!("and {} more", count - told.len()));
    }
    told
}

impl Tally {
    pub(crate) fn all(self) -> u64 {
        self.finished + self.cancelled + self.panicked
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            finished: self.finished - before.finished,
            cancelled: self.cancelled - before.cancelled,
            panicked: self.panicked - before.panicked,
        }
    }
}

impl Ledger {
    fn shard(&self, number: u64) -> std::sync::MutexGuard<'_, HashMap<u64, Entry>> {
        let shard = &self.shards[(number % SHARDS as u64) as usize];
        shard.lock().expect("nobody panics in here")
    }

    fn count(&self, entry: &Entry) {
        let count = if entry.has(Event::Unwound) || entry.has(Event::FutureDestructorPanics) {
            &self.panicked
        } else if entry.has(Event::Returned) {
            &self.finished
        } else {
            &self.cancelled
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Event {
    fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Whether it may happen to a task more than once.
    fn may_repeat(self) -> bool {
        matches!(
            self,
            Self::Polled
                | Self::Pended
                | Self::AbortAsked
                | Self::FutureDestructorPanics
                | Self::OutputDestructorPanics
        )
    }
}

impl Entry {
    fn has(&self, event: Event) -> bool {
        self.marks & event.bit() != 0
    }

    fn has_outcome(&self) -> bool {
        self.has(Event::SawFinished)
            || self.has(Event::SawCancelled)
            || self.has(Event::SawPanicked)
    }

    /// Whether somebody wants it to end: the abort that was asked for, or its runtime's end.
    fn may_be_cancelled(&self) -> bool {
        self.has(Event::AbortAsked) || self.era.is_ending()
    }

    fn is_closed(&self) -> bool {
        self.has(Event::FutureDropped)
            && (!self.has(Event::Returned) || self.has(Event::OutputDropped))
            && (self.has_outcome() || self.has(Event::HandleDropped))
    }

    /// Notes an event, and says what is wrong with it.
    fn apply(&mut self, event: Event) -> Result<(), &'static str> {
        let wrong = self.wrong(event);
        match event {
            Event::Polled => {
                self.is_polling = true;
                self.polls += 1;
            }
            Event::Pended | Event::Returned | Event::Unwound => self.is_polling = false,
            _ => {}
        }
        let is_new = !self.has(event);
        self.marks |= event.bit();
        if is_new && event != Event::Pended || !event.may_repeat() {
            self.history.push(Moment {
                event,
                micros: LEDGER.epoch.elapsed().as_micros() as u64,
                thread: thread::current().id(),
            });
        }
        wrong.map_or(Ok(()), Err)
    }

    /// What is wrong with an event, before it is noted.
    fn wrong(&self, event: Event) -> Option<&'static str> {
        if self.has(event) && !event.may_repeat() {
            return Some("the same twice");
        }
        let ended = self.has(Event::Returned) || self.has(Event::Unwound);
        let destroyed = self.has(Event::FutureDestructorPanics);
        let gone = self.has(Event::FutureDropped);
        match event {
            Event::Polled if self.is_polling => Some("polled by two threads at once"),
            Event::Polled if ended || gone => Some("polled after its end"),
            Event::FutureDropped if self.is_polling => Some("dropped while it is polled"),
            Event::FutureDropped if !ended && !self.may_be_cancelled() => {
                Some("dropped for no reason")
            }
            Event::SawFinished | Event::SawCancelled | Event::SawPanicked if self.has_outcome() => {
                Some("a second outcome")
            }
            Event::SawFinished | Event::SawCancelled | Event::SawPanicked if !gone => {
                Some("an outcome before the future is gone")
            }
            Event::SawFinished if !self.has(Event::Returned) || destroyed => {
                Some("the handle says finished")
            }
            Event::SawCancelled if ended || destroyed || !self.may_be_cancelled() => {
                Some("the handle says cancelled")
            }
            Event::SawPanicked if !self.has(Event::Unwound) && !destroyed => {
                Some("the handle says panicked")
            }
            Event::OutputDropped if !self.has(Event::Returned) => Some("an output of no future"),
            _ => None,
        }
    }

    /// Number, kind and history.
    fn tell(&self, number: u64) -> String {
        let mut text = format!(
            "ticket {number} ({}, era {}{}), {} polls{}:",
            self.kind,
            self.era.0.number,
            if self.era.is_ending() { ", ending" } else { "" },
            self.polls,
            if self.is_polling { ", in a poll" } else { "" },
        );
        for moment in &self.history {
            let (event, micros, thread) = (moment.event, moment.micros, moment.thread);
            let _ = write!(text, " {event:?} at {micros} us on {thread:?};");
        }
        text
    }
}

mod tests;
