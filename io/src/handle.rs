//! [`Handle`]: the shared side of the driver; and which driver is the current thread's.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::time::Duration;

use crate::delay::{Delay, Delays};
use crate::end::End;
use crate::shared::Shared;
use crate::sync::Arc;

/// The shared side of a [`Driver`](crate::Driver): sockets are registered through it.
///
/// It is cheap to clone, and may outlive the driver.
#[derive(Debug, Clone)]
pub struct Handle {
    /// The driver's state.
    pub(crate) shared: Arc<Shared>,
}

/// While it is alive, its [`Handle`] is the current one of the thread that made it.
///
/// Guards nest: drop them in the reverse order in which they were made. Each restores the handle
/// that was current before it.
#[derive(Debug)]
#[must_use = "the handle is the current one only while the guard is alive"]
pub struct EnterGuard {
    /// The handle that was current before.
    previous: Option<Handle>,
    /// The guard must be dropped on the thread that made it.
    _not_send: PhantomData<*const ()>,
}

crate::sync::const_thread_local! {
    /// The driver that this thread's new sockets are registered with.
    static CURRENT: RefCell<Option<Handle>> = RefCell::new(None);
}

impl Handle {
    /// Makes this the current handle of this thread, until the guard is dropped.
    pub fn enter(&self) -> EnterGuard {
        EnterGuard {
            previous: replace_current(Some(self.clone())),
            _not_send: PhantomData,
        }
    }

    /// The current handle of this thread.
    ///
    /// # Panics
    ///
    /// When there is none, because the thread is not inside a runtime.
    /// [`try_current`](Self::try_current) does not panic.
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        match Self::try_current() {
            Some(handle) => handle,
            None => panic!(
                "`Handle::current` was called on a thread that is not inside a Mainspring \
                 runtime; {HOW}"
            ),
        }
    }

    /// The current handle of this thread, if the thread is inside a runtime.
    #[must_use]
    pub fn try_current() -> Option<Self> {
        // A thread whose locals have been destroyed is inside nothing any more.
        CURRENT
            .try_with(|current| current.borrow().clone())
            .ok()
            .flatten()
    }

    /// The current handle, for making a `what`.
    #[track_caller]
    pub(crate) fn current_for(what: &'static str) -> Self {
        match Self::try_current() {
            Some(handle) => handle,
            None => panic!(
                "a `{what}` was made on a thread that is not inside a Mainspring runtime; {HOW}"
            ),
        }
    }

    /// Makes the thread that waits in [`Driver::turn`](crate::Driver::turn), or the next one to do
    /// so, return.
    ///
    /// It costs a system call. Call it only when somebody may be waiting.
    pub fn unpark(&self) {
        self.shared.unpark();
    }

    /// Whether any source is registered, that is, whether a turn could find an event.
    #[must_use]
    pub fn has_sources(&self) -> bool {
        self.shared.has_sources()
    }

    /// Ends every present and future wait with an error that says that the runtime has been shut
    /// down.
    ///
    /// It does not end a turn; see [`unpark`](Self::unpark). To call it again does nothing.
    pub fn shutdown(&self) {
        self.shared.end(End::Shutdown);
    }

    /// How often a listener had to wait, before it could accept a connection, for a descriptor or
    /// for memory. A listener that goes on waiting counts once.
    #[must_use]
    pub fn accept_stalls(&self) -> u64 {
        self.shared.stalls().count()
    }

    /// Tells the driver how to wait for a time.
    ///
    /// This crate knows no clock. It needs one when a listener can accept no connection, because
    /// the process has no file descriptor left: it tries again after a time, or when a socket of
    /// this runtime is closed. Without `delay`, or when it gives nothing, only the latter is
    /// noticed.
    ///
    /// `delay` is called on the thread that polls the listener, which may be outside the runtime. It
    /// is kept for as long as there are sockets, so it must not keep this handle.
    pub fn set_delay(&self, delay: impl Fn(Duration) -> Option<Delay> + Send + Sync + 'static) {
        self.shared.set_delay(Delays::new(delay));
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        drop(replace_current(self.previous.take()));
    }
}

fn replace_current(handle: Option<Handle>) -> Option<Handle> {
    // A thread whose locals have been destroyed makes no more sockets.
    CURRENT
        .try_with(|current| current.replace(handle))
        .ok()
        .flatten()
}

/// How to be inside a runtime, for the messages of panics.
pub(crate) const HOW: &str = "do it inside `Runtime::block_on`, in a spawned task, or while the guard of \
                   the runtime's `Handle::enter` is alive";
