//! Why a download failed, in words for the person who asked for it.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use hyper::StatusCode;

/// The reason why a URL was not downloaded.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The text is not a URL that can be downloaded; why.
    Url(String),
    /// No address is known for the host's name.
    UnknownHost { host: String, error: io::Error },
    /// No address of the host accepted a connection; the last one's error.
    Connect { place: String, error: io::Error },
    /// The host could not prove that it is the one that was asked for.
    Untrusted { host: String, reason: String },
    /// The server said nothing for too long.
    Silence {
        during: &'static str,
        limit: Duration,
    },
    /// The connection ended before the answer began.
    NoAnswer(String),
    /// What the server sent is not HTTP.
    Protocol(String),
    /// The server answered with an error, and perhaps said when to come back.
    Status {
        code: StatusCode,
        retry_after: Option<Duration>,
    },
    /// A redirect leads nowhere, or there were too many.
    Redirect(String),
    /// The body ended early.
    Cut {
        received: u64,
        expected: Option<u64>,
    },
    /// The file could not be written.
    File { path: PathBuf, error: io::Error },
    /// The program itself failed.
    Internal(String),
}

impl Failure {
    /// Whether another attempt may end better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Silence { .. } | Self::NoAnswer(_) | Self::Cut { .. } => {
                true
            }
            Self::Status { code, .. } => {
                code.is_server_error()
                    || *code == StatusCode::REQUEST_TIMEOUT
                    || *code == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Url(_)
            | Self::UnknownHost { .. }
            | Self::Untrusted { .. }
            | Self::Protocol(_)
            | Self::Redirect(_)
            | Self::File { .. }
            | Self::Internal(_) => false,
        }
    }

    /// How long the server asked to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(reason) => write!(formatter, "this is not a URL to download: {reason}"),
            Self::UnknownHost { host, error } => {
                write!(
                    formatter,
                    "no address is known for the host {host}: {}",
                    plain(error)
                )
            }
            Self::Connect { place, error } => {
                write!(formatter, "cannot connect to {place}: {}", plain(error))
            }
            Self::Untrusted { host, reason } => {
                write!(formatter, "no safe connection to {host}: {reason}")
            }
            Self::Silence { during, limit } => {
                write!(
                    formatter,
                    "timed out after {} s {during}",
                    limit.as_secs_f64()
                )
            }
            Self::NoAnswer(reason) => write!(formatter, "the server did not answer: {reason}"),
            Self::Protocol(reason) => write!(formatter, "the server does not speak HTTP: {reason}"),
            Self::Status { code, .. } => {
                let reason = code.canonical_reason().unwrap_or("an unknown status");
                write!(formatter, "the server answered {} {reason}", code.as_u16())
            }
            Self::Redirect(reason) => write!(formatter, "the redirect failed: {reason}"),
            Self::Cut {
                received,
                expected: Some(expected),
            } => {
                write!(
                    formatter,
                    "the download was cut off after {received} of {expected} bytes"
                )
            }
            Self::Cut {
                received,
                expected: None,
            } => {
                write!(formatter, "the download was cut off after {received} bytes")
            }
            Self::File { path, error } => {
                write!(
                    formatter,
                    "cannot write {}: {}",
                    path.display(),
                    plain(error)
                )
            }
            Self::Internal(reason) => write!(formatter, "the program failed: {reason}"),
        }
    }
}

impl Error for Failure {}

/// The innermost cause of an error, which says what happened; the outer ones say where.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    without_number(&cause.to_string())
}

/// An I/O error without the number that the operating system gives it.
fn plain(error: &io::Error) -> String {
    without_number(&error.to_string())
}

fn without_number(text: &str) -> String {
    let end = text.find(" (os error ").unwrap_or(text.len());
    text[..end].to_owned()
}
