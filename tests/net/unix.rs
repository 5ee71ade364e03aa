//! Sockets of the Unix domain, and descriptors of other things.

use std::fs;
use std::io::{Read, Write, pipe};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mainspring::io::unix::AsyncFd;
use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{UnixDatagram, UnixListener, UnixStream};
use mainspring::task::JoinSet;
use mainspring::time::{sleep, timeout};

use crate::each::in_each_runtime;

/// A path that is removed again.
struct Path(PathBuf);

impl Path {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mainspring-test-{}-{number}.socket", process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        // A test that failed early has not made it.
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_server_at_a_path_echoes_many_clients() {
    in_each_runtime(|| async {
        let path = Path::new();
        let listener = UnixListener::bind(&path.0).expect("the path is free");
        let server = mainspring::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("somebody connects");
                mainspring::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    mainspring::io::copy(&mut read, &mut write).await
                });
            }
        });
        let mut clients = JoinSet::new();
        for client in 0..30_u8 {
            let path = path.0.clone();
            clients.spawn(async move {
                let mut stream = UnixStream::connect(path).await.expect("it listens");
                for round in 0..50_u8 {
                    stream
                        .write_all(&[client, round])
                        .await
                        .expect("there is room");
                    let mut answer = [0; 2];
                    stream.read_exact(&mut answer).await.expect("it is echoed");
                    assert_eq!(answer, [client, round]);
                }
            });
        }
        clients.join_all().await;
        server.abort();
    });
}

#[test]
fn the_owned_halves_of_a_pair_work_in_tasks() {
    in_each_runtime(|| async {
        let (near, far) = UnixStream::pair().expect("the system has descriptors");
        let (mut far_read, mut far_write) = far.into_split();
        let echo = mainspring::spawn(async move {
            mainspring::io::copy(&mut far_read, &mut far_write)
                .await
                .expect("the peer is well");
        });
        let (mut read, mut write) = near.into_split();
        let writing = mainspring::spawn(async move {
            for n in 0..1_000 {
                write.write_u32(n).await.expect("there is room");
            }
        });
        for n in 0..1_000 {
            assert_eq!(read.read_u32().await.expect("it is echoed"), n);
        }
        assert_eq!(read.read(&mut [0; 1]).await.expect("a clean end"), 0);
        writing.await.expect("no panic");
        echo.await.expect("no panic");
    });
}

#[test]
fn datagrams_wait_for_room_and_are_woken_by_it() {
    in_each_runtime(|| async {
        let (near, far) = UnixDatagram::pair().expect("the system has descriptors");
        let sending = mainspring::spawn(async move {
            for n in 0..2_000_u32 {
                near.send(&n.to_be_bytes())
                    .await
                    .expect("the peer is there");
            }
        });
        sleep(Duration::from_millis(2)).await;
        for n in 0..2_000_u32 {
            let mut block = [0; 4];
            assert_eq!(far.recv(&mut block).await.expect("the peer is there"), 4);
            assert_eq!(u32::from_be_bytes(block), n);
        }
        sending.await.expect("no panic");
    });
}

#[test]
fn nobody_listening_at_a_path_is_an_error() {
    in_each_runtime(|| async {
        let path = Path::new();
        let error = UnixStream::connect(&path.0)
            .await
            .expect_err("there is nothing");
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        drop(UnixListener::bind(&path.0).expect("the path is free"));
        let error = UnixStream::connect(&path.0)
            .await
            .expect_err("nobody listens any more");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_pipe_is_waited_for_through_its_descriptor() {
    in_each_runtime(|| async {
        let (mut reader, mut writer) = pipe().expect("the system has descriptors");
        let ready = AsyncFd::new(OwnedFd::from(
            reader.try_clone().expect("a descriptor is free"),
        ))
        .expect("it can be polled");
        assert!(
            timeout(Duration::from_millis(1), ready.readable())
                .await
                .is_err()
        );
        let writing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(2));
            writer.write_all(b"xyz").expect("there is room");
        });
        let mut guard = ready.readable().await.expect("the driver is well");
        let mut block = [0; 8];
        assert_eq!(reader.read(&mut block).expect("there is something"), 3);
        guard.clear_ready();
        drop(guard);
        writing.join().expect("no panic");
        // The writer is gone: that is an event as well.
        drop(ready.readable().await.expect("the driver is well"));
        assert_eq!(reader.read(&mut block).expect("a clean end"), 0);
    });
}
