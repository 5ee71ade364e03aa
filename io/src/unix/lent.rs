//! A value that has a file descriptor, as something that can be registered.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Lends the descriptor of a value that only tells its number.
#[derive(Debug)]
pub(super) struct Lent<T>(
    /// The value.
    pub(super) T,
);

impl<T: AsRawFd> AsFd for Lent<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor must be open for as long as it is lent, which is no longer than
        // the value is. That the value names an open descriptor, the same one for as long as it
        // lives, is what `AsyncFd::register` demands of its caller.
        unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }
}
