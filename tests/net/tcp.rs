//! TCP: many connections, both halves, ends and refusals.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::sync::oneshot;
use mainspring::task::{JoinHandle, JoinSet};
use mainspring::time::{sleep, timeout};

use crate::each::{in_each_runtime, on_each_runtime};

/// A server that echoes what it gets on every connection, each in a task of its own.
async fn echo_server() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let server = mainspring::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            mainspring::spawn(async move {
                let mut block = [0; 4096];
                loop {
                    match stream.read(&mut block).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => {
                            if stream.write_all(&block[..count]).await.is_err() {
                                return;
                            }
                        }
                    }
                }
            });
        }
    });
    (addr, server)
}

/// A connected pair.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let (near, far) = mainspring::join!(TcpStream::connect(addr), listener.accept());
    (near.expect("it listens"), far.expect("it has connected").0)
}

#[test]
fn a_hundred_connections_at_once_are_echoed() {
    in_each_runtime(|| async {
        let (addr, server) = echo_server().await;
        let mut clients = JoinSet::new();
        for client in 0..100_u8 {
            clients.spawn(async move {
                let mut stream = TcpStream::connect(addr).await.expect("it listens");
                stream.set_nodelay(true).expect("it can be set");
                for round in 0..50_u8 {
                    let message = [client.wrapping_add(round); 64];
                    stream.write_all(&message).await.expect("there is room");
                    let mut answer = [0; 64];
                    stream.read_exact(&mut answer).await.expect("it is echoed");
                    assert_eq!(answer, message);
                }
            });
        }
        assert_eq!(clients.join_all().await.len(), 100);
        server.abort();
        assert!(server.await.expect_err("it was aborted").is_cancelled());
    });
}

#[test]
fn clients_on_plain_threads_are_echoed() {
    on_each_runtime(|runtime| {
        use std::io::{Read, Write};
        let (addr, _server) = runtime.block_on(echo_server());
        let (done, is_done) = oneshot::channel();
        let clients = thread::spawn(move || {
            let clients: Vec<_> = (0..10_u8)
                .map(|client| {
                    thread::spawn(move || {
                        let mut stream = std::net::TcpStream::connect(addr).expect("it listens");
                        for _ in 0..100 {
                            stream.write_all(&[client; 100]).expect("there is room");
                            let mut answer = [0; 100];
                            stream.read_exact(&mut answer).expect("it is echoed");
                            assert_eq!(answer, [client; 100]);
                        }
                    })
                })
                .collect();
            for client in clients {
                client.join().expect("no assertion fails");
            }
            done.send(()).expect("the test listens");
        });
        runtime.block_on(is_done).expect("all were echoed");
        clients.join().expect("no panic");
    });
}

#[test]
fn a_thousand_short_connections_one_after_the_other() {
    in_each_runtime(|| async {
        let (addr, _server) = echo_server().await;
        for round in 0..1_000_u32 {
            let mut stream = TcpStream::connect(addr).await.expect("it listens");
            stream.write_u32(round).await.expect("there is room");
            assert_eq!(stream.read_u32().await.expect("it is echoed"), round);
        }
    });
}

#[test]
fn a_connection_that_is_reset_harms_no_other() {
    in_each_runtime(|| async {
        let (addr, _server) = echo_server().await;
        let mut good = TcpStream::connect(addr).await.expect("it listens");
        for round in 0..100 {
            let mut bad = TcpStream::connect(addr).await.expect("it listens");
            bad.write_all(b"some").await.expect("there is room");
            bad.set_zero_linger().expect("it can be set");
            drop(bad);
            good.write_u8(round).await.expect("there is room");
            assert_eq!(good.read_u8().await.expect("it is echoed"), round);
        }
    });
}

#[test]
fn the_halves_work_in_two_tasks() {
    in_each_runtime(|| async {
        let (near, far) = pair().await;
        let (mut far_read, mut far_write) = far.into_split();
        let echo = mainspring::spawn(async move {
            mainspring::io::copy(&mut far_read, &mut far_write)
                .await
                .expect("the peer is well")
        });
        let (near_read, mut near_write) = near.into_split();
        let writing = mainspring::spawn(async move {
            for n in 0..2_000 {
                near_write
                    .write_all(format!("line {n}\n").as_bytes())
                    .await
                    .expect("there is room");
            }
            near_write
        });
        let reading = mainspring::spawn(async move {
            let mut lines = BufReader::new(near_read).lines();
            let mut count = 0;
            while let Some(line) = lines.next_line().await.expect("it is text") {
                assert_eq!(line, format!("line {count}"));
                count += 1;
            }
            (count, lines.into_inner().into_inner())
        });
        // Dropping the writing half ends the echo, and with it the reading.
        drop(writing.await.expect("no panic"));
        let (count, _) = reading.await.expect("no assertion fails");
        assert_eq!(count, 2_000);
        assert!(echo.await.expect("no panic") > 0);
    });
}

#[test]
fn halves_that_came_from_two_tasks_are_reunited() {
    in_each_runtime(|| async {
        let (near, mut far) = pair().await;
        let (read, mut write) = near.into_split();
        let write = mainspring::spawn(async move {
            write.write_u8(1).await.expect("there is room");
            write
        });
        let write = write.await.expect("no panic");
        let mut near = read.reunite(write).expect("they belong together");
        assert_eq!(far.read_u8().await.expect("it was sent"), 1);
        far.write_u8(2).await.expect("there is room");
        assert_eq!(near.read_u8().await.expect("it was sent"), 2);
    });
}

