//! The handle that a spawn returns: a future of the task's output.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::abort::AbortHandle;
use super::error::JoinError;
use super::id::Id;
use super::meta::TaskMeta;
use super::raw::RawTask;
use crate::coop;
use crate::fork::Generation;
use crate::offload;
use crate::unwind::contain;

/// Awaits a spawned task, and can stop it.
///
/// Awaiting it gives the task's output, or a [`JoinError`] that says whether it was cancelled or
/// panicked. Dropping it *detaches* the task: it goes on, and its output is dropped when it ends.
///
/// # Cancel safety
///
/// Awaiting `&mut handle` may be given up and begun again: the output is not lost.
///
/// # Panics
///
/// Polling it again after it gave the output panics.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let task = mainspring::spawn(async { 6 * 7 });
/// assert_eq!(task.await.unwrap(), 42);
/// # }
/// ```
pub struct JoinHandle<T> {
    /// Holds a reference, and JOIN_INTEREST.
    task: RawTask,
    /// Where this handle stands.
    progress: Progress,
    /// The process in which the task was spawned.
    generation: Generation,
    _output: PhantomData<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The waker's slot is the handle's.
    Unregistered,
    /// JOIN_WAKER is set, as far as this handle has seen.
    Registered,
    /// The output has been given.
    Taken,
}

// SAFETY: the handle gives access to the output only, and moves it to the thread that polls.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: a shared handle gives no access to the output at all.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// Takes over the handle's reference of a new task whose output is a `T`.
    pub(super) fn new(task: RawTask) -> Self {
        Self {
            task,
            progress: Progress::Unregistered,
            generation: Generation::current(),
            _output: PhantomData,
        }
    }

    /// Stops the task; see [`AbortHandle::abort`].
    pub fn abort(&self) {
        self.task.abort();
    }

    /// A handle that can stop the task and outlive this one.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle::new(self.task)
    }

    /// Whether the task is over, so that awaiting it would not wait.
    pub fn is_finished(&self) -> bool {
        self.task.state().is_complete()
    }

    /// The task's id.
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// The task's id, name and place of birth.
    pub fn meta(&self) -> TaskMeta {
        self.task.meta()
    }

    /// Leaves `waker` to be woken at completion. False if the task is complete.
    fn register(&mut self, waker: &Waker) -> bool {
        if self.progress == Progress::Registered {
            if self.registered_waker_is(waker) {
                return true;
            }
            if !self.task.state().unset_join_waker() {
                return false;
            }
            // Now, not when the new one is in its place: the clone below may panic.
            self.progress = Progress::Unregistered;
        }
        let waker = waker.clone();
        self.task.header().join_waker.with_mut(|slot| {
            // SAFETY: JOIN_WAKER is clear, so the slot is this handle's alone.
            let slot = unsafe { &mut *slot };
            *slot = Some(waker);
        });
        self.progress = Progress::Registered;
        self.task.state().set_join_waker()
    }

    /// In the child of a fork: the task goes on in the parent, if anywhere. The handle leaves its
    /// interest behind, with all that the runtime was.
    #[cold]
    fn lose(&mut self) -> JoinError {
        self.progress = Progress::Taken;
        JoinError::forked(self.id())
    }

    fn registered_waker_is(&self, waker: &Waker) -> bool {
        self.task.header().join_waker.with(|slot| {
            // SAFETY: while JOIN_WAKER is set, both sides only read the slot.
            let slot = unsafe { &*slot };
            slot.as_ref()
                .is_some_and(|registered| registered.will_wake(waker))
        })
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(
            self.progress != Progress::Taken,
            "`JoinHandle` polled after it gave its output"
        );
        if !self.task.state().is_complete() {
            if self.generation.is_stale() {
                return Poll::Ready(Err(self.lose()));
            }
            if self.register(cx.waker()) {
                offload::found_pending();
                return Poll::Pending;
            }
        }
        ready!(coop::poll_proceed(cx)).made_progress();
        let mut output = Poll::Pending;
        // SAFETY: the task is complete (both calls above read COMPLETE with Acquire) while our
        // JOIN_INTEREST stands, and `output` has the type promised at spawn.
        unsafe { self.task.take_output((&raw mut output).cast()) };
        self.progress = Progress::Taken;
        output
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if self.progress != Progress::Taken {
            if self.task.state().drop_join_interest() {
                let waker = self.task.header().join_waker.with_mut(|slot| {
                    // SAFETY: JOIN_WAKER is clear and the task was not complete, so the slot is
                    // ours; the completing thread will not look at it.
                    unsafe { (*slot).take() }
                });
                contain(|| drop(waker));
            } else {
                // SAFETY: the task completed while our JOIN_INTEREST stood: the output is ours.
                unsafe { self.task.drop_output() };
            }
        }
        self.task.drop_ref();
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meta().debug(&mut f.debug_struct("JoinHandle"))
    }
}
