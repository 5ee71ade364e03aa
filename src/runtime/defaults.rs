//! What a runtime is like unless its builder says otherwise.
//!
//! A model under loom has five threads, the one that runs it among them: there a runtime has two
//! workers and one thread for blocking jobs, and neither a monitor nor stand-by workers.

use std::num::NonZero;
#[cfg(not(mainspring_loom))]
use std::sync::OnceLock;
use std::time::Duration;

/// Blocking jobs at once at most.
pub(super) const MAX_BLOCKING_THREADS: usize = if cfg!(mainspring_loom) { 1 } else { 512 };

/// Places for computing jobs that wait: enough that no core of a large machine runs dry while those
/// who wait for a place are woken.
pub(super) const MAX_WAITING_OFFLOADS: usize = 256;

/// Workers that may be added while others are stuck. They are started one by one, and only while
/// every running worker is stuck.
pub(super) const MAX_STANDBY_WORKERS: usize = if cfg!(mainspring_loom) { 0 } else { 16 };

/// The shortest time between two looks of the monitor: a look costs a few microseconds. None: there
/// is no monitor.
pub(super) const MONITOR_INTERVAL: Option<Duration> = if cfg!(mainspring_loom) {
    None
} else {
    Some(Duration::from_micros(500))
};

/// How long a thread of the offload pool waits for its next job.
pub(super) const THREAD_KEEP_ALIVE: Duration = Duration::from_secs(10);

/// By how much the kernel may prolong the waits for timers: not at all. Its own default of 50 us is
/// most of a short sleep's lateness: 102 us late in the middle with it, SLACK_US without.
pub(super) const TIMER_SLACK: Duration = Duration::from_nanos(1);

/// The number of worker threads: that of the cores that the process may use. It is asked for once: the
/// answer takes a container's limits into account, which are in files, and to read them takes longer than
/// all the rest of making a current-thread runtime (30 us of 37).
#[cfg(not(mainspring_loom))]
pub(super) fn cores() -> NonZero<usize> {
    static CORES: OnceLock<NonZero<usize>> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN))
}

/// The number of worker threads, the same on every machine.
#[cfg(mainspring_loom)]
pub(super) fn cores() -> NonZero<usize> {
    const { NonZero::new(2).unwrap() }
}
