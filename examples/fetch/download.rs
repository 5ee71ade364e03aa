//! One download: from the request, over redirects and retries, to the complete file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{HeaderMap, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};
use mainspring::time;
use url::Url;

use crate::connect::{Connection, Connector};
use crate::failure::Failure;
use crate::partial::Partial;
use crate::progress::Bar;
use crate::retry;

/// How many redirects are followed for one file.
const REDIRECTS_MAX: usize = 10;

/// What to download and where to.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    /// What.
    pub(crate) url: &'a Url,
    /// The directory.
    pub(crate) out: &'a Path,
    /// The file's name in it.
    pub(crate) name: &'a str,
    /// Attempts after the first.
    pub(crate) retries: u32,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The URL as it was given.
    pub(crate) url: String,
    /// The file, or why there is none.
    pub(crate) result: Result<Saved, Failure>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
}

/// A file that has arrived.
#[derive(Debug)]
pub(crate) struct Saved {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// The length of the file.
    pub(crate) bytes: u64,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Download<'_> {
    /// Tries until the file is there, or the reason why not is final, or the retries are used up.
    pub(crate) async fn run(&self, connector: &Connector, bar: &Bar) -> Outcome {
        let begin = Instant::now();
        let mut attempts = 1;
        let result = loop {
            let failure = match self.attempt(connector, bar).await {
                Ok(saved) => break Ok(saved),
                Err(failure) => failure,
            };
            if attempts > self.retries || !failure.may_pass() {
                break Err(failure);
            }
            let pause = retry::pause(attempts, failure.retry_after(), fastrand::f64());
            bar.restart(&format!(
                "attempt {} in {:.1} s",
                attempts + 1,
                pause.as_secs_f64()
            ));
            time::sleep(pause).await;
            attempts += 1;
        };
        Outcome {
            url: self.url.to_string(),
            result,
            attempts,
            elapsed: begin.elapsed(),
        }
    }

    async fn attempt(&self, connector: &Connector, bar: &Bar) -> Result<Saved, Failure> {
        bar.restart("");
        let (response, connection) = follow_redirects(connector, self.url).await?;
        let status = response.status();
        if !status.is_success() {
            let retry_after = retry_after(response.headers());
            finish_empty(connector, &response, connection);
            return Err(Failure::Status {
                code: status,
                retry_after,
            });
        }
        let mut file = Partial::create(self.out, self.name).await?;
        match receive(connector, response.into_body(), &mut file, bar).await {
            Ok(bytes) => {
                connector.keep(connection);
                Ok(Saved {
                    status,
                    bytes,
                    path: file.keep().await?,
                })
            }
            Err(failure) => {
                file.discard().await;
                Err(failure)
            }
        }
    }
}

/// Asks, and asks elsewhere when told so.
async fn follow_redirects(
    connector: &Connector,
    url: &Url,
) -> Result<(Response<Incoming>, Connection), Failure> {
    let mut url = url.clone();
    for _ in 0..=REDIRECTS_MAX {
        let (response, connection) = connector.get(&url).await?;
        if !is_redirect(response.status()) {
            return Ok((response, connection));
        }
        url = redirected(&url, response.headers())?;
        finish_empty(connector, &response, connection);
    }
    Err(Failure::Redirect(format!(
        "there are more than {REDIRECTS_MAX} in a row"
    )))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where an answer redirects to.
fn redirected(from: &Url, headers: &HeaderMap) -> Result<Url, Failure> {
    let Some(location) = headers.get(LOCATION) else {
        return Err(Failure::Redirect(
            "the server does not say where to".to_owned(),
        ));
    };
    let target = String::from_utf8_lossy(location.as_bytes());
    let url = from
        .join(&target)
        .map_err(|error| Failure::Redirect(format!("it leads to {target:?}: {error}")))?;
    check(&url).map_err(|reason| Failure::Redirect(format!("it leads to {url}: {reason}")))?;
    Ok(url)
}

/// Reads a URL from the text a person gave.
///
/// # Errors
///
/// The text is no URL, or not one of a kind that can be downloaded.
pub(crate) fn parse_url(text: &str) -> Result<Url, Failure> {
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Failure::Url("it is not UTF-8".to_owned()));
    }
    let url = Url::parse(text).map_err(|error| Failure::Url(error.to_string()))?;
    check(&url).map_err(|reason| Failure::Url(reason.to_owned()))?;
    Ok(url)
}

/// Whether the URL is of a kind that can be downloaded; if not, why.
fn check(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("only http:// and https:// are supported");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names and passwords in URLs are not supported");
    }
    Ok(())
}

/// Keeps the connection of an answer that is not wanted, if nothing of it is left to be read.
/// Otherwise a new connection costs less than reading it.
fn finish_empty(connector: &Connector, response: &Response<Incoming>, connection: Connection) {
    if response.body().is_end_stream() {
        connector.keep(connection);
    }
}

/// The seconds of a `Retry-After`; dates, which it may have instead, are not understood.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Brings the body into the file; returns its length, which is the announced one if any was.
async fn receive(
    connector: &Connector,
    mut body: Incoming,
    file: &mut Partial,
    bar: &Bar,
) -> Result<u64, Failure> {
    let expected = body.size_hint().exact();
    bar.expect(expected);
    let mut received = 0;
    while let Some(frame) = connector
        .limited("in the middle of the file", body.frame())
        .await?
    {
        // A body without a length ends with a chunk that says so; hyper tells a body that was cut
        // from one that has ended.
        let frame = frame.map_err(|_| Failure::Cut { received, expected })?;
        // The other kind of frame holds trailing headers, which are of no interest.
        if let Ok(bytes) = frame.into_data() {
            received += bytes.len() as u64;
            bar.advance(bytes.len() as u64);
            file.append(bytes).await?;
        }
    }
    match expected {
        Some(expected) if expected != received => Err(Failure::Cut {
            received,
            expected: Some(expected),
        }),
        _ => Ok(received),
    }
}
