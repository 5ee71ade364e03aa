//! The glue to [hyper]: its I/O traits, executor and timer, over this runtime's.
//!
//! hyper brings no runtime. It asks for four things through the traits of [`hyper::rt`], and this
//! module answers each:
//!
//! | hyper asks for | give it |
//! |---|---|
//! | [`hyper::rt::Read`] and [`hyper::rt::Write`] | [`Io`], around a socket or a TLS stream |
//! | [`hyper::rt::Executor`] | [`Executor`] |
//! | [`hyper::rt::Timer`] | [`Timer`] |
//!
//! Always call `.timer(Timer)` on hyper's builders: without a timer hyper silently leaves out its
//! default time-outs (such as the one for a request's head), and panics when a connection is
//! served with a time-out that was set explicitly.
//!
//! # Examples
//!
//! A server for HTTP/1, with one task for each connection (hyper's features `server` and `http1`,
//! and the crate `http-body-util`):
//!
//! ```no_run
//! use std::convert::Infallible;
//!
//! use http_body_util::Full;
//! use hyper::body::{Bytes, Incoming};
//! use hyper::server::conn::http1;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//! use mainspring::hyper::{Io, Timer};
//! use mainspring::net::TcpListener;
//!
//! async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::new(Bytes::from("Hello, World!"))))
//! }
//!
//! #[mainspring::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:3000").await?;
//!     loop {
//!         let (stream, _) = listener.accept().await?;
//!         mainspring::spawn(async move {
//!             let connection = http1::Builder::new()
//!                 .timer(Timer)
//!                 .serve_connection(Io::new(stream), service_fn(hello));
//!             if let Err(error) = connection.await {
//!                 eprintln!("a connection failed: {error}");
//!             }
//!         });
//!     }
//! }
//! ```
//!
//! [hyper]: https://docs.rs/hyper/1

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use ::hyper::rt;
use pin_project_lite::pin_project;

use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use crate::time;

pin_project! {
    /// Translates between this crate's I/O traits and hyper's, in both directions.
    ///
    /// Over a `T` with [`AsyncRead`] and [`AsyncWrite`], such as a socket, it has
    /// [`hyper::rt::Read`](rt::Read) and [`hyper::rt::Write`](rt::Write). Over a `T` with hyper's
    /// traits, such as an upgraded connection, it has [`AsyncRead`] and [`AsyncWrite`]. Bytes are
    /// read straight into the caller's buffer, and vectored writes stay vectored.
    ///
    /// # Cancel safety
    ///
    /// The wrapper holds no bytes: it may be dropped, or unwrapped by [`Io::into_inner`], at any
    /// time, and loses nothing.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use http_body_util::Empty;
    /// use hyper::body::Bytes;
    /// use hyper::client::conn::http1;
    /// use mainspring::hyper::Io;
    /// use mainspring::net::TcpStream;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let stream = TcpStream::connect("127.0.0.1:3000").await?;
    /// let (mut sender, connection) = http1::handshake(Io::new(stream)).await?;
    /// mainspring::spawn(connection);
    /// let request = hyper::Request::get("/").body(Empty::<Bytes>::new())?;
    /// println!("{}", sender.send_request(request).await?.status());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub struct Io<T> {
        // The stream whose traits are translated.
        #[pin]
        inner: T,
    }
}

impl<T> Io<T> {
    /// Wraps a stream.
    pub const fn new(inner: T) -> Self {
        Self { inner }
    }

    /// The wrapped stream.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// The wrapped stream, mutably.
    pub const fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Takes the stream out again, for instance after an upgrade to another protocol.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead> rt::Read for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: the slice goes into a `ReadBuf` only, whose safe methods write nothing but
        // initialised bytes, so no byte that was initialised before ceases to be.
        let unfilled = unsafe { cursor.as_mut() };
        let start = unfilled.as_ptr().cast::<u8>();
        let mut buffer = ReadBuf::uninit(unfilled);
        ready!(self.project().inner.poll_read(context, &mut buffer))?;
        let filled = buffer.filled();
        assert_same_buffer(start, filled);
        let count = filled.len();
        // SAFETY: the first `count` bytes of the cursor's unfilled part are those that `buffer`
        // reports as filled, and a `ReadBuf` counts a byte as filled only once it is initialised.
        unsafe { cursor.advance(count) };
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> rt::Write for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(context, parts)
    }
}

