//! Work in the child of a `fork()`, with a limit for how long it may take.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use crate::panics::text;

/// No child takes a tenth of this, even on a machine that does other things at the same time.
const LIMIT: Duration = Duration::from_secs(20);

/// The code with which a child ends whose work has panicked.
const PANICKED: i32 = 101;

/// How a child has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It called `exit` or `_exit` with this code.
    Code(i32),
    /// A signal has ended it.
    Signal(i32),
}

/// A child process.
pub(crate) struct Child {
    /// Its process id.
    id: libc::pid_t,
    /// Since when it has been running.
    since: Instant,
}

/// Forks. `None` in the child, which returns as its parent does.
pub(crate) fn fork() -> Option<Child> {
    // SAFETY: it concerns this process's memory and threads only. That the child may do more than
    // the standard promises, such as allocate, is so for the C libraries that these tests run on.
    match unsafe { libc::fork() } {
        -1 => panic!("no child: {}", io::Error::last_os_error()),
        0 => None,
        id => Some(Child {
            id,
            since: Instant::now(),
        }),
    }
}

/// Ends a child, without anything that the end of a process does.
pub(crate) fn leave(code: i32) -> ! {
    // SAFETY: it has no conditions.
    unsafe { libc::_exit(code) }
}

impl Child {
    /// Forks. The child does `work` and ends: with code 0, unless the work panics.
    pub(crate) fn working_at(work: impl FnOnce()) -> Self {
        if let Some(child) = fork() {
            return child;
        }
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(()) => leave(0),
            Err(payload) => {
                // The test harness keeps what the panic hook writes, and dies here with it.
                let _ = writeln!(io::stderr(), "in the child: {}", text(&*payload));
                leave(PANICKED)
            }
        }
    }

    /// Waits for the end of the child. One that takes too long is killed, and the test fails.
    pub(crate) fn end(self) -> End {
        loop {
            let mut status = 0;
            // SAFETY: the pointer is to a local variable.
            let found = unsafe { libc::waitpid(self.id, &raw mut status, libc::WNOHANG) };
            assert_ne!(found, -1, "{}", io::Error::last_os_error());
            if found == self.id {
                return if libc::WIFEXITED(status) {
                    End::Code(libc::WEXITSTATUS(status))
                } else {
                    End::Signal(libc::WTERMSIG(status))
                };
            }
            if self.since.elapsed() > LIMIT {
                self.kill();
                panic!("the child has not ended within {LIMIT:?}");
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the end of the child, and fails unless its work has succeeded.
    #[track_caller]
    pub(crate) fn expect_success(self) {
        assert_eq!(self.end(), End::Code(0));
    }

    fn kill(&self) {
        // SAFETY: the process is a child of this one that has not been waited for, so the id is
        // still its own.
        unsafe { libc::kill(self.id, libc::SIGKILL) };
        // SAFETY: a status that nobody wants need not be written.
        unsafe { libc::waitpid(self.id, ptr::null_mut(), 0) };
    }
}
