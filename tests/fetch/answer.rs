//! What the tests' servers answer: whole bodies and broken ones.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::Response;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use mainspring::time::{Sleep, sleep};

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What is sent.
    bytes: Bytes,
    /// The length that is announced; without one the body is sent in chunks.
    length: Option<u64>,
    /// What happens when everything has been sent.
    end: End,
    /// How many bytes are sent at once, and how long it takes until the next ones are.
    pace: Option<(usize, Duration)>,
    /// Until when nothing is sent.
    pause: Option<Pin<Box<Sleep>>>,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As it should.
    Proper,
    /// The connection is closed.
    Cut,
    /// Nothing more ever comes.
    Silence,
}

impl Answer {
    /// A complete body.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            length: Some(bytes.len() as u64),
            bytes,
            end: End::Proper,
            pace: None,
            pause: None,
        }
    }

    /// A complete body of text.
    pub(crate) fn text(text: &'static str) -> Self {
        Self::bytes(text)
    }

    /// Sends it in chunks, without a length.
    pub(crate) fn chunked(self) -> Self {
        Self {
            length: None,
            ..self
        }
    }

    /// Closes the connection when the bytes are sent, `missing` before the announced end.
    pub(crate) fn cut(self, missing: u64) -> Self {
        Self {
            length: self.length.map(|length| length + missing),
            end: End::Cut,
            ..self
        }
    }

    /// Stops when the bytes are sent, `missing` before the announced end.
    pub(crate) fn silent(self, missing: u64) -> Self {
        Self {
            length: self.length.map(|length| length + missing),
            end: End::Silence,
            ..self
        }
    }

    /// Sends it in pieces of `length` bytes, with pauses between them.
    pub(crate) fn paced(self, length: usize, pause: Duration) -> Self {
        Self {
            pace: Some((length, pause)),
            ..self
        }
    }

    /// As an answer with a status and a header.
    pub(crate) fn with(self, status: u16, header: Option<(&str, &str)>) -> Response<Self> {
        let mut builder = Response::builder().status(status);
        if let Some((name, value)) = header {
            builder = builder.header(name, value);
        }
        builder.body(self).expect("status and header are valid")
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if !self.bytes.is_empty() {
            let all = self.bytes.len();
            let (length, pause) = self.pace.unzip();
            let bytes = self.bytes.split_to(length.unwrap_or(all).min(all));
            self.pause = pause.map(|pause| Box::pin(sleep(pause)));
            self.length = self.length.map(|length| length - bytes.len() as u64);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.end {
            End::Proper => Poll::Ready(None),
            End::Cut => Poll::Ready(Some(Err(io::Error::other("cut off")))),
            // Nobody keeps the waker, so nothing ever wakes the connection for this.
            End::Silence => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.end == End::Proper
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(length) => SizeHint::with_exact(length),
            None => SizeHint::default(),
        }
    }
}
