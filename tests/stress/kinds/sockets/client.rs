//! The client's side: sends, and reads what comes back at the same time.

use std::io;

use mainspring::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use mainspring::net::{TcpStream, UnixStream};

use super::Stream;
use super::plan::{Cut, Plan};
use crate::report;
use crate::stage::Scene;

/// Bytes sent in one write at most, and read in one read.
const CHUNK: usize = 16 * 1024;

pub(super) async fn tcp(scene: &Scene, plan: Plan) {
    let addr = *scene.servers.tcp.get().expect("the servers listen first");
    talk(scene, plan, TcpStream::connect(addr).await).await;
}

pub(super) async fn unix(scene: &Scene, plan: Plan) {
    talk(scene, plan, UnixStream::connect(&scene.servers.unix).await).await;
}

async fn talk<S: Stream>(scene: &Scene, plan: Plan, stream: io::Result<S>) {
    let stream = match stream {
        Ok(stream) => stream,
        Err(error) => {
            if !scene.era.is_ending() {
                report::failure(&format!("connect: {error:?}"));
            }
            return;
        }
    };
    let (mut reader, mut writer) = split(stream);
    let Some(place) = plan.client.place() else {
        let (sent, read) = mainspring::join!(
            send(&mut writer, plan, plan.total, true),
            receive(&mut reader, plan)
        );
        plan.judge("the client's sending", sent, scene);
        plan.judge("the client's reading", read, scene);
        return;
    };
    mainspring::select! {
        // The server may be the first to cut.
        _ = send(&mut writer, plan, place, false) => {}
        _ = receive(&mut reader, plan) => {}
    }
    let stream = reader.unsplit(writer);
    if matches!(plan.client, Cut::Reset(_)) {
        stream.reset();
    }
}

/// Sends the seed and `count` bytes, in chunks that the seed chooses. Gives how many were sent.
async fn send<S: Stream>(
    writer: &mut WriteHalf<S>,
    plan: Plan,
    count: usize,
    ends: bool,
) -> io::Result<usize> {
    writer.write_all(&plan.seed.to_le_bytes()).await?;
    let mut random = crate::random::Random::new(!plan.seed);
    let mut buffer = vec![0; CHUNK];
    let mut sent = 0;
    while sent < count {
        let chunk = random.between(1, CHUNK).min(count - sent);
        plan.fill(sent, &mut buffer[..chunk]);
        writer.write_all(&buffer[..chunk]).await?;
        sent += chunk;
    }
    if ends {
        writer.shutdown().await?;
    }
    Ok(sent)
}

/// Reads to the end. Gives how many bytes there were.
async fn receive<S: Stream>(reader: &mut ReadHalf<S>, plan: Plan) -> io::Result<usize> {
    let mut buffer = vec![0; CHUNK];
    let mut count = 0;
    loop {
        let read = reader.read(&mut buffer).await?;
        if read == 0 || !plan.check("the client", count, &buffer[..read]) {
            return Ok(count);
        }
        count += read;
    }
}
