//! A runtime with everything in it that may be pending at its end.

use std::future::pending;
use std::time::Duration;

use mainspring::io::AsyncReadExt;
use mainspring::net::{TcpListener, TcpStream, UdpSocket};
use mainspring::runtime::Runtime;
use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::counted::Drops;

const HOUR: Duration = Duration::from_secs(3600);

/// A grace that is long enough for a task that heeds the signal, beside those of [`fill`].
///
/// ThreadSanitizer counts what threads release, and the task that never waits uses its counters up: each few
/// hundred milliseconds it stops the whole process to begin anew. On a busy machine that takes most of a second:
/// measured by a thread that only sleeps.
pub(crate) const GRACE: Duration = Duration::from_millis(if cfg!(mainspring_sanitize) {
    3_000
} else {
    500
});

/// Fills a runtime with tasks that wait for everything there is, and one that never waits. Gives
/// their number; each holds a token.
pub(crate) fn fill(runtime: &Runtime, drops: &Drops) -> usize {
    let tokens: [_; 7] = std::array::from_fn(|_| drops.token());
    let [idle, timer, listening, reading, receiving, ready, joining] = tokens;
    let filled = async move {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let mut client = TcpStream::connect(addr).await.expect("it listens");
        let server = listener.accept().await.expect("it has connected").0;
        let udp = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        mainspring::spawn(async move {
            let _token = idle;
            pending::<()>().await;
        });
        mainspring::spawn(async move {
            let _token = timer;
            sleep(HOUR).await;
        });
        mainspring::spawn(async move {
            let _token = listening;
            drop(listener.accept().await);
        });
        mainspring::spawn(async move {
            let _held = (reading, server);
            drop(client.read_u8().await);
        });
        mainspring::spawn(async move {
            let _token = receiving;
            drop(udp.recv(&mut [0; 8]).await);
        });
        mainspring::spawn(async move {
            let _token = ready;
            loop {
                yield_now().await;
            }
        });
        let inner = mainspring::spawn(pending::<()>());
        mainspring::spawn(async move {
            let _token = joining;
            drop(inner.await);
        });
        sleep(Duration::from_millis(2)).await;
    };
    runtime.block_on(filled);
    7
}
