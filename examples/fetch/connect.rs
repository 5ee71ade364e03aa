//! Connections to servers: look-up, TCP, TLS, HTTP/1; and keeping them for the next request.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HOST, USER_AGENT};
use hyper::{Request, Response};
use mainspring::io::{AsyncRead, AsyncWrite};
use mainspring::net::{TcpStream, lookup_host};
use mainspring::time;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};
use url::{Host, Origin, Position, Url};

use crate::failure::{Failure, root_cause};
use crate::link::Link;

/// Who we say we are.
const AGENT: &str = concat!("mainspring-fetch/", env!("CARGO_PKG_VERSION"));

/// Sends requests, over connections that it opens and keeps.
pub(crate) struct Connector {
    /// Makes a TCP connection a TLS one.
    tls: TlsConnector,
    /// The longest silence on a connection.
    limit: Duration,
    /// Connections without a request, by server. The lock protects the map and is held for a push
    /// or a pop.
    idle: Mutex<HashMap<Origin, Vec<Link>>>,
}

/// A connection that has a request under way.
pub(crate) struct Connection {
    /// The connection itself.
    link: Link,
    /// The server at its other end.
    origin: Origin,
}

impl Connector {
    /// Trusts the public authorities, and those in the PEM file `cacert`.
    ///
    /// # Errors
    ///
    /// The file cannot be read or has no certificate in it.
    pub(crate) fn new(limit: Duration, cacert: Option<&Path>) -> io::Result<Self> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        if let Some(path) = cacert {
            add_authorities(&mut roots, path).map_err(|error| {
                io::Error::other(format!(
                    "--cacert {}: {}",
                    path.display(),
                    root_cause(&*error)
                ))
            })?;
        }
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            limit,
            idle: Mutex::new(HashMap::new()),
        })
    }

    /// Asks for what is at `url` and waits for the answer's head.
    ///
    /// # Errors
    ///
    /// There is no connection or no answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection that it was using.
    pub(crate) async fn get(&self, url: &Url) -> Result<(Response<Incoming>, Connection), Failure> {
        let origin = url.origin();
        while let Some(mut link) = self.take_idle(&origin) {
            // The server may close a connection at any time while it is idle. Then nothing has
            // happened yet, and the request goes to another one.
            if !matches!(self.limited(WAITING, link.is_ready()).await, Ok(true)) {
                continue;
            }
            match self.limited(WAITING, link.send(request(url)?)).await? {
                Some(Ok(response)) => return Ok((response, Connection { link, origin })),
                Some(Err(error)) if error.is_parse() => return Err(protocol(&error)),
                Some(Err(_)) | None => {}
            }
        }
        let mut link = self.connect(url).await?;
        match self.limited(WAITING, link.send(request(url)?)).await? {
            Some(Ok(response)) => Ok((response, Connection { link, origin })),
            Some(Err(error)) if error.is_parse() => Err(protocol(&error)),
            Some(Err(error)) => Err(Failure::NoAnswer(root_cause(&error))),
            None => Err(Failure::NoAnswer("connection closed".to_owned())),
        }
    }

    /// Takes back a connection whose answer has been read to its end.
    pub(crate) fn keep(&self, connection: Connection) {
        let Connection { link, origin } = connection;
        if link.is_open() {
            self.lock_idle().entry(origin).or_default().push(link);
        }
    }

    /// Waits for `future`, which depends on the server, for as long as silence is allowed.
    ///
    /// # Errors
    ///
    /// [`Failure::Silence`], with `during`.
    pub(crate) async fn limited<F: Future>(
        &self,
        during: &'static str,
        future: F,
    ) -> Result<F::Output, Failure> {
        let result = time::timeout(self.limit, future).await;
        result.map_err(|_| Failure::Silence {
            during,
            limit: self.limit,
        })
    }

    fn take_idle(&self, origin: &Origin) -> Option<Link> {
        self.lock_idle().get_mut(origin).and_then(Vec::pop)
    }

    fn lock_idle(&self) -> MutexGuard<'_, HashMap<Origin, Vec<Link>>> {
        // No code that can panic runs under the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self, url: &Url) -> Result<Link, Failure> {
        let stream = self.connect_tcp(url).await?;
        if url.scheme() == "http" {
            return start_http(stream).await;
        }
        let host = url.host_str().unwrap_or_default();
        let handshake = self.tls.connect(server_name(url)?, stream);
        match self.limited("securing the connection", handshake).await? {
            Ok(stream) => start_http(stream).await,
            Err(error) => Err(tls_failure(host, error)),
        }
    }

    /// Tries the host's addresses one after another.
    async fn connect_tcp(&self, url: &Url) -> Result<TcpStream, Failure> {
        let place = &url[Position::BeforeHost..Position::AfterPort];
        let mut failure = Failure::UnknownHost {
            host: place.to_owned(),
            error: io::Error::other("its name has no addresses"),
        };
        for address in self.look_up(url).await? {
            failure = match self
                .limited("connecting", TcpStream::connect(address))
                .await
            {
                Ok(Ok(stream)) => {
                    // A request is small and should leave at once; without this it only is later.
                    drop(stream.set_nodelay(true));
                    return Ok(stream);
                }
                Ok(Err(error)) => Failure::Connect {
                    place: place.to_owned(),
                    error,
                },
                Err(silence) => silence,
            };
        }
        Err(failure)
    }

    async fn look_up(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        let port = url.port_or_known_default().unwrap_or_default();
        let name = match url.host() {
            Some(Host::Ipv4(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Ipv6(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Domain(name)) => name,
            None => return Err(Failure::Url("it has no host".to_owned())),
        };
        match self
            .limited("looking up the host", lookup_host((name, port)))
            .await?
        {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(Failure::UnknownHost {
                host: name.to_owned(),
                error,
            }),
        }
    }
}

async fn start_http<T>(stream: T) -> Result<Link, Failure>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Link::new(stream).await.map_err(|error| protocol(&error))
}

/// What is being waited for after a request.
const WAITING: &str = "waiting for the answer";

fn request(url: &Url) -> Result<Request<Empty<Bytes>>, Failure> {
    Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "*/*")
        // The file is wanted as it is, and its length with it.
        .header(ACCEPT_ENCODING, "identity")
        .body(Empty::new())
        .map_err(|error| Failure::Url(error.to_string()))
}

fn protocol(error: &hyper::Error) -> Failure {
    Failure::Protocol(root_cause(error))
}

fn add_authorities(
    roots: &mut RootCertStore,
    path: &Path,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.len() == before {
        return Err("there is no certificate in the file".into());
    }
    Ok(())
}

fn server_name(url: &Url) -> Result<ServerName<'static>, Failure> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(ServerName::IpAddress(address.into())),
        Some(Host::Ipv6(address)) => Ok(ServerName::IpAddress(address.into())),
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
            .map_err(|_| Failure::Url(format!("{name} is not a valid host name"))),
        None => Err(Failure::Url("it has no host".to_owned())),
    }
}

fn tls_failure(host: &str, error: io::Error) -> Failure {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reason = match inner {
        // The network failed, not the proof of identity.
        None => return Failure::NoAnswer(root_cause(&error)),
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "its certificate is from an authority that is not trusted (see --cacert)".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(reason)) => {
            format!("its certificate is not valid: {reason}")
        }
        Some(other) => other.to_string(),
    };
    Failure::Untrusted {
        host: host.to_owned(),
        reason,
    }
}
