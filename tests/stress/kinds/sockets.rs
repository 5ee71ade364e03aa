//! TCP and Unix sockets: bytes that are echoed, checked one by one, and streams that are cut on
//! purpose.
//!
//! A client sends a seed first. Both sides make the same [`Plan`] of it: how many bytes, and who
//! cuts the stream where. What arrives is compared with what the seed says; a stream that nobody
//! was to cut must bring all of it, and end.

mod client;
mod plan;
mod server;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use mainspring::io::{AsyncRead, AsyncWrite};
use mainspring::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::random::Random;
use crate::report;
use crate::stage::Scene;
use crate::tracked::Joiner;
use plan::Plan;

/// Where the servers of a stage listen.
pub(crate) struct Servers {
    /// Any address of this machine: each stage has ports of its own, so that those of closed
    /// connections do not run out.
    host: [u8; 4],
    tcp: OnceLock<SocketAddr>,
    /// An abstract name, of which no file is left.
    unix: String,
}

/// A stream of either kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin + Sized + 'static {
    /// Ends the connection with a reset, if this kind knows that.
    fn reset(self);
}

impl Servers {
    pub(crate) fn new(random: &mut Random) -> Self {
        let byte = |random: &mut Random| random.between(1, 250) as u8;
        Self {
            host: [127, byte(random), byte(random), byte(random)],
            tcp: OnceLock::new(),
            unix: format!(
                "\0mainspring-stress-{}-{:x}",
                std::process::id(),
                random.next()
            ),
        }
    }
}

impl Stream for TcpStream {
    fn reset(self) {
        // If the peer was faster, the connection is gone already.
        let _ = self.set_zero_linger();
    }
}

impl Stream for UnixStream {
    fn reset(self) {}
}

/// Starts the servers. Their tasks go on until they are aborted.
pub(crate) async fn serve(scene: &Arc<Scene>) -> Vec<Joiner> {
    let servers = &scene.servers;
    let tcp = TcpListener::bind(SocketAddr::from((servers.host, 0))).await;
    let tcp = tcp.expect("a loopback address has free ports");
    let addr = tcp.local_addr().expect("it is bound");
    servers.tcp.set(addr).expect("a stage begins once");
    let unix = UnixListener::bind(&servers.unix).expect("the name is new");
    let (one, other) = (Arc::clone(scene), Arc::clone(scene));
    vec![
        Joiner::spawn("accepts TCP", &scene.era, move |_| {
            server::accept_tcp(one, tcp)
        }),
        Joiner::spawn("accepts Unix", &scene.era, move |_| {
            server::accept_unix(other, unix)
        }),
    ]
}

pub(super) async fn act(scene: Arc<Scene>, mut random: Random) {
    if random.one_in(20) {
        return refused().await;
    }
    let joiners: Vec<_> = (0..random.between(1, 6))
        .map(|_| {
            let plan = Plan::new(random.next());
            let inner = Arc::clone(&scene);
            let is_tcp = random.one_in(2);
            let joiner = Joiner::spawn("connects", &scene.era, move |_| async move {
                if is_tcp {
                    client::tcp(&inner, plan).await;
                } else {
                    client::unix(&inner, plan).await;
                }
                None
            });
            (plan, joiner)
        })
        .collect();
    for (plan, joiner) in joiners {
        if plan.client_is_aborted() {
            mainspring::time::sleep(random.micros(1_000)).await;
            joiner.abort();
        }
        joiner.await;
    }
}

/// Nobody listens there.
async fn refused() {
    match TcpStream::connect("127.0.0.1:1").await {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
        other => report::failure(&format!("a connection to nobody: {other:?}")),
    }
}
