//! UDP on the loopback interface: a datagram there and back is one unit.

use std::hint::black_box;
use std::io;
use std::net::SocketAddr;

use super::iterated::Laps;
use super::{SOCKET_FAILED, TASK_FAILED, Workload, in_task};
use crate::Runtime;

/// Bytes of a datagram.
const DATAGRAM: usize = 64;

pub(super) fn all<R: Runtime>() -> Vec<Workload<R>> {
    vec![Workload::multi_thread(
        "udp_echo/1",
        1,
        |runtime, iterations| in_task(runtime, echoes::<R>(iterations)).expect(SOCKET_FAILED),
    )]
}

/// The loopback interface loses nothing as long as one datagram is on its way.
async fn echoes<R: Runtime>(iterations: u64) -> io::Result<Laps> {
    let server = R::udp().await?;
    let address = R::udp_addr(&server)?;
    let serving = R::spawn(async move {
        let mut buffer = [0; DATAGRAM];
        for _ in 0..iterations + 1 {
            let (length, from) = R::recv_from(&server, &mut buffer).await?;
            R::send_to(&server, &buffer[..length], from).await?;
        }
        io::Result::Ok(())
    });
    let client = R::udp().await?;
    // The first exchange is set-up: the server task has then begun.
    exchange::<R>(&client, address, iterations).await?;
    let mut laps = Laps::begin(iterations);
    for number in 0..iterations {
        exchange::<R>(&client, address, number).await?;
        laps.lap();
    }
    serving.await.expect(TASK_FAILED)?;
    Ok(laps)
}

async fn exchange<R: Runtime>(client: &R::Udp, server: SocketAddr, number: u64) -> io::Result<()> {
    let mut datagram = [0; DATAGRAM];
    datagram[..8].copy_from_slice(&number.to_le_bytes());
    R::send_to(client, black_box(&datagram), server).await?;
    let mut answer = [0; DATAGRAM];
    let (length, _) = R::recv_from(client, &mut answer).await?;
    assert_eq!(
        (length, answer),
        (DATAGRAM, datagram),
        "another datagram came back"
    );
    Ok(())
}
