//! Why a task has no output.

use std::any::Any;
use std::fmt;
use std::io;

use super::id::Id;
use crate::sync::Mutex;

/// The error of a task that did not finish: it was cancelled, it panicked, or it is a job of the
/// offload pool for which the system refused a thread.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() {
/// let task = mainspring::spawn(async { panic!("out of cheese") });
/// let error = task.await.unwrap_err();
/// assert!(error.is_panic());
/// # }
/// ```
pub struct JoinError {
    /// The task that did not finish.
    id: Id,
    /// Why.
    cause: Cause,
}

enum Cause {
    Cancelled,
    /// The payload, behind a lock only to make the error `Sync`.
    Panicked(Mutex<Box<dyn Any + Send + 'static>>),
    /// What the system said when it was asked for a thread.
    Refused(io::Error),
    /// It was spawned before the process was forked, and had not ended.
    Forked,
}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> Self {
        Self {
            id,
            cause: Cause::Cancelled,
        }
    }

    pub(crate) fn panicked(id: Id, payload: Box<dyn Any + Send + 'static>) -> Self {
        Self {
            id,
            cause: Cause::Panicked(Mutex::new(payload)),
        }
    }

    /// A job for which the system refused a thread.
    pub(crate) fn refused(id: Id, error: io::Error) -> Self {
        Self {
            id,
            cause: Cause::Refused(error),
        }
    }

    /// A task that was spawned before the process was forked, and had not ended.
    pub(crate) fn forked(id: Id) -> Self {
        Self {
            id,
            cause: Cause::Forked,
        }
    }

    /// Whether the task was cancelled: by [`JoinHandle::abort`](crate::JoinHandle::abort), by the
    /// end of its runtime, because it was spawned on a runtime that had ended, or because
    /// [no thread could be had](Self::is_refused) for it. In the child of a `fork()`, tasks of the
    /// parent that had not ended count as cancelled, too.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self.cause,
            Cause::Cancelled | Cause::Refused(_) | Cause::Forked
        )
    }

    /// Whether the task is a job that was dropped before it began, since the system refused to
    /// start a thread and none was there to run it. It [counts as cancelled](Self::is_cancelled),
    /// too. The system's error is this error's [source](std::error::Error::source), and its kind
    /// is kept by the conversion into an [`io::Error`].
    pub fn is_refused(&self) -> bool {
        matches!(self.cause, Cause::Refused(_))
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panicked(_))
    }

    /// The panic's payload, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the task did not panic; [`try_into_panic`](Self::try_into_panic) does not.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("`JoinError::into_panic` on a task that did not panic: {error}"),
        }
    }

    /// The panic's payload.
    ///
    /// # Errors
    ///
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, Self> {
        match self.cause {
            Cause::Panicked(payload) => Ok(payload.into_inner()),
            Cause::Cancelled | Cause::Refused(_) | Cause::Forked => Err(self),
        }
    }

    /// The task that did not finish.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The panic's message, where the payload is one.
    fn message(&self) -> Option<String> {
        let Cause::Panicked(payload) = &self.cause else {
            return None;
        };
        let payload = payload.lock();
        let text = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.message()) {
            (Cause::Cancelled, _) => write!(f, "task {} was cancelled", self.id),
            (Cause::Panicked(_), Some(text)) => {
                write!(f, "task {} panicked with message {text:?}", self.id)
            }
            (Cause::Panicked(_), None) => write!(f, "task {} panicked", self.id),
            (Cause::Refused(error), _) => write!(
                f,
                "task {} was not run: the system refused a thread for it ({error})",
                self.id
            ),
            (Cause::Forked, _) => write!(
                f,
                "task {} belongs to the parent of this process: it was spawned before `fork()`",
                self.id
            ),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.message()) {
            (Cause::Cancelled, _) => write!(f, "JoinError::Cancelled({:?})", self.id),
            (Cause::Panicked(_), Some(text)) => {
                write!(f, "JoinError::Panic({:?}, {text:?}, ...)", self.id)
            }
            (Cause::Panicked(_), None) => write!(f, "JoinError::Panic({:?}, ...)", self.id),
            (Cause::Refused(error), _) => {
                write!(f, "JoinError::Refused({:?}, {error:?})", self.id)
            }
            (Cause::Forked, _) => write!(f, "JoinError::Forked({:?})", self.id),
        }
    }
}

impl std::error::Error for JoinError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Refused(error) => Some(error),
            Cause::Cancelled | Cause::Panicked(_) | Cause::Forked => None,
        }
    }
}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        match &error.cause {
            Cause::Refused(refusal) => Self::new(refusal.kind(), error),
            Cause::Cancelled | Cause::Panicked(_) | Cause::Forked => Self::other(error),
        }
    }
}
