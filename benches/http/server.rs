//! An HTTP server on hyper, on Mainspring or on tokio: what `benches/http/run` loads.
//!
//! ```text
//! http_server mainspring|tokio h1|h2 WORKERS
//! ```
//!
//! It listens on a free port of the loopback interface, prints the address, and serves `/hello`
//! and `/json` until its standard input ends. (SIGTERM ends it as it ends any program.) `h2` is
//! HTTP/2 without TLS for clients that know it, which is what `h2load` speaks.
//!
//! All of it is one source for both runtimes; [`HttpRuntime`] is the difference. The bodies are
//! made once: what is compared is sockets, timers and scheduling below hyper, and no serializer.

mod mainspring_side;
mod tokio_side;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::{Ready, ready};
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::rt::bounds::Http2ServerConnExec;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use mainspring_benches::{Mainspring, Runtime, Tokio};

const USAGE: &str = "usage: http_server mainspring|tokio h1|h2 WORKERS";

/// What every framework's benchmark answers.
const HELLO: &str = "Hello, World!";

/// The bytes of the JSON.
const JSON_LENGTH: usize = 1024;

/// A runtime with its glue to hyper.
trait HttpRuntime: Runtime {
    /// A connection, as hyper wants it.
    type Io: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static;

    /// Runs hyper's streams of HTTP/2.
    type Executor: Http2ServerConnExec<Answer, Full<Bytes>> + Clone + Send + Sync + Unpin + 'static;

    /// For hyper's time-outs, such as the one for a request's head.
    type Timer: hyper::rt::Timer + Clone + Send + Sync + 'static;

    fn io(stream: Self::Stream) -> Self::Io;

    fn executor() -> Self::Executor;

    fn timer() -> Self::Timer;
}

/// The answer to a request: it is known at once.
type Answer = Ready<Result<Response<Full<Bytes>>, Infallible>>;

/// What a connection is served with.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let served = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [Mainspring::NAME, protocol, workers] => serve::<Mainspring>(protocol, workers),
        [Tokio::NAME, protocol, workers] => serve::<Tokio>(protocol, workers),
        _ => Err(USAGE.to_owned()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn serve<R: HttpRuntime>(protocol: &str, workers: &str) -> Result<(), String> {
    let protocol = match protocol {
        "h1" => Protocol::Http1,
        "h2" => Protocol::Http2,
        _ => return Err(USAGE.to_owned()),
    };
    let workers = workers.parse().map_err(|_| USAGE)?;
    serve_until_input_ends::<R>(protocol, workers).map_err(|error| error.to_string())
}

/// The main thread only waits for the end of the input: as many threads work as there are workers,
/// on each runtime.
fn serve_until_input_ends<R: HttpRuntime>(protocol: Protocol, workers: usize) -> io::Result<()> {
    let runtime = R::multi_thread(workers)?;
    let listener = runtime.block_on(R::listen())?;
    let address = R::local_addr(&listener)?;
    let bodies = Bodies::new();
    drop(R::spawn_on(&runtime.handle(), async move {
        loop {
            match R::accept(&listener).await {
                Ok(stream) => drop(R::spawn(serve_connection::<R>(stream, protocol, bodies))),
                // Of that connection, which is gone.
                Err(error) => eprintln!("accepting: {error}"),
            }
        }
    }));
    let mut output = io::stdout().lock();
    writeln!(output, "{address}")?;
    output.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

async fn serve_connection<R: HttpRuntime>(stream: R::Stream, protocol: Protocol, bodies: Bodies) {
    let io = R::io(stream);
    let service = service_fn(move |request: Request<Incoming>| bodies.answer(&request));
    let served = match protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            builder
                .timer(R::timer())
                .serve_connection(io, service)
                .await
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(R::executor());
            builder
                .timer(R::timer())
                .serve_connection(io, service)
                .await
        }
    };
    if let Err(error) = served {
        // Its display does not tell what is below it.
        eprintln!("a connection failed: {error:?}");
    }
}

/// The bodies, which live as long as the process: giving them away counts no references.
#[derive(Debug, Clone, Copy)]
struct Bodies {
    json: &'static str,
}

impl Bodies {
    fn new() -> Self {
        Self {
            json: String::leak(json()),
        }
    }

    fn answer(self, request: &Request<Incoming>) -> Answer {
        let (status, kind, body) = match request.uri().path() {
            "/hello" => (StatusCode::OK, "text/plain", HELLO),
            "/json" => (StatusCode::OK, "application/json", self.json),
            _ => (StatusCode::NOT_FOUND, "text/plain", "not found\n"),
        };
        let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static(kind);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        ready(Ok(response))
    }
}

/// A list of things like that of a small interface, of exactly [`JSON_LENGTH`] bytes.
fn json() -> String {
    let mut json = String::from("{\"things\":[");
    for id in 0..16 {
        // Writing to a string does not fail.
        let _ = write!(
            json,
            "{{\"id\":{id},\"name\":\"the thing {id}\",\"is_in_stock\":true}},"
        );
    }
    json.push_str("{}],\"rest\":\"");
    let end = "\"}";
    let rest = JSON_LENGTH - json.len() - end.len();
    json.extend(std::iter::repeat_n('x', rest));
    json + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_is_a_kibibyte() {
        let json = json();
        assert_eq!(json.len(), JSON_LENGTH);
        assert!(json.starts_with("{\"things\":[{\"id\":0,") && json.ends_with("x\"}"));
    }
}
