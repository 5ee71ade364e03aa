//! The selector of Linux: one system call a turn; to arm a source none, but one in its life if it ever
//! is full.
//!
//! Here `epoll` is used without `polling`, which has the other systems (`portable.rs`). Its `Poller` would
//! cost
//!
//! - *in a wait* five system calls: it sets a timerfd, modifies two registrations, waits and reads an
//!   eventfd. Here it is `epoll_pwait2` alone, with its time-out in nanoseconds;
//! - *in a runtime's life* eight, for that timerfd and that eventfd, which nobody here would use;
//! - *the end of a stream*: it never asks for `EPOLLRDHUP`. Without it, a peer's data and the end of its
//!   stream that arrive before the driver looks are one event which does not tell the end; a short
//!   read would then clear the readiness, and nobody would ever report the end again.
//!
//! Sources are added once, edge-triggered, for all that they can report; but a socket that is
//! writable from the beginning is asked whether it is so only when somebody has first found it full.
//!
//! # Unparking
//!
//! An eventfd of our own is registered edge-triggered: every write to it is an edge, so it need
//! never be read. Its counter is full after 2^64 - 2 writes; only then is it read.
//!
//! # Kernels before 5.11
//!
//! They have no `epoll_pwait2`. The first `Selector` tries it; if it is not there, or a sandbox
//! forbids it, waiting falls back to `epoll_wait`, with its time-out rounded up to milliseconds.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, read, write};

use super::Source;
use crate::{Interest, Ready};

mod milliseconds;

/// The key of the eventfd. No source has it (`sources.rs`).
const UNPARK_KEY: u64 = u64::MAX - 1;

/// How many events one turn takes at most; the rest waits for the next. Of 12 bytes each. Not
/// measured.
const EVENTS_MAX: usize = 1024;

/// Registers sources, and waits for their events.
#[derive(Debug)]
pub(crate) struct Selector {
    /// The epoll object.
    epoll: OwnedFd,
    /// Written to end a wait; see the top of the file.
    unparker: OwnedFd,
    /// Whether the kernel has `epoll_pwait2`.
    has_nanoseconds: bool,
}

/// The events of a turn.
pub(crate) struct Events {
    /// As the kernel wrote them.
    list: Vec<epoll::Event>,
}

impl Selector {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let unparker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let data = EventData::new_u64(UNPARK_KEY);
        epoll::add(&epoll, &unparker, data, EventFlags::IN | EventFlags::ET)?;
        let has_nanoseconds = has_nanoseconds(&epoll)?;
        Ok(Self {
            epoll,
            unparker,
            has_nanoseconds,
        })
    }

    /// Adds a source, whose events will have `key`.
    ///
    /// # Safety
    ///
    /// The source must be [deleted](Self::delete) before it is closed. (epoll by itself would
    /// forgive it; the contract is that of the other systems.)
    pub(crate) unsafe fn add(
        &self,
        source: &impl Source,
        key: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let data = EventData::new_u64(key as u64);
        epoll::add(&self.epoll, source, data, flags(interest))?;
        Ok(())
    }

    pub(crate) fn delete(&self, source: &impl Source) -> io::Result<()> {
        epoll::delete(&self.epoll, source)?;
        Ok(())
    }

    /// Whether an event of a source disarms it.
    pub(crate) const fn is_oneshot(&self) -> bool {
        false
    }

    /// Whether a source may be added for a part of what will be waited for, and be
    /// [armed](Self::arm) for the rest once somebody has found that it is not ready for it.
    pub(crate) const fn arms_late(&self) -> bool {
        true
    }

    /// Asks from now on for all of `states`. Reports also what is already the case.
    pub(crate) fn arm(&self, source: &impl Source, key: usize, states: Ready) -> io::Result<()> {
        let mut asked = EventFlags::ET;
        if states.contains(Ready::READABLE) {
            asked |= EventFlags::IN | EventFlags::RDHUP;
        }
        if states.contains(Ready::WRITABLE) {
            asked |= EventFlags::OUT;
        }
        if states.is_priority() {
            asked |= EventFlags::PRI;
        }
        epoll::modify(&self.epoll, source, EventData::new_u64(key as u64), asked)?;
        Ok(())
    }

    /// Whether a read that gave less than was asked for proves that the next event will be
    /// reported: it does, as the end of the stream is reported by itself.
    pub(crate) const fn short_count_drains(&self) -> bool {
        true
    }

    /// Waits for events, at most for `timeout`. A signal ends the wait without any.
    pub(crate) fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.list.clear();
        events.list.reserve(EVENTS_MAX);
        let outcome = if self.has_nanoseconds {
            // A time-out of more seconds than the type has is none.
            let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
            epoll::wait(
                &self.epoll,
                spare_capacity(&mut events.list),
                timeout.as_ref(),
            )
        } else {
            milliseconds::wait(&self.epoll, &mut events.list, timeout)
        };
        match outcome {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the present wait, or the next one.
    pub(crate) fn unpark(&self) {
        let one = 1_u64.to_ne_bytes();
        if let Err(Errno::AGAIN) = write(&self.unparker, &one) {
            let mut counter = [0; 8];
            // Whether the reading or the second writing succeeds makes no difference: if not,
            // another thread has just done the same.
            let _ = read(&self.unparker, &mut counter);
            let _ = write(&self.unparker, &one);
        }
    }
}

