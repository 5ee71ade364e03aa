//! The demonstration's server: HTTP/1 by hyper, on a port of the loopback interface.
//!
//! `/slow/N.bin` takes two seconds to arrive. `/small/N.bin` waits 100 ms before it answers; the
//! first request for some of them is refused and for others cut off in the middle.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use mainspring::hyper::{Io, Timer};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::time::{self, Instant, Sleep};

use crate::report;

/// How many pieces a slow file comes in.
const SLOW_PIECES: usize = 40;

/// The time between them; 40 make two seconds.
const SLOW_PIECE_TIME: Duration = Duration::from_millis(50);

/// The length of a slow file.
const SLOW_BYTES: usize = SLOW_PIECES * 16 * 1024;

/// How long a small file waits.
const SMALL_DELAY: Duration = Duration::from_millis(100);

/// The length of a small file.
const SMALL_BYTES: usize = 4 * 1024;

/// The running server; it lives as long as the runtime.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens.
    address: SocketAddr,
    /// What it has seen.
    state: Arc<Mutex<State>>,
}

/// What the server remembers; only ever locked for a moment.
#[derive(Debug, Default)]
struct State {
    /// Paths that have failed once, and are served from then on.
    failed: HashSet<String>,
    /// Requests being served.
    running: usize,
    /// For the report.
    counts: Counts,
}

/// What the server counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Requests for small files.
    pub(crate) small_requests: usize,
    /// Those answered with 503.
    pub(crate) refused: usize,
    /// Those cut off.
    pub(crate) cut: usize,
    /// The most requests that it served at one time.
    pub(crate) most_at_once: usize,
}

impl Server {
    /// Listens on a free port of the loopback interface and serves until the process ends.
    ///
    /// # Errors
    ///
    /// There is no such port.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        mainspring::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen so far.
    pub(crate) fn counts(&self) -> Counts {
        with(&self.state, |state| state.counts)
    }
}

/// The bytes of the file at `path`, if there is one.
pub(crate) fn content(path: &str) -> Option<Vec<u8>> {
    let (folder, file) = path.trim_start_matches('/').split_once('/')?;
    let number: u64 = file.strip_suffix(".bin")?.parse().ok()?;
    let length = match folder {
        "slow" => SLOW_BYTES,
        "small" => SMALL_BYTES,
        _ => return None,
    };
    let mut random = fastrand::Rng::with_seed(number);
    Some((0..length).map(|_| random.u8(..)).collect())
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                mainspring::spawn(serve(stream, Arc::clone(&state)));
            }
            Err(error) => report::complain(&format!("the demonstration's server: {error}")),
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    let connection = http1::Builder::new()
        .timer(Timer)
        .serve_connection(Io::new(stream), service);
    // Connections that are cut off on purpose end in an error.
    drop(connection.await);
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Paced>, Infallible> {
    let path = request.uri().path();
    let Some(bytes) = content(path) else {
        return Ok(with_status(StatusCode::NOT_FOUND, Paced::nothing()));
    };
    let mut body = Paced::whole(bytes.into());
    if path.starts_with("/slow/") {
        body.piece_bytes = SLOW_BYTES / SLOW_PIECES;
        body.piece_time = SLOW_PIECE_TIME;
        return Ok(Response::new(body));
    }
    let fault = with(&state, |state| state.begin(path));
    time::sleep(SMALL_DELAY).await;
    with(&state, |state| state.running -= 1);
    match fault {
        Some(Fault::Refuse) => Ok(with_status(
            StatusCode::SERVICE_UNAVAILABLE,
            Paced::nothing(),
        )),
        Some(Fault::Cut) => {
            body.cut_after = Some(SMALL_BYTES / 2);
            body.piece_bytes = SMALL_BYTES / 2;
            Ok(Response::new(body))
        }
        None => Ok(Response::new(body)),
    }
}

fn with_status(status: StatusCode, body: Paced) -> Response<Paced> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn with<T>(state: &Mutex<State>, access: impl FnOnce(&mut State) -> T) -> T {
    access(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
}

/// How a request is made to fail.
enum Fault {
    /// By an answer that says so.
    Refuse,
    /// In the middle of the file.
    Cut,
}

impl State {
    /// Counts a request for a small file and decides whether it fails: one file in ten is refused
    /// at first, and another one cut off.
    fn begin(&mut self, path: &str) -> Option<Fault> {
        self.running += 1;
        self.counts.small_requests += 1;
        self.counts.most_at_once = self.counts.most_at_once.max(self.running);
        if path.ends_with("3.bin") && self.failed.insert(path.to_owned()) {
            self.counts.refused += 1;
            return Some(Fault::Refuse);
        }
        if path.ends_with("7.bin") && self.failed.insert(path.to_owned()) {
            self.counts.cut += 1;
            return Some(Fault::Cut);
        }
        None
    }
}

/// A body that comes in pieces, at a pace.
struct Paced {
    /// What is still to be sent.
    rest: Bytes,
    /// The length of a piece.
    piece_bytes: usize,
    /// The time before each piece.
    piece_time: Duration,
    /// How many bytes are sent before the connection is cut, if it is.
    cut_after: Option<usize>,
    /// When the next piece is due; made with the first.
    due: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn nothing() -> Self {
        Self::whole(Bytes::new())
    }

    /// Everything at once.
    fn whole(bytes: Bytes) -> Self {
        Self {
            piece_bytes: bytes.len(),
            rest: bytes,
            piece_time: Duration::ZERO,
            cut_after: None,
            due: None,
        }
    }

    /// Waits until the next piece is due, and sets the time for the one after it.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.piece_time.is_zero() {
            return Poll::Ready(());
        }
        let piece_time = self.piece_time;
        let due = self
            .due
            .get_or_insert_with(|| Box::pin(time::sleep(piece_time)));
        ready!(due.as_mut().poll(context));
        // From the time it was due, so that small delays do not add up.
        let next: Instant = due.deadline() + piece_time;
        due.as_mut().reset(next);
        Poll::Ready(())
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.poll_due(context));
        if self.cut_after == Some(0) {
            return Poll::Ready(Some(Err(io::Error::other("cut off on purpose"))));
        }
        let length = self.piece_bytes.min(self.rest.len());
        let piece = self.rest.split_to(length);
        self.cut_after = self.cut_after.map(|bytes| bytes.saturating_sub(length));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
