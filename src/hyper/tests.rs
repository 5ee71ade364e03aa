//! The glue by itself, and under a server and a client of hyper's.

use std::convert::Infallible;

use ::hyper::body::{Bytes, Incoming};
use ::hyper::rt::Timer as _;
use ::hyper::service::service_fn;
use ::hyper::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};

use super::*;
use crate::io::{AsyncReadExt, AsyncWriteExt, duplex};
use crate::net::{TcpListener, TcpStream};

/// Twice translated: the outer wrapper has this crate's traits again.
fn there_and_back<T: AsyncWrite>(stream: T) -> Io<Io<T>> {
    Io::new(Io::new(stream))
}

#[crate::test]
async fn bytes_pass_both_translations_unchanged() {
    let (near, far) = duplex(1000);
    let (mut near, mut far) = (there_and_back(near), there_and_back(far));
    let sent: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let writer = crate::spawn({
        let sent = sent.clone();
        async move {
            near.write_all(&sent).await?;
            near.shutdown().await
        }
    });
    // A buffer that already holds bytes, so that reading begins in its middle.
    let mut received = b"kept".to_vec();
    far.read_to_end(&mut received).await.unwrap();
    assert_eq!(&received[..4], b"kept");
    assert_eq!(received[4..], sent);
    writer.await.unwrap().unwrap();
}

#[crate::test]
async fn a_read_fills_only_what_the_stream_had() {
    let (near, mut far) = duplex(64);
    far.write_all(b"abc").await.unwrap();
    let mut near = there_and_back(near);
    let mut space = [b'-'; 8];
    assert_eq!(near.read(&mut space).await.unwrap(), 3);
    assert_eq!(&space, b"abc-----");
    drop(far);
    assert_eq!(near.read(&mut space).await.unwrap(), 0);
}

/// Takes vectored writes only, and misbehaves when it is read from.
#[derive(Default)]
struct Parts {
    /// How many parts the last write had.
    last: usize,
    /// What it says of itself.
    vectored: bool,
}

impl AsyncWrite for Parts {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.last = parts.len();
        Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()))
    }
}

impl AsyncRead for Parts {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What no stream should do, and safe code can.
        *buffer = ReadBuf::new(vec![1; 8].leak());
        buffer.advance(8);
        Poll::Ready(Ok(()))
    }
}

#[crate::test]
async fn vectored_writes_stay_vectored() {
    assert!(!there_and_back(Parts::default()).is_write_vectored());
    let mut stream = there_and_back(Parts {
        vectored: true,
        last: 0,
    });
    assert!(stream.is_write_vectored());
    let parts = [IoSlice::new(b"ab"), IoSlice::new(b"c"), IoSlice::new(b"de")];
    assert_eq!(stream.write_vectored(&parts).await.unwrap(), 5);
    assert_eq!(stream.inner().inner().last, 3);
}

#[crate::test]
#[should_panic(expected = "exchanged the buffer")]
async fn a_stream_that_exchanges_the_buffer_is_found_out() {
    let mut stream = there_and_back(Parts::default());
    drop(stream.read(&mut [0; 16]).await);
}

#[crate::test(start_paused = true)]
async fn the_timer_goes_by_the_clock_of_the_runtime() {
    let begin = Timer.now();
    Timer.sleep(Duration::from_secs(100)).await;
    assert!(Timer.now() - begin >= Duration::from_secs(100));
    Timer.sleep_until(begin + Duration::from_secs(200)).await;
    assert!(Timer.now() - begin >= Duration::from_secs(200));
}

#[crate::test(start_paused = true)]
async fn a_reset_keeps_the_sleep_in_its_place() {
    let begin = Timer.now();
    let mut sleep = Timer.sleep(Duration::from_secs(10));
    let address = (&raw const *sleep).cast::<()>();
    Timer.reset(&mut sleep, begin + Duration::from_secs(50));
    assert_eq!((&raw const *sleep).cast::<()>(), address);
    sleep.as_mut().await;
    let elapsed = Timer.now() - begin;
    assert!(elapsed >= Duration::from_secs(50), "woke after {elapsed:?}");
    assert!(elapsed < Duration::from_secs(51), "woke after {elapsed:?}");
}

/// A sleep that is not this module's, to be replaced by one that is.
struct Foreign;

impl Future for Foreign {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl rt::Sleep for Foreign {}

#[crate::test(start_paused = true)]
async fn a_reset_replaces_the_sleep_of_another_timer() {
    let mut sleep: Pin<Box<dyn rt::Sleep>> = Box::pin(Foreign);
    Timer.reset(&mut sleep, Timer.now() + Duration::from_secs(5));
    sleep.await;
}

#[crate::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_and_a_client_of_hyper_talk() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    crate::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        ::hyper::server::conn::http1::Builder::new()
            .timer(Timer)
            .header_read_timeout(Duration::from_secs(20))
            .serve_connection(Io::new(stream), service_fn(echo))
            .await
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let io = Io::new(stream);
    let (mut sender, connection) = ::hyper::client::conn::http1::handshake(io).await.unwrap();
    rt::Executor::execute(&Executor, connection);
    // Several on one connection: the server resets its timer for each.
    for size in [0, 1, 10_000, 1_000_000] {
        let body = Bytes::from(vec![7; size]);
        let request = Request::post("/").body(Full::new(body.clone())).unwrap();
        // The connection's task may not have asked for the next request yet.
        sender.ready().await.unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            body
        );
    }
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ::hyper::Error> {
    Ok(Response::new(Full::new(
        request.into_body().collect().await?.to_bytes(),
    )))
}

#[crate::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_time_out_ends_a_silent_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = crate::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        ::hyper::server::conn::http1::Builder::new()
            .timer(Timer)
            .header_read_timeout(Duration::from_millis(20))
            .serve_connection(Io::new(stream), service_fn(nothing))
            .await
    });
    let silent = TcpStream::connect(address).await.unwrap();
    let served = time::timeout(Duration::from_secs(20), served)
        .await
        .unwrap()
        .unwrap();
    assert!(served.unwrap_err().is_timeout());
    drop(silent);
}

async fn nothing(_: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    Ok(Response::new(Empty::new()))
}
