//! TCP on the loopback interface: 64 bytes there and back is one unit.

use std::hint::black_box;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{SOCKET_FAILED, TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Bytes of a message.
const MESSAGE: usize = 64;

/// Connections in the workload that has many.
const CONNECTIONS: u64 = 64;

/// Messages of each connection in one iteration.
const MESSAGES: u64 = 4;

pub(super) fn all<R: Runtime>() -> [Workload<R>; 4] {
    [
        Workload::multi_thread("echo/1_connection", 1, |runtime, iterations| {
            in_task(runtime, one::<R>(iterations)).expect(SOCKET_FAILED)
        }),
        Workload::multi_thread(
            "echo/64_connections",
            CONNECTIONS * MESSAGES,
            |runtime, iterations| in_task(runtime, many::<R>(iterations)).expect(SOCKET_FAILED),
        ),
        Workload::multi_thread("echo/std_client", 1, |runtime, iterations| {
            std_client(runtime, iterations).expect(SOCKET_FAILED)
        }),
        Workload::current_thread("echo/current_thread", 1, |runtime, iterations| {
            in_task(runtime, one::<R>(iterations)).expect(SOCKET_FAILED)
        }),
    ]
}

/// Client and server are tasks of the same runtime.
async fn one<R: Runtime>(iterations: u64) -> io::Result<Duration> {
    let address = serve::<R>(1).await?;
    let mut stream = R::connect(address).await?;
    // The first exchange is set-up: the server task has then accepted.
    exchange::<R>(&mut stream, 1).await?;
    let begun = Instant::now();
    exchange::<R>(&mut stream, iterations).await?;
    Ok(begun.elapsed())
}

async fn many<R: Runtime>(iterations: u64) -> io::Result<Duration> {
    let address = serve::<R>(CONNECTIONS).await?;
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = R::connect(address).await?;
        exchange::<R>(&mut stream, 1).await?;
        streams.push(stream);
    }
    let client = |mut stream| async move {
        exchange::<R>(&mut stream, iterations * MESSAGES).await?;
        io::Result::Ok(stream)
    };
    let begun = Instant::now();
    let clients: Vec<_> = streams
        .into_iter()
        .map(|stream| R::spawn(client(stream)))
        .collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.expect(TASK_FAILED)?);
    }
    let elapsed = begun.elapsed();
    // Closing is not in the timed part.
    drop(streams);
    Ok(elapsed)
}

/// The client is a thread that blocks, as a program elsewhere would be.
fn std_client<R: Runtime>(runtime: &R, iterations: u64) -> io::Result<Duration> {
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
    let begun = Instant::now();
    for number in 0..iterations {
        round_trip(number)?;
    }
    Ok(begun.elapsed())
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

async fn exchange<R: Runtime>(stream: &mut R::Stream, messages: u64) -> io::Result<()> {
    let mut answer = [0; MESSAGE];
    for number in 0..messages {
        let message = message(number);
        stream.write_all(black_box(&message)).await?;
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, message, "another message came back");
    }
    Ok(())
}

/// Each message differs from the one before.
fn message(number: u64) -> [u8; MESSAGE] {
    let mut message = [0; MESSAGE];
    message[..8].copy_from_slice(&number.to_le_bytes());
    message
}