/// Whether the kernel has `epoll_pwait2`, by a wait of no time. It is asked once in a process.
fn has_nanoseconds(epoll: &OwnedFd) -> io::Result<bool> {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    if let Some(answer) = ANSWER.get() {
        return Ok(*answer);
    }
    let mut probe = Vec::with_capacity(1);
    let no_time = Timespec::default();
    match epoll::wait(epoll, spare_capacity(&mut probe), Some(&no_time)) {
        Ok(_) | Err(Errno::INTR) => Ok(*ANSWER.get_or_init(|| true)),
        Err(Errno::NOSYS | Errno::PERM) => Ok(*ANSWER.get_or_init(|| false)),
        Err(error) => Err(error.into()),
    }
}

// SAFETY: an event is not `Send` because it could hold a pointer. These hold the keys that
// `Selector::add` was given, which are numbers, and nothing else is ever read from them.
unsafe impl Send for Events {}

impl Events {
    pub(crate) fn new() -> Self {
        // Its memory comes with the first wait.
        Self { list: Vec::new() }
    }

    /// The keys and states of the sources that had events.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Ready)> {
        // Copied, as the structure is packed.
        let events = self
            .list
            .iter()
            .map(|event| (event.data.u64(), event.flags));
        events
            .filter(|(key, _)| *key != UNPARK_KEY)
            .map(|(key, flags)| (key as usize, states(flags)))
    }
}

fn flags(interest: Interest) -> EventFlags {
    let mut flags = EventFlags::ET;
    if interest.is_readable() {
        flags |= EventFlags::IN | EventFlags::RDHUP;
    }
    if interest.is_writable() {
        flags |= EventFlags::OUT;
    }
    if interest.is_priority() {
        flags |= EventFlags::PRI;
    }
    // Errors and hang-ups are always reported.
    flags
}

fn states(flags: EventFlags) -> Ready {
    let mut states = Ready::EMPTY;
    let has_hung_up = flags.intersects(EventFlags::HUP);
    let has_error = flags.intersects(EventFlags::ERR);
    if has_error {
        states |= Ready::ERROR;
    }
    if flags.intersects(EventFlags::PRI) {
        states |= Ready::PRIORITY;
    }
    // After an error or a hang-up an attempt in either direction tells more.
    if has_hung_up || has_error || flags.intersects(EventFlags::IN | EventFlags::PRI) {
        states |= Ready::READABLE;
    }
    if has_hung_up || has_error || flags.intersects(EventFlags::OUT) {
        states |= Ready::WRITABLE;
    }
    if has_hung_up || flags.intersects(EventFlags::RDHUP) {
        states |= Ready::READ_CLOSED;
    }
    // The writing end of a pipe reports an error when its reader has gone.
    let has_broken = has_error && (flags.intersects(EventFlags::OUT) || flags == EventFlags::ERR);
    if has_hung_up || has_broken {
        states |= Ready::WRITE_CLOSED;
    }
    states
}

#[cfg(all(test, not(mainspring_loom)))]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    use super::*;

    const BOUND: Option<Duration> = Some(Duration::from_secs(20));

    /// Both ways of waiting.
    fn selectors() -> [Selector; 2] {
        [true, false].map(|has_nanoseconds| {
            let selector = Selector::new().expect("an epoll object");
            assert!(selector.has_nanoseconds, "this kernel is older than 5.11");
            Selector {
                has_nanoseconds,
                ..selector
            }
        })
    }

    #[test]
    fn every_unpark_ends_a_wait_though_nobody_reads_the_eventfd() {
        for selector in selectors() {
            let mut events = Events::new();
            for _ in 0..3 {
                selector.unpark();
                let start = Instant::now();
                selector.wait(&mut events, BOUND).expect("a wait");
                assert!(start.elapsed() < Duration::from_secs(10));
                assert_eq!(events.list.len(), 1);
                assert_eq!(events.iter().count(), 0);
                selector
                    .wait(&mut events, Some(Duration::ZERO))
                    .expect("a wait");
                assert_eq!(events.list.len(), 0);
            }
        }
    }

    #[test]
    fn an_eventfd_that_is_full_still_unparks() {
        for selector in selectors() {
            let mut events = Events::new();
            let full = (u64::MAX - 1).to_ne_bytes();
            write(&selector.unparker, &full).expect("an empty eventfd");
            selector.wait(&mut events, BOUND).expect("a wait");
            selector.unpark();
            selector.wait(&mut events, BOUND).expect("a wait");
            assert_eq!(events.list.len(), 1);
        }
    }

    #[test]
    fn a_wait_is_never_shorter_than_its_timeout() {
        for selector in selectors() {
            let timeout = Duration::from_micros(1_300);
            let start = Instant::now();
            selector
                .wait(&mut Events::new(), Some(timeout))
                .expect("a wait");
            assert!(start.elapsed() >= timeout);
        }
    }

    #[test]
    fn the_longest_timeout_is_not_an_error() {
        for selector in selectors() {
            selector.unpark();
            selector
                .wait(&mut Events::new(), Some(Duration::MAX))
                .expect("a wait");
        }
    }

    #[test]
    fn data_and_end_that_arrive_together_are_both_reported() {
        for selector in selectors() {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
            let addr = listener.local_addr().expect("an address");
            let mut peer = TcpStream::connect(addr).expect("a connection");
            let (stream, _) = listener.accept().expect("a connection");
            peer.write_all(b"last words").expect("room");
            drop(peer);
            std::thread::sleep(Duration::from_millis(50));

            let interest = Interest::READABLE | Interest::WRITABLE;
            // SAFETY: the source is deleted below, before it is closed.
            unsafe { selector.add(&stream, 7, interest) }.expect("a new source");
            let mut events = Events::new();
            selector.wait(&mut events, BOUND).expect("a wait");
            let all: Vec<_> = events.iter().collect();
            selector.delete(&stream).expect("a known source");
            assert_eq!(
                all,
                [(7, Ready::READABLE | Ready::WRITABLE | Ready::READ_CLOSED)]
            );
        }
    }
}
