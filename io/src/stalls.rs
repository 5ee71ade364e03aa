//! Telling that connections wait because something has run out: a count, and a line on standard
//! error now and then.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sys;

/// The shortest time between two warnings of one runtime.
const PAUSE: Duration = Duration::from_secs(60);

/// The stalls of one driver's listeners.
#[derive(Debug)]
pub(crate) struct Stalls {
    /// How many there have been.
    count: AtomicU64,
    /// When the next warning may be written, in milliseconds after `origin`.
    silent_until: AtomicU64,
    /// When the driver was made.
    origin: Instant,
}

impl Stalls {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            silent_until: AtomicU64::new(0),
            origin: Instant::now(),
        }
    }

    /// How many calls of `accept` had to wait.
    pub(crate) fn count(&self) -> u64 {
        // Ordering: Relaxed; a number for people.
        self.count.load(Ordering::Relaxed)
    }

    /// A call of `accept` has to wait because of `error`; `is_first` unless it has waited before.
    pub(crate) fn note(&self, error: &io::Error, is_first: bool) {
        if is_first {
            // Ordering: Relaxed; as in `count`.
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        if self.may_warn(self.origin.elapsed()) {
            warn(&warning(self.count(), error, sys::descriptor_limit()));
        }
    }

    /// Whether a warning is due. True for one caller only.
    fn may_warn(&self, since_origin: Duration) -> bool {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now = milliseconds(since_origin);
        // Ordering: Relaxed; the exchange decides, and nothing is read on the strength of it.
        let silent_until = self.silent_until.load(Ordering::Relaxed);
        let next = now.saturating_add(milliseconds(PAUSE));
        // Ordering: Relaxed; as above. One of several callers wins.
        now >= silent_until
            && self
                .silent_until
                .compare_exchange(silent_until, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// What is said about so many stalls, the last of them for `error`.
fn warning(count: u64, error: &io::Error, limit: Option<u64>) -> String {
    let calls = if count == 1 { "call" } else { "calls" };
    let mut text = format!(
        "mainspring: connections wait in the backlog: {count} {calls} of `accept` had to wait so \
         far; the system says: {error}"
    );
    if sys::is_own_limit(error) {
        if let Some(limit) = limit {
            // To write to a string does not fail.
            let _ = write!(text, "; this process may have {limit} file descriptors");
        }
        text.push_str(". Raise the limit (`ulimit -n`), or keep fewer connections and files open");
    } else {
        text.push_str(", that is, the whole machine has run out, not this process alone");
    }
    text.push('\n');
    text
}

/// Writes a line in one piece. That nobody can read it is no reason to panic.
fn warn(text: &str) {
    if cfg!(mainspring_loom) {
        // Each of thousands of executions would say it.
        return;
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(all(test, unix, not(mainspring_loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_warning_a_minute_is_due() {
        let stalls = Stalls::new();
        let seconds = Duration::from_secs;
        assert!(stalls.may_warn(seconds(5)), "the first");
        assert!(!stalls.may_warn(seconds(5)));
        assert!(!stalls.may_warn(seconds(64)));
        assert!(stalls.may_warn(seconds(65)));
        assert!(!stalls.may_warn(seconds(66)));
    }

    #[test]
    fn a_warning_says_what_has_run_out_and_what_to_do() {
        let error = io::Error::from_raw_os_error(libc::EMFILE);
        let text = warning(3, &error, Some(64));
        for part in [
            "3 calls",
            &error.to_string(),
            "64 file descriptors",
            "ulimit -n",
        ] {
            assert!(text.contains(part), "{text:?} does not say {part:?}");
        }
        assert_eq!(text.matches('\n').count(), 1);

        let text = warning(1, &io::Error::from_raw_os_error(libc::ENFILE), Some(64));
        assert!(text.contains("1 call of") && text.contains("whole machine"));
        assert!(!text.contains("ulimit"), "{text:?}");
    }
}
