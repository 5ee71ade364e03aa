//! Counting forks, where there are any.

use std::io;

use super::forget_thread;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How many forks the present process is away from the first one that had a runtime.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Whether the handler has been registered, or is about to be.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

#[inline]
pub(super) fn forks() -> u32 {
    // Ordering: Relaxed; it changes only while the process has one thread, and the threads that
    // this one starts later are ordered after that.
    FORKS.load(Ordering::Relaxed)
}

/// Counts the forks from now on. Does nothing the second time.
///
/// # Errors
///
/// If the system has no memory for one more handler.
pub(crate) fn watch() -> io::Result<()> {
    // Ordering: Relaxed; it publishes nothing. A runtime that is made at the same time as the first
    // one may miss a fork between these two lines.
    if IS_WATCHED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    // SAFETY: the handler may be called in every later child, on the thread that forks. It is a
    // function of this program, stays for as long as the program does, and does nothing that a
    // vanished thread could be in the way of: see there.
    match unsafe { libc::pthread_atfork(None, None, Some(in_child)) } {
        0 => Ok(()),
        code => {
            // Ordering: Relaxed; as above. The next runtime tries again.
            IS_WATCHED.swap(false, Ordering::Relaxed);
            Err(io::Error::from_raw_os_error(code))
        }
    }
}

/// Called in the child, before `fork()` returns. It takes no lock and no memory: it changes one
/// atomic, and thread-locals that are plain words.
extern "C" fn in_child() {
    // Ordering: Relaxed; there is no other thread.
    FORKS.fetch_add(1, Ordering::Relaxed);
    forget_thread();
}
