//! No descriptor is left.

use std::fs::File;
use std::io;
use std::net::SocketAddr;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use mainspring::runtime::{Builder, Runtime};
use mainspring::time::{Duration, sleep, timeout};

use super::{LIMIT, assert_unharmed, current_thread, multi_thread};
use crate::child;
use crate::process::{self, Belongings, THREADS};

/// What the children may have.
const FEW: &str = "ulimit -n 64";

/// EMFILE on every Linux.
const EMFILE: i32 = 24;

/// Takes all descriptors that are left.
fn take_all() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) if error.raw_os_error() == Some(EMFILE) => return taken,
            Err(error) => panic!("{error}"),
        }
    }
}

/// That there was no descriptor for it.
#[track_caller]
fn refused<T>(result: io::Result<T>) {
    match result {
        Ok(_) => panic!("there was no descriptor for it"),
        Err(error) => assert_eq!(error.raw_os_error(), Some(EMFILE), "{error:?}"),
    }
}

#[test]
fn without_descriptors_all_is_an_error_and_works_afterwards() {
    let _alone = process::alone();
    let name = "faults::descriptors::without_descriptors_all_is_an_error_and_works_afterwards";
    child::under(FEW, name, || {
        for runtime in [current_thread(), multi_thread(2)] {
            runtime.block_on(async {
                assert!(timeout(LIMIT, starve()).await.is_ok(), "it hangs");
            });
        }
    });
}

async fn starve() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("there is a descriptor");
    let addr = listener.local_addr().expect("it is bound");
    let path = format!("\0mainspring-starved-{}", std::process::id());
    let unix = UnixListener::bind(&path).expect("there is a descriptor");
    // The table is big enough for what the process has now.
    let mut established = TcpStream::connect(addr)
        .await
        .expect("there is a descriptor");
    let (mut accepted, _) = listener.accept().await.expect("there is a descriptor");
    // These two wait in the backlogs while the descriptors run out.
    let waiting = TcpStream::connect(addr)
        .await
        .expect("there is a descriptor");
    let waiting_unix = UnixStream::connect(&path)
        .await
        .expect("there is a descriptor");
    let taken = take_all();

    refused(TcpStream::connect(addr).await);
    refused(TcpListener::bind("127.0.0.1:0").await);
    refused(UdpSocket::bind("127.0.0.1:0").await);
    refused(UnixStream::connect(&path).await);
    refused(UnixStream::pair());
    refused(UnixListener::bind(format!("{path}-other")));
    refused(UnixDatagram::unbound());
    // What it needs is open, or it says what is wrong; it does not panic.
    drop(mainspring::net::lookup_host("localhost:1").await);
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        refused(builder.worker_threads(2).thread_name(THREADS).build());
    }
    // What is open works as ever.
    established
        .write_all(b"hello")
        .await
        .expect("it is connected");
    let mut buffer = [0; 5];
    accepted
        .read_exact(&mut buffer)
        .await
        .expect("it is connected");
    assert_eq!(&buffer, b"hello");
    assert_unharmed().await;
    // Listeners wait instead of failing.
    let accepting = mainspring::spawn(async move {
        let first = listener.accept().await;
        (listener, first)
    });
    let accepting_unix = mainspring::spawn(async move { unix.accept().await });
    sleep(Duration::from_millis(20)).await;
    assert!(!accepting.is_finished() && !accepting_unix.is_finished());

    drop(taken);
    let (listener, first) = accepting.await.expect("it does not panic");
    drop(first.expect("there are descriptors again"));
    let second = accepting_unix.await.expect("it does not panic");
    drop(second.expect("there are descriptors again"));
    drop((waiting, waiting_unix));
    let again = echo(&listener, addr).await;
    again.expect("there are descriptors again");
    assert_unharmed().await;
}

async fn echo(listener: &TcpListener, addr: SocketAddr) -> io::Result<()> {
    let mut client = TcpStream::connect(addr).await?;
    let (mut server, _) = listener.accept().await?;
    client.write_all(b"x").await?;
    let mut byte = [0];
    server.read_exact(&mut byte).await?;
    assert_eq!(&byte, b"x");
    Ok(())
}

#[test]
fn a_runtime_that_gets_only_some_descriptors_leaves_none_open() {
    let _alone = process::alone();
    let name = "faults::descriptors::a_runtime_that_gets_only_some_descriptors_leaves_none_open";
    child::under(FEW, name, || {
        let mut has_failed = 0;
        // One more is free in each round, until a runtime of either flavour can be built.
        for free in 0..20 {
            let before = Belongings::now();
            let mut taken = take_all();
            taken.truncate(taken.len() - free);
            let built: Vec<io::Result<Runtime>> =
                [Builder::new_current_thread(), Builder::new_multi_thread()]
                    .into_iter()
                    .map(|mut builder| {
                        let built = builder.worker_threads(1).thread_name(THREADS).build();
                        if let Ok(runtime) = &built {
                            runtime.block_on(async { sleep(Duration::from_millis(1)).await });
                        }
                        built
                    })
                    .collect();
            for result in built {
                match result {
                    Ok(runtime) => drop(runtime),
                    Err(error) => {
                        assert_eq!(error.raw_os_error(), Some(EMFILE), "{error:?}");
                        has_failed += 1;
                    }
                }
            }
            drop(taken);
            before.wait_until_back().expect("nothing is left");
        }
        assert!((2..20).contains(&has_failed), "{has_failed} have failed");
    });
}
