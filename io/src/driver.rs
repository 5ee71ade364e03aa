//! [`Driver`]: the exclusive side, which waits for events.

use std::fmt;
use std::io;
use std::num::NonZeroU64;
use std::task::Waker;
use std::time::Duration;

use crate::Handle;
use crate::end::End;
use crate::shared::Shared;
use crate::sync::Arc;
use crate::sys::{self, Events};
use crate::wake::wake_all;

/// Waits for the events of all sockets, and wakes the tasks that wait for them.
///
/// One thread at a time drives it. When it is dropped, every wait ends as by [`Handle::shutdown`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let (mut driver, handle) = mainspring_io::Driver::new()?;
/// handle.unpark();
/// // Returns at once, as it has been unparked.
/// let events = driver.turn(Some(Duration::from_secs(60)))?;
/// assert_eq!(events, 0);
/// # std::io::Result::Ok(())
/// ```
pub struct Driver {
    /// What the handles and registrations share with it.
    shared: Arc<Shared>,
    /// The events of the present turn. Kept for its memory.
    events: Events,
    /// The wakers of the present turn. Kept for its memory, and empty between turns.
    wakers: Vec<Waker>,
    /// The timer slack of the threads that wait here, in nanoseconds; `None`: their own.
    timer_slack: Option<NonZeroU64>,
}

impl Driver {
    /// Makes a driver, and the first handle to it.
    ///
    /// # Errors
    ///
    /// When the system refuses the object that it is made of; mostly for want of file descriptors.
    pub fn new() -> io::Result<(Self, Handle)> {
        let shared = Arc::new(Shared::new()?);
        let handle = Handle {
            shared: shared.clone(),
        };
        Ok((
            Self {
                shared,
                events: Events::new(),
                wakers: Vec::new(),
                timer_slack: None,
            },
            handle,
        ))
    }

    /// By how much the system may prolong timed waits so as to let several end at once: each thread
    /// that waits here for a time sets its timer slack to this first, where threads have one, which
    /// is on Linux. Make a [`TimerSlack`](crate::TimerSlack) around the turns of a thread that shall
    /// get its own back. Without this call threads wait with the slack that they have.
    ///
    /// 0 is taken for the least that the system knows, a nanosecond.
    pub fn set_timer_slack(&mut self, slack: Duration) {
        let nanos = u64::try_from(slack.as_nanos()).unwrap_or(u64::MAX);
        self.timer_slack = Some(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN));
    }

    /// One turn: waits for events, at most for `timeout`, remembers them, and wakes the tasks that
    /// wait for them.
    ///
    /// `None` waits until there is an event or [`Handle::unpark`] is called. A turn may end early,
    /// for example by a signal. Returns how many sources had events. Tasks are woken with no lock
    /// held.
    ///
    /// # Errors
    ///
    /// When the system's object is broken, for example because the program has closed its file
    /// descriptor. All waits end with this error then. Later turns have no events; they wait for
    /// `timeout` or an unpark, and return no error, so that one who drives in a loop does not spin.
    pub fn turn(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        if self.shared.has_failed() {
            self.shared.park_on_bench(timeout);
            return Ok(0);
        }
        if let Some(slack) = self.timer_slack
            && timeout.is_some_and(|timeout| !timeout.is_zero())
        {
            sys::set_timer_slack(slack);
        }
        if let Err(error) = self.shared.selector.wait(&mut self.events, timeout) {
            self.shared.fail(&error);
            return Err(error);
        }
        let count = self.shared.dispatch(&self.events, &mut self.wakers);
        wake_all(&mut self.wakers);
        Ok(count)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.end(End::Shutdown);
        if self.shared.is_stale() {
            // To close the system's side of it would be to change the parent's.
            std::mem::forget(self.shared.clone());
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}
