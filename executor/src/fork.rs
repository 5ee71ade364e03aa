//! What is left of a runtime in a process that was made by `fork()`: nothing but its memory.
//!
//! The child of a fork has one thread, the one that called it. Of the runtimes of its parent it has
//! the handles, but not the threads; its descriptors of their drivers are the parent's own, so that
//! whatever it did to them it would do to the parent. Such a runtime is *stale*. Using it would wait
//! for ever, or disturb the parent; so each use is refused at once, by a panic or, where the call
//! has a `Result`, by an error. A new runtime in the child works.
//!
//! # How it is noticed
//!
//! The process counts the forks that it is the child of. Each runtime keeps the number from its
//! birth ([`Generation`]), and compares. The count changes only in a child, by the handler that
//! `pthread_atfork` calls there before `fork()` returns: when a process has one thread. So it never
//! changes under anybody, and a thread reads it as it reads a constant.
//!
//! # Who looks, and when
//!
//! Whoever comes from outside: the methods of a handle, a source that is registered, a timer that
//! is armed; who is about to wait: for a task, a source, a timer; and who is about to touch what the
//! parent shares: the driver's bell, a source's place in the driver. A worker's own spawns and wakes
//! do not look. They find their worker by a thread-local pointer, which the handler clears
//! (`context::forget`): in the child nobody is a worker of a stale runtime.
//!
//! A thread that forks inside a poll comes back into the worker's loop in both processes. In the
//! child, which should have ended or called `exec` by then, it is stopped there (`Worker`): by a
//! panic in `block_on`, and by the end of the process on the runtime's own threads, on which a panic
//! would end the process, too, but as if all were well.
//!
//! # What a stale runtime leaves behind
//!
//! Everything. Its memory and its descriptors stay until the child ends: they cannot be taken apart
//! without the threads that used them, one of which may have held a lock when it vanished. Sockets
//! may be dropped, and taken out by `into_std`: they are closed or kept, and the driver, which is
//! the parent's, is not told.
//!
//! Rejected: comparing process ids (a system call, or a cache of it that needs the same handler);
//! handlers that take all locks before the fork (every lock of every runtime, in an order); a
//! `Drop` that takes a stale runtime apart (see above).

#[cfg(all(unix, not(mainspring_loom)))]
#[expect(unsafe_code, reason = "`pthread_atfork` has no safe wrapper")]
mod counted;
#[cfg(all(unix, not(mainspring_loom)))]
use counted as count;

#[cfg(not(all(unix, not(mainspring_loom))))]
mod unknown;
#[cfg(not(all(unix, not(mainspring_loom))))]
use unknown as count;

pub(crate) use count::watch;

use std::io;

use crate::{context, offload};

/// The number of forks between the first process and the one in which something was made.
///
/// What was made in another process than the present one is [stale](Self::is_stale).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    /// The present process.
    #[inline]
    #[must_use]
    pub fn current() -> Self {
        Self(count::forks())
    }

    /// Whether the process has been forked since, and this is the child.
    #[inline]
    #[must_use]
    pub fn is_stale(self) -> bool {
        self != Self::current()
    }

    /// The number, for those who cannot name this type.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// An error if this is stale: `what`, such as "the driver of this socket", was made before the
    /// fork.
    ///
    /// # Errors
    ///
    /// Of the kind [`Unsupported`](io::ErrorKind::Unsupported), if this is stale.
    #[inline]
    pub fn check(self, what: &str) -> io::Result<()> {
        if self.is_stale() {
            Err(error(what))
        } else {
            Ok(())
        }
    }

    /// Refuses `call` if this is stale.
    ///
    /// # Panics
    ///
    /// If this is stale.
    #[inline]
    #[track_caller]
    pub fn expect_current(self, call: &str) {
        if self.is_stale() {
            refuse(call)
        }
    }
}

/// In the child: this thread is no longer what it was for the runtimes of the parent. Called by a
/// handler that must not do more than write a few words.
fn forget_thread() {
    context::forget();
    offload::forget();
}

/// Whether this process is the child of one that had a runtime.
pub(crate) fn is_child() -> bool {
    Generation::current() != Generation(0)
}

/// Ends the process if `generation` is stale: one of the runtime's own threads has come back from
/// a poll or a job in which it called `fork()`.
pub(crate) fn stop_if_stale(generation: Generation) {
    if generation.is_stale() {
        stop()
    }
}

#[cold]
fn stop() -> ! {
    eprintln!(
        "mainspring: `fork()` was called inside a task or a blocking job, and the child has come \
         back into the runtime, which {GONE}. The child must call `_exit` or `exec` before its \
         task or job ends; the process is aborted"
    );
    std::process::abort()
}

#[cold]
fn error(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} {GONE}: {REMEDY}"),
    )
}

#[cold]
#[track_caller]
fn refuse(call: &str) -> ! {
    panic!("`{call}` on a Mainspring runtime that {GONE}: {REMEDY}")
}

/// What has become of a stale runtime.
const GONE: &str = "belongs to the parent of this process: it was made before `fork()`, and its \
                    threads did not come along";

/// What to do about it.
pub(crate) const REMEDY: &str = "build a new `Runtime` in the child";