#[test]
fn a_half_close_lets_the_answer_through() {
    in_each_runtime(|| async {
        let (mut near, mut far) = pair().await;
        let answering = mainspring::spawn(async move {
            let mut question = String::new();
            far.read_to_string(&mut question).await.expect("it is text");
            far.write_all(question.to_uppercase().as_bytes())
                .await
                .expect("there is room");
        });
        near.write_all(b"all of it").await.expect("there is room");
        near.shutdown().await.expect("it is connected");
        let mut answer = String::new();
        near.read_to_string(&mut answer).await.expect("it is text");
        assert_eq!(answer, "ALL OF IT");
        answering.await.expect("no panic");
    });
}

#[test]
fn a_read_sees_the_peer_s_end_and_its_reset() {
    in_each_runtime(|| async {
        let (mut near, far) = pair().await;
        let reading = mainspring::spawn(async move { near.read(&mut [0; 8]).await });
        drop(far);
        assert_eq!(reading.await.expect("no panic").expect("a clean end"), 0);

        let (mut near, far) = pair().await;
        let reading = mainspring::spawn(async move { near.read(&mut [0; 8]).await });
        sleep(Duration::from_millis(1)).await;
        far.set_zero_linger().expect("it can be set");
        drop(far);
        let error = reading.await.expect("no panic").expect_err("it was reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_write_to_a_peer_that_is_gone_is_an_error() {
    in_each_runtime(|| async {
        let (mut near, far) = pair().await;
        drop(far);
        let writing = async {
            loop {
                if let Err(error) = near.write_all(&[0; 1024]).await {
                    return error.kind();
                }
            }
        };
        let kind = writing.await;
        assert!(
            matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
            "{kind}"
        );
    });
}

#[test]
fn nobody_listening_is_refused() {
    in_each_runtime(|| async {
        // The port was free a moment ago, and is kept from others by nobody: try a few.
        let mut kinds = Vec::new();
        for _ in 0..5 {
            let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
            let addr = listener.local_addr().expect("it is bound");
            drop(listener);
            match TcpStream::connect(addr).await {
                Err(error) => kinds.push(error.kind()),
                Ok(_) => continue,
            }
        }
        assert!(kinds.contains(&ErrorKind::ConnectionRefused), "{kinds:?}");
    });
}

#[test]
fn what_is_cancelled_in_select_has_lost_nothing() {
    in_each_runtime(|| async {
        let (mut near, mut far) = pair().await;
        let writing = mainspring::spawn(async move {
            for n in 0..500_u32 {
                sleep(Duration::from_micros(u64::from(n % 3) * 70)).await;
                far.write_all(&[n as u8]).await.expect("there is room");
            }
        });
        let (mut got, mut given_up) = (Vec::new(), 0);
        let mut block = [0; 16];
        loop {
            mainspring::select! {
                biased;
                count = near.read(&mut block) => match count.expect("the peer is well") {
                    0 => break,
                    count => got.extend_from_slice(&block[..count]),
                },
                () = sleep(Duration::from_micros(100)) => given_up += 1,
            }
        }
        writing.await.expect("no panic");
        assert_eq!(got, (0..500_u32).map(|n| n as u8).collect::<Vec<_>>());
        println!("{given_up} reads were given up");
    });
}

#[test]
fn an_accept_that_is_cancelled_loses_no_connection() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let connecting = mainspring::spawn(async move {
            let mut streams = Vec::new();
            for _ in 0..50 {
                streams.push(TcpStream::connect(addr).await.expect("it listens"));
                sleep(Duration::from_micros(200)).await;
            }
            streams
        });
        let mut accepted = Vec::new();
        while accepted.len() < 50 {
            if let Ok(stream) = timeout(Duration::from_micros(150), listener.accept()).await {
                accepted.push(stream.expect("somebody has connected").0);
            }
        }
        assert_eq!(connecting.await.expect("no panic").len(), 50);
    });
}

#[test]
fn timeouts_round_reads_strike_and_the_connection_goes_on() {
    in_each_runtime(|| async {
        let (mut near, mut far) = pair().await;
        for round in 0..20 {
            let limit = Duration::from_millis(1);
            assert!(timeout(limit, near.read_u8()).await.is_err());
            far.write_u8(round).await.expect("there is room");
            assert_eq!(near.read_u8().await.expect("it was sent"), round);
        }
    });
}

#[test]
fn several_tasks_wait_for_one_listener_and_each_connection_goes_to_one() {
    in_each_runtime(|| async {
        let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await.expect("a port"));
        let addr = listener.local_addr().expect("it is bound");
        let mut accepting = JoinSet::new();
        for _ in 0..10 {
            let listener = std::sync::Arc::clone(&listener);
            accepting.spawn(async move { listener.accept().await.expect("somebody connects").1 });
        }
        let mut near = Vec::new();
        for _ in 0..10 {
            near.push(TcpStream::connect(addr).await.expect("it listens"));
        }
        let mut peers: Vec<_> = accepting.join_all().await;
        let mut locals: Vec<_> = near
            .iter()
            .map(|s| s.local_addr().expect("it is bound"))
            .collect();
        peers.sort();
        locals.sort();
        assert_eq!(peers, locals);
    });
}
