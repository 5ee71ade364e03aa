//! TCP on the loopback interface beside echoes: much data in one connection, and many connections
//! without data.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::iterated::Flavour;
use super::{Amount, Iterated, SOCKET_FAILED, TASK_FAILED, Work, Workload, in_task};
use crate::Runtime;

/// What is written and read at once.
const CHUNK: usize = 64 * 1024;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    let stream = Iterated::new(
        Flavour::MultiThread,
        Amount::Bytes(CHUNK as u64),
        |runtime, iterations| in_task(runtime, stream::<R>(iterations)).expect(SOCKET_FAILED),
    );
    vec![
        Workload {
            name: "tcp_stream/64_KiB_chunks",
            work: Work::Iterated(stream),
        },
        Workload::multi_thread("tcp_accept/churn", 1, |runtime, iterations| {
            in_task(runtime, churn::<R>(iterations)).expect(SOCKET_FAILED)
        }),
    ]
}

/// One task writes and another one reads, until it has read all.
async fn stream<R: Runtime>(chunks: u64) -> io::Result<Duration> {
    let listener = R::listen().await?;
    let address = R::local_addr(&listener)?;
    let accepting = R::spawn(async move { R::accept(&listener).await });
    let mut writer = R::connect(address).await?;
    let mut reader = accepting.await.expect(TASK_FAILED)?;
    let reading = async move {
        let mut buffer = vec![0; CHUNK];
        let mut left = chunks * CHUNK as u64;
        while left > 0 {
            match reader.read(&mut buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => left -= length as u64,
            }
        }
        io::Result::Ok(reader)
    };
    let chunk = vec![1; CHUNK];
    let begun = Instant::now();
    let reading = R::spawn(reading);
    for _ in 0..chunks {
        writer.write_all(&chunk).await?;
    }
    let reader = reading.await.expect(TASK_FAILED)?;
    let elapsed = begun.elapsed();
    // Closing is not in the timed part.
    drop((writer, reader));
    Ok(elapsed)
}

/// A unit is a connection: made, taken, closed by the server, and then by the client.
async fn churn<R: Runtime>(connections: u64) -> io::Result<Duration> {
    let listener = R::listen().await?;
    let address = R::local_addr(&listener)?;
    let begun = Instant::now();
    let server = R::spawn(async move {
        for _ in 0..connections {
            drop(R::accept(&listener).await?);
        }
        io::Result::Ok(())
    });
    for _ in 0..connections {
        let mut stream = R::connect(address).await?;
        let length = stream.read(&mut [0]).await?;
        assert_eq!(length, 0, "the server has sent something");
    }
    server.await.expect(TASK_FAILED)?;
    Ok(begun.elapsed())
}
