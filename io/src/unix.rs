//! [`AsyncFd`]: waiting for any file descriptor, on Unix.

mod async_fd;
mod errors;
mod guard;
#[expect(
    unsafe_code,
    reason = "a number is taken for an open descriptor, as the owner promises"
)]
mod lent;
#[expect(
    unsafe_code,
    reason = "`AsyncFd::register` is an unsafe function, as tokio's is"
)]
mod register;

pub use async_fd::AsyncFd;
pub use errors::{AsyncFdRegisterError, AsyncFdTryNewError, TryIoError};
pub use guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard};
