//! TCP on the loopback interface: 64 bytes there and back is one unit.

use std::hint::black_box;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::iterated::Laps;
use super::{SOCKET_FAILED, TASK_FAILED, Taken, Workload, in_task};
use crate::Runtime;
use crate::process::allow_descriptors;

/// Bytes of a message.
const MESSAGE: usize = 64;

/// Messages of each connection in one iteration, where there are many.
const MESSAGES: u64 = 4;

/// Descriptors of a process beside the sockets of its connections.
const OTHER_DESCRIPTORS: u64 = 100;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![
        Workload::multi_thread("tcp_echo/1", 1, |runtime, iterations| {
            in_task(runtime, one::<R>(iterations)).expect(SOCKET_FAILED)
        }),
        many("tcp_echo/64", 64),
        many("tcp_echo/512", 512),
        Workload::multi_thread("tcp_echo/std_client", 1, |runtime, iterations| {
            std_client(runtime, iterations).expect(SOCKET_FAILED)
        }),
        Workload::current_thread("tcp_echo/current_thread", 1, |runtime, iterations| {
            in_task(runtime, one::<R>(iterations)).expect(SOCKET_FAILED)
        }),
    ]
}

fn many<R: Runtime>(name: &'static str, connections: u64) -> Workload<R> {
    let units = connections * MESSAGES;
    Workload::multi_thread(name, units, move |runtime, iterations| {
        in_task(runtime, in_connections::<R>(connections, iterations)).expect(SOCKET_FAILED)
    })
}

/// Client and server are tasks of the same runtime.
async fn one<R: Runtime>(iterations: u64) -> io::Result<Taken> {
    let address = serve::<R>(1).await?;
    let mut stream = R::connect(address).await?;
    // The first exchange is set-up: the server task has then accepted.
    exchange::<R>(&mut stream, 1).await?;
    Ok(exchange::<R>(&mut stream, iterations).await?.into())
}

async fn in_connections<R: Runtime>(connections: u64, iterations: u64) -> io::Result<Taken> {
    allow_descriptors(2 * connections + OTHER_DESCRIPTORS)?;
    let address = serve::<R>(connections).await?;
    let mut streams = Vec::new();
    for _ in 0..connections {
        let mut stream = R::connect(address).await?;
        exchange::<R>(&mut stream, 1).await?;
        streams.push(stream);
    }
    let client = |mut stream| async move {
        let laps = exchange::<R>(&mut stream, iterations * MESSAGES).await?;
        io::Result::Ok((stream, laps))
    };
    let begun = Instant::now();
    let clients: Vec<_> = streams
        .into_iter()
        .map(|stream| R::spawn(client(stream)))
        .collect();
    let mut ended = Vec::new();
    for client in clients {
        ended.push(client.await.expect(TASK_FAILED)?);
    }
    let elapsed = begun.elapsed();
    // Closing is not in the timed part.
    let trips = ended
        .into_iter()
        .flat_map(|(_, laps)| Taken::from(laps).trips)
        .collect();
    Ok(Taken { elapsed, trips })
}

/// The client is a thread that blocks, as a program elsewhere would be.
fn std_client<R: Runtime>(runtime: &R, iterations: u64) -> io::Result<Taken> {
    let address = in_task(runtime, serve::<R>(1))?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answer = [0; MESSAGE];
    let mut round_trip = |number: u64| {
        let message = message(number);
        stream.write_all(black_box(&message))?;
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, message, "another message came back");
        io::Result::Ok(())
    };
    round_trip(0)?;
    let mut laps = Laps::begin(iterations);
    for number in 0..iterations {
        round_trip(number)?;
        laps.lap();
    }
    Ok(laps.into())
}

/// A server for so many connections, with a task for each.
async fn serve<R: Runtime>(connections: u64) -> io::Result<SocketAddr> {
    let listener = R::listen().await?;
    let address = R::local_addr(&listener)?;
    let acceptor = R::spawn(async move {
        for _ in 0..connections {
            let stream = R::accept(&listener).await.expect(SOCKET_FAILED);
            drop(R::spawn(async move {
                echo::<R>(stream).await.expect(SOCKET_FAILED)
            }));
        }
    });
    drop(acceptor);
    Ok(address)
}

/// Sends back what comes, until the other side closes.
async fn echo<R: Runtime>(mut stream: R::Stream) -> io::Result<()> {
    let mut buffer = [0; MESSAGE];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
    }
}

/// Sends messages one after the other, and says how long each answer took.
async fn exchange<R: Runtime>(stream: &mut R::Stream, messages: u64) -> io::Result<Laps> {
    let mut answer = [0; MESSAGE];
    let mut laps = Laps::begin(messages);
    for number in 0..messages {
        let message = message(number);
        stream.write_all(black_box(&message)).await?;
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, message, "another message came back");
        laps.lap();
    }
    Ok(laps)
}

/// Each message differs from the one before.
fn message(number: u64) -> [u8; MESSAGE] {
    let mut message = [0; MESSAGE];
    message[..8].copy_from_slice(&number.to_le_bytes());
    message
}
