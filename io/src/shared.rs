//! What the driver, its handles and all registrations share.

use std::io;
use std::task::Waker;
use std::time::Duration;

use mainspring_executor::fork::Generation;

use crate::closes::Closes;
use crate::delay::{Delay, Delays};
use crate::end::{Bench, End};
use crate::source_state::SourceState;
use crate::sources::{Key, Sources};
use crate::stalls::Stalls;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, mutant};
use crate::sys::{Events, Selector};
use crate::wake::wake_all;

/// The state of one driver.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The process in which it was made. In the child of a fork the operating system's side is the
    /// parent's own, and is not to be touched.
    generation: Generation,
    /// The operating system's side.
    pub(crate) selector: Selector,
    /// The registered sources, and whether there are to be more. Taken before a source's own lock.
    registry: Mutex<Registry>,
    /// How many sources are registered.
    source_count: AtomicUsize,
    /// Closes of sockets, for who needs a descriptor.
    closes: Arc<Closes>,
    /// The waits of listeners that could accept nothing.
    stalls: Stalls,
    /// How to wait for a time. Nothing is locked within it.
    delays: Mutex<Option<Delays>>,
    /// Whether the selector has failed.
    has_failed: AtomicBool,
    /// Where the driver waits when the selector has failed.
    bench: Bench,
}

#[derive(Debug, Default)]
struct Registry {
    /// The sources.
    sources: Sources,
    /// Why every wait ends; it stays.
    end: Option<End>,
}

impl Shared {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            generation: Generation::current(),
            selector: Selector::new()?,
            registry: Mutex::new(Registry::default()),
            source_count: AtomicUsize::new(0),
            closes: Arc::new(Closes::new()),
            stalls: Stalls::new(),
            delays: Mutex::new(None),
            has_failed: AtomicBool::new(false),
            bench: Bench::new(),
        })
    }

    /// Whether this is the child of a fork, and the driver that of the parent.
    #[inline]
    pub(crate) fn is_stale(&self) -> bool {
        self.generation.is_stale()
    }

    /// An error in the child of a fork, if the driver is that of the parent.
    pub(crate) fn check_generation(&self) -> io::Result<()> {
        self.generation.check("the driver of this socket")
    }

    /// Takes a source into the list.
    ///
    /// # Errors
    ///
    /// When the driver has ended, or has as many sources as it can have.
    pub(crate) fn insert(&self, source: Arc<SourceState>) -> io::Result<Key> {
        let mut registry = self.registry.lock();
        if let Some(end) = &registry.end
            && !mutant!("io: what has ended takes sources")
        {
            return Err(end.to_error());
        }
        let key = registry.sources.insert(source).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "the I/O driver has no room for more sources",
            )
        })?;
        drop(registry);
        // Ordering: Relaxed; the count is a hint, see `has_sources`.
        self.source_count.fetch_add(1, Ordering::Relaxed);
        Ok(key)
    }

    pub(crate) fn remove(&self, key: Key) {
        let source = self.registry.lock().sources.remove(key);
        if source.is_some() {
            // Ordering: Relaxed; the count is a hint, see `has_sources`.
            self.source_count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn has_sources(&self) -> bool {
        // Ordering: Relaxed; nothing is read on the strength of it. A source that is missed is
        // found by the next turn, as its readiness is the system's to keep.
        self.source_count.load(Ordering::Relaxed) != 0
    }

    /// Remembers what the events report. Adds to `wakers` whom to wake, and returns how many
    /// sources had events.
    pub(crate) fn dispatch(&self, events: &Events, wakers: &mut Vec<Waker>) -> usize {
        let mut events = events.iter().peekable();
        if events.peek().is_none() {
            return 0;
        }
        let is_oneshot = self.selector.is_oneshot();
        let registry = self.registry.lock();
        let mut count = 0;
        for (key, states) in events {
            if let Some(source) = registry.sources.get(key) {
                source.event(states, is_oneshot, wakers);
                count += 1;
            }
        }
        count
    }

    /// Ends every present and future wait. Only the first reason counts.
    pub(crate) fn end(&self, end: End) {
        if self.is_stale() {
            // Who waits here does so in the parent.
            return;
        }
        let mut wakers = Vec::new();
        let mut registry = self.registry.lock();
        registry.end.get_or_insert(end);
        for source in registry.sources.iter() {
            source.end(&mut wakers);
        }
        drop(registry);
        wake_all(&mut wakers);
        // Who waits for a descriptor shall find the end.
        if !mutant!("io: the end reaches nobody who waits for a close") {
            self.closes.announce();
        }
    }

    /// Why a wait has ended.
    #[cold]
    pub(crate) fn end_error(&self) -> io::Error {
        self.registry
            .lock()
            .end
            .as_ref()
            .unwrap_or(&End::Shutdown)
            .to_error()
    }

    /// The selector has failed: every wait ends with its error, and the driver waits on the bench
    /// from now on.
    #[cold]
    pub(crate) fn fail(&self, error: &io::Error) {
        // Ordering: Relaxed; the bench has a lock of its own. An unpark for a later wait has seen that
        // this driver waits, by the parker's word or behind the fences of the timers, and so this.
        self.has_failed.store(true, Ordering::Relaxed);
        self.end(End::failure(error));
    }

    pub(crate) fn has_failed(&self) -> bool {
        // Ordering: Relaxed; see `fail`.
        self.has_failed.load(Ordering::Relaxed)
    }

    pub(crate) fn park_on_bench(&self, timeout: Option<Duration>) {
        self.bench.park(timeout);
    }

    pub(crate) fn unpark(&self) {
        if self.is_stale() {
            // The bell is the parent's.
            return;
        }
        self.selector.unpark();
        // An unpark that still misses the failure is for the turn in which it happens, which ends
        // anyway.
        if self.has_failed() && !mutant!("io: an unpark passes the bench by") {
            self.bench.unpark();
        }
    }

    pub(crate) fn closes(&self) -> &Arc<Closes> {
        &self.closes
    }

    pub(crate) fn stalls(&self) -> &Stalls {
        &self.stalls
    }

    pub(crate) fn set_delay(&self, delays: Delays) {
        let replaced = self.delays.lock().replace(delays);
        drop(replaced);
    }

    /// A wait for `time`, if somebody has told how.
    pub(crate) fn delay(&self, time: Duration) -> Option<Delay> {
        let delays = self.delays.lock().clone();
        delays?.make(time)
    }
}
