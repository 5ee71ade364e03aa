//! The server's side: sends back what it reads.

use std::io;
use std::sync::Arc;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, UnixListener};

use super::Stream;
use super::plan::{Cut, Plan};
use crate::bombs::Bomb;
use crate::report;
use crate::stage::Scene;
use crate::tracked::Joiner;

/// Bytes read at once at most.
const CHUNK: usize = 8 * 1024;

pub(super) async fn accept_tcp(scene: Arc<Scene>, listener: TcpListener) -> Option<Bomb> {
    loop {
        let accepted = listener.accept().await;
        if !accept(&scene, accepted.map(|(stream, _)| stream)) {
            return None;
        }
    }
}

pub(super) async fn accept_unix(scene: Arc<Scene>, listener: UnixListener) -> Option<Bomb> {
    loop {
        let accepted = listener.accept().await;
        if !accept(&scene, accepted.map(|(stream, _)| stream)) {
            return None;
        }
    }
}

/// Serves a connection in a task of its own. False if the listener has failed.
fn accept<S: Stream>(scene: &Arc<Scene>, stream: io::Result<S>) -> bool {
    let stream = match stream {
        Ok(stream) => stream,
        Err(error) => {
            if !scene.era.is_ending() {
                report::failure(&format!("accept: {error:?}"));
            }
            return false;
        }
    };
    let inner = Arc::clone(scene);
    drop(Joiner::spawn("serves", &scene.era, move |_| async move {
        serve(&inner, stream).await;
        None
    }));
    true
}

async fn serve<S: Stream>(scene: &Scene, mut stream: S) {
    let mut seed = [0; 8];
    if stream.read_exact(&mut seed).await.is_err() {
        // A client that was aborted, or whose runtime ends: its plan is not known yet. One that was
        // to succeed tells by itself.
        return;
    }
    let plan = Plan::new(u64::from_le_bytes(seed));
    let result = echo(&mut stream, plan).await;
    plan.judge("the server", result, scene);
    if matches!(plan.server, Cut::Reset(_)) {
        stream.reset();
    }
}

/// Sends back what comes until the client ends, or the plan cuts. Gives how many bytes there were.
async fn echo<S: Stream>(stream: &mut S, plan: Plan) -> io::Result<usize> {
    let mut buffer = vec![0; CHUNK];
    let mut count = 0;
    let limit = plan.server.place().unwrap_or(usize::MAX);
    while count < limit {
        let read = stream.read(&mut buffer).await?;
        if read == 0 || !plan.check("the server", count, &buffer[..read]) {
            break;
        }
        let read = read.min(limit - count);
        stream.write_all(&buffer[..read]).await?;
        count += read;
    }
    if plan.server == Cut::None {
        stream.shutdown().await?;
    }
    Ok(count)
}
