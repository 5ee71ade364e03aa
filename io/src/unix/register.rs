//! Registering an [`AsyncFd`] with the contract spelled out.

use std::os::fd::AsRawFd;

use crate::Interest;

use super::{AsyncFd, AsyncFdRegisterError};

impl<T: AsRawFd> AsyncFd<T> {
    /// As [`try_new`](Self::try_new), whose unspoken contract it makes explicit.
    ///
    /// # Safety
    ///
    /// The descriptor that `inner.as_raw_fd()` names must be open, and stay the same and open for
    /// as long as the value is in the [`AsyncFd`].
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub unsafe fn register(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::try_new(inner)
    }

    /// As [`try_with_interest`](Self::try_with_interest), whose unspoken contract it makes
    /// explicit.
    ///
    /// # Safety
    ///
    /// As [`register`](Self::register).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub unsafe fn register_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::try_with_interest(inner, interest)
    }
}
