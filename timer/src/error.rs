//! Errors of the timer functions.

use std::error::Error;
use std::fmt;
use std::io;

/// The error of a [`Timeout`](crate::Timeout): the deadline passed before the future was ready.
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Only this crate makes them.
    _private: (),
}

impl Elapsed {
    pub(crate) fn new() -> Self {
        Self { _private: () }
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("deadline has elapsed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(_: Elapsed) -> Self {
        io::ErrorKind::TimedOut.into()
    }
}
