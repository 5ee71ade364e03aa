//! Servers for the tests: hyper on Mainspring, with TLS if wanted, and one that sends a script.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use mainspring::hyper::{Io, Timer};
use mainspring::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::runtime::{Builder, Runtime};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::answer::Answer;

/// A server in this process; it ends when the value is dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it has seen.
    seen: Arc<Seen>,
    /// Runs it.
    _runtime: Runtime,
}

/// What a server has seen.
///
/// Ordering: the counters are Relaxed. The tests read them when the program has exited, or compare
/// them with a number; no other data is published by them.
#[derive(Debug, Default)]
struct Seen {
    /// Connections accepted.
    connections: AtomicUsize,
    /// Requests received.
    requests: AtomicUsize,
}

/// A request, as far as the tests' answers depend on it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The path and the query.
    pub(crate) path: String,
    /// How many requests the server has had before this one.
    pub(crate) number: usize,
}

/// How a server behaves on a connection.
#[derive(Clone)]
enum Behaviour {
    /// Speaks HTTP.
    Http(Arc<dyn Fn(Asked) -> BoxedAnswer + Send + Sync>),
    /// Reads a request, sends these bytes and closes.
    Raw(&'static [u8]),
}

/// An answer to come.
type BoxedAnswer = Pin<Box<dyn Future<Output = Response<Answer>> + Send>>;

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Server {
    /// Answers each request with what `answer` returns.
    pub(crate) fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Answer>> + Send + 'static,
    {
        let boxed = move |asked| Box::pin(answer(asked)) as BoxedAnswer;
        Self::run(None, Behaviour::Http(Arc::new(boxed)))
    }

    /// The same over TLS, always with the same answer.
    pub(crate) fn start_tls(identity: &Identity, body: &'static str) -> Self {
        let boxed =
            move |_| Box::pin(async move { Response::new(Answer::text(body)) }) as BoxedAnswer;
        Self::run(Some(identity.acceptor()), Behaviour::Http(Arc::new(boxed)))
    }

    /// Reads a request, sends these bytes, whatever they are, and closes the connection. With TLS
    /// it closes without the notice that TLS asks for, as somebody who cuts the wire would.
    pub(crate) fn start_raw(identity: Option<&Identity>, bytes: &'static [u8]) -> Self {
        Self::run(identity.map(Identity::acceptor), Behaviour::Raw(bytes))
    }

    fn run(tls: Option<TlsAcceptor>, behaviour: Behaviour) -> Self {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let seen = Arc::new(Seen::default());
        runtime.spawn(accept(listener, tls, behaviour, Arc::clone(&seen)));
        Self {
            address,
            seen,
            _runtime: runtime,
        }
    }

    /// The URL of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same for a server with TLS.
    pub(crate) fn https_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        // Ordering: Relaxed, see `Seen`.
        self.seen.requests.load(Ordering::Relaxed)
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        // Ordering: Relaxed, see `Seen`.
        self.seen.connections.load(Ordering::Relaxed)
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    behaviour: Behaviour,
    seen: Arc<Seen>,
) {
    loop {
        let (stream, _) = listener
            .accept()
            .await
            .expect("connections can be accepted");
        // Ordering: Relaxed, see `Seen`.
        seen.connections.fetch_add(1, Ordering::Relaxed);
        let (tls, behaviour, seen) = (tls.clone(), behaviour.clone(), Arc::clone(&seen));
        // The client may hang up at any time; what that does to it is what the tests look at.
        mainspring::spawn(async move { drop(serve(stream, tls, behaviour, seen).await) });
    }
}

async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    behaviour: Behaviour,
    seen: Arc<Seen>,
) -> io::Result<()> {
    let mut stream: Box<dyn Stream> = match tls {
        Some(acceptor) => Box::new(acceptor.accept(stream).await?),
        None => Box::new(stream),
    };
    match behaviour {
        Behaviour::Http(answer) => {
            let service = service_fn(move |request: Request<_>| {
                let path = request.uri().to_string();
                // Ordering: Relaxed, see `Seen`.
                let number = seen.requests.fetch_add(1, Ordering::Relaxed);
                let answer = answer(Asked { path, number });
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection = http1::Builder::new()
                .timer(Timer)
                .serve_connection(Io::new(stream), service);
            connection.await.map_err(io::Error::other)
        }
        Behaviour::Raw(bytes) => {
            // Ordering: Relaxed, see `Seen`.
            seen.requests.fetch_add(1, Ordering::Relaxed);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await?);
            }
            stream.write_all(bytes).await?;
            stream.flush().await
        }
    }
}

/// A private authority, and a server's certificate from it.
pub(crate) struct Identity {
    /// The authority's certificate, as text.
    pub(crate) authority_pem: String,
    /// What the server proves itself with.
    config: Arc<ServerConfig>,
}

impl Identity {
    /// A new authority, which vouches for the name `host`.
    pub(crate) fn new(host: &str) -> Self {
        let authority_key = KeyPair::generate().expect("a key can be made");
        let mut authority = CertificateParams::new(Vec::new()).expect("no name is wrong");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_pem = authority
            .self_signed(&authority_key)
            .expect("it can be signed")
            .pem();
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().expect("a key can be made");
        let certificate = CertificateParams::new(vec![host.to_owned()])
            .expect("the name is right")
            .signed_by(&key, &issuer)
            .expect("it can be signed");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .expect("the key fits the certificate");
        Self {
            authority_pem,
            config: Arc::new(config),
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}
