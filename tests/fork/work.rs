//! What a runtime is for.

use std::thread;
use std::time::{Duration, Instant};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream, lookup_host};
use mainspring::runtime::Runtime;
use mainspring::task::spawn_blocking;
use mainspring::time::sleep;

use crate::runtimes::{current_thread, multi_thread};

/// Builds a runtime of each kind, does everything on it, and drops it.
pub(crate) fn on_new_runtimes() {
    for runtime in [multi_thread(2), current_thread()] {
        everything_on(&runtime);
    }
}

/// Fails, or takes for ever, unless everything works on `runtime`.
pub(crate) fn everything_on(runtime: &Runtime) {
    runtime.block_on(async {
        let start = Instant::now();
        sleep(Duration::from_millis(2)).await;
        assert!(start.elapsed() >= Duration::from_millis(2));

        let jobs: Vec<_> = (0..4)
            .map(|n| {
                spawn_blocking(move || {
                    thread::sleep(Duration::from_millis(1));
                    n
                })
            })
            .collect();
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.await.expect("a job that does not panic"), n);
        }

        let mut found = lookup_host("localhost:80").await.expect("localhost");
        assert!(found.next().is_some());

        let echoes: Vec<_> = (0..4).map(|_| mainspring::spawn(echo())).collect();
        for echo in echoes {
            echo.await.expect("a connection that works");
        }
    });
}

/// Sends something through a connection, and back.
async fn echo() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let server = mainspring::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut buf = [0; 5];
        stream.read_exact(&mut buf).await.expect("five bytes");
        sleep(Duration::from_millis(1)).await;
        stream.write_all(&buf).await.expect("room");
    });
    let mut stream = TcpStream::connect(addr).await.expect("a listener");
    stream.write_all(b"hello").await.expect("room");
    let mut buf = [0; 5];
    stream.read_exact(&mut buf).await.expect("an echo");
    assert_eq!(&buf, b"hello");
    server.await.expect("a server that does not panic");
}