impl<T: rt::Read> AsyncRead for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: the slice goes into hyper's `ReadBuf` only, and a reader reaches that by a
        // cursor whose safe methods write nothing but initialised bytes, and whose unsafe ones
        // demand of their caller that no byte ceases to be initialised.
        let unfilled = unsafe { buffer.unfilled_mut() };
        let start = unfilled.as_ptr().cast::<u8>();
        let mut inner_buffer = rt::ReadBuf::uninit(unfilled);
        ready!(
            self.project()
                .inner
                .poll_read(context, inner_buffer.unfilled())
        )?;
        let filled = inner_buffer.filled();
        assert_same_buffer(start, filled);
        let count = filled.len();
        // SAFETY: the first `count` bytes of the unfilled part are those that `inner_buffer`
        // reports as filled, and hyper's `ReadBuf` counts a byte as filled only once it is
        // initialised.
        unsafe { buffer.assume_init(count) };
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: rt::Write> AsyncWrite for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(context, parts)
    }
}

/// Refuses the answer of a reader that filled another buffer than the one it was lent.
///
/// A reader may put a different `ReadBuf` in the place of ours, in safe code; its count of filled
/// bytes would then say nothing about our buffer.
fn assert_same_buffer(start: *const u8, filled: &[u8]) {
    assert!(
        filled.is_empty() || start == filled.as_ptr(),
        "the wrapped stream's `poll_read` exchanged the buffer that it was given"
    );
}

/// Runs hyper's background tasks on the current runtime, by [`spawn`](crate::spawn()).
///
/// HTTP/2 needs it, on both sides: `http2::Builder::new(Executor)`.
///
/// # Panics
///
/// `execute` panics when it is called outside of a runtime, as [`spawn`](crate::spawn()) does.
///
/// # Examples
///
/// ```
/// use hyper::rt::Executor as _;
/// use mainspring::hyper::Executor;
///
/// #[mainspring::main]
/// async fn main() {
///     let (sender, receiver) = mainspring::sync::oneshot::channel();
///     Executor.execute(async move { sender.send(3) });
///     assert_eq!(receiver.await, Ok(3));
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        // Dropping the handle detaches the task: hyper waits for its tasks by other means.
        drop(crate::spawn(future));
    }
}

/// Lets hyper sleep on the current runtime's timers.
///
/// It goes by the runtime's clock, so paused time is paused for hyper too. A sleep that hyper
/// resets, which it does with each request, stays where it is and is only given its new deadline.
///
/// # Panics
///
/// The sleeps panic when they are made outside of a runtime, as [`time::sleep`] does.
///
/// # Examples
///
/// ```no_run
/// # use std::time::Duration;
/// # use mainspring::hyper::Timer;
/// let mut builder = hyper::server::conn::http1::Builder::new();
/// builder.timer(Timer).header_read_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep {
            inner: time::sleep(duration),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep {
            inner: time::sleep_until(deadline.into()),
        })
    }

    fn now(&self) -> Instant {
        time::Instant::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(ours) => ours.project().inner.reset(new_deadline.into()),
            // Another timer's sleep: hyper does not mix them, but the trait would allow it.
            None => *sleep = self.sleep_until(new_deadline),
        }
    }
}

pin_project! {
    /// A sleep of this runtime, as a type on which hyper's trait can be implemented.
    struct Sleep {
        // The sleep itself.
        #[pin]
        inner: time::Sleep,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.project().inner.poll(context)
    }
}

impl rt::Sleep for Sleep {}

#[cfg(test)]
mod tests;
