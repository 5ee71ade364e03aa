//! A connection's two halves: the one that requests go into, and the task that drives it.
//!
//! Whoever waits for an answer also waits for that task's end. hyper alone does not always tell: a request
//! that comes in the moment in which the connection ends may stay in hyper's channel, with whoever waits for
//! its answer, for as long as its sender lives (<https://github.com/hyperium/hyper/issues/4122>). Here that
//! was one request in thousands, where a server closes each connection after its answer.

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use mainspring::hyper::Io;
use mainspring::io::{AsyncRead, AsyncWrite};
use mainspring::task::JoinHandle;

use crate::ended::unless_ended;

/// An HTTP/1 connection.
pub(crate) struct Link {
    /// Where requests go in.
    sender: SendRequest<Empty<Bytes>>,
    /// The task that reads and writes. It ends with the connection.
    driver: JoinHandle<()>,
}

impl Link {
    /// Starts HTTP on a stream.
    ///
    /// # Errors
    ///
    /// As hyper's handshake.
    pub(crate) async fn new<T>(stream: T) -> hyper::Result<Self>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::handshake(Io::new(stream)).await?;
        let driver = mainspring::spawn(async move { drop(connection.await) });
        Ok(Self { sender, driver })
    }

    /// Whether a request may be sent.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.driver.is_finished()
    }

    /// Waits until it may be. False: the connection has ended.
    pub(crate) async fn is_ready(&mut self) -> bool {
        self.sender.ready().await.is_ok() && self.is_open()
    }

    /// Sends a request and waits for the answer's head. None: the connection has ended without one. After
    /// that the link is of no use.
    pub(crate) async fn send(
        &mut self,
        request: Request<Empty<Bytes>>,
    ) -> Option<hyper::Result<Response<Incoming>>> {
        let answer = self.sender.send_request(request);
        unless_ended(answer, &mut self.driver).await
    }
}
