//! Every asynchronous operation there is, polled after the end of its runtime: none panics, and none
//! waits.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt, Interest};
use mainspring::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
    lookup_host,
};
use mainspring::runtime::{Handle, Runtime};
use mainspring::task::{self, JoinSet, LocalSet};
use mainspring::{fs, time};

use crate::each::on_each_runtime;
use crate::panics::text;

const HOUR: Duration = Duration::from_secs(3600);

/// What has panicked.
#[derive(Default)]
struct Panicked(Vec<String>);

impl Panicked {
    /// Makes a future, polls it twice, and drops it.
    fn check<F: Future>(&mut self, name: &str, make: impl FnOnce() -> F) {
        let mut cx = Context::from_waker(Waker::noop());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut future = Box::pin(make());
            if future.as_mut().poll(&mut cx).is_pending() {
                drop(future.as_mut().poll(&mut cx));
            }
        }));
        if let Err(payload) = outcome {
            self.0.push(format!("{name}: {}", text(&*payload)));
        }
    }
}

/// What was made while the runtime was there.
struct Sockets {
    listener: TcpListener,
    stream: TcpStream,
    peer: TcpStream,
    udp: UdpSocket,
    unix: UnixStream,
    unix_peer: UnixStream,
    datagram: UnixDatagram,
    _datagram_peer: UnixDatagram,
}

impl Sockets {
    fn new(runtime: &Runtime) -> Self {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("it is bound");
            let stream = TcpStream::connect(address).await.expect("it listens");
            let (peer, _) = listener.accept().await.expect("it has connected");
            let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
            udp.connect(address).await.expect("an address");
            let (unix, unix_peer) = UnixStream::pair().expect("a pair");
            let (datagram, _datagram_peer) = UnixDatagram::pair().expect("a pair");
            Self {
                listener,
                stream,
                peer,
                udp,
                unix,
                unix_peer,
                datagram,
                _datagram_peer,
            }
        })
    }
}

/// Fails with the names of all that have panicked, for each runtime that is ended in one way.
fn after(end: fn(Runtime), check: fn(&mut Panicked, Handle, Sockets)) {
    on_each_runtime(move |runtime| {
        let handle = runtime.handle().clone();
        let sockets = Sockets::new(&runtime);
        end(runtime);
        let mut panicked = Panicked::default();
        let _entered = handle.enter();
        check(&mut panicked, handle.clone(), sockets);
        assert!(panicked.0.is_empty(), "{:#?}", panicked.0);
    });
}

fn drop_it(runtime: Runtime) {
    drop(runtime);
}

fn shut_it_down(runtime: Runtime) {
    let report = runtime.shutdown(Duration::from_millis(1));
    assert!(report.stuck.is_empty(), "{report}");
}

#[test]
fn time_does_not_panic() {
    for end in [drop_it, shut_it_down] {
        after(end, |all, _, _| {
            let now = time::Instant::now();
            all.check("sleep 0", || time::sleep(Duration::ZERO));
            all.check("sleep", || time::sleep(HOUR));
            all.check("sleep_until", || time::sleep_until(now + HOUR));
            all.check("reset", || async {
                let mut sleep = Box::pin(time::sleep(HOUR));
                sleep.as_mut().reset(time::Instant::now() + HOUR);
                sleep.await;
            });
            all.check("timeout", || time::timeout(HOUR, pending::<()>()));
            all.check("timeout 0", || {
                time::timeout(Duration::ZERO, pending::<()>())
            });
            all.check("timeout_at", || time::timeout_at(now, pending::<()>()));
            all.check("interval", || async {
                let mut interval = time::interval(HOUR);
                interval.tick().await;
                interval.tick().await;
            });
            all.check("interval_at", || async {
                time::interval_at(time::Instant::now() + HOUR, HOUR)
                    .tick()
                    .await
            });
        });
    }
}

#[test]
fn tasks_and_jobs_do_not_panic() {
    for end in [drop_it, shut_it_down] {
        after(end, |all, handle, _| {
            all.check("spawn", || task::spawn(async {}));
            all.check("Handle::spawn", || handle.spawn(async {}));
            all.check("spawn_blocking", || task::spawn_blocking(|| {}));
            all.check("offload", || task::offload(|_| {}));
            all.check("reserve_offload", || async {
                drop(task::reserve_offload().await);
            });
            all.check("yield_now", task::yield_now);
            all.check("block_in_place", || async { task::block_in_place(|| {}) });
            all.check("Builder::spawn", || async {
                let spawned = task::Builder::new().name("late").spawn(async {});
                drop(spawned.expect("a handle").await);
            });
            all.check("JoinSet", || async {
                let mut set = JoinSet::new();
                set.spawn(async {});
                set.spawn_blocking(|| {});
                while set.join_next().await.is_some() {}
            });
            all.check("JoinSet::shutdown", || async {
                let mut set = JoinSet::new();
                set.spawn(pending::<()>());
                set.shutdown().await;
            });
            all.check("LocalSet", || async {
                let local = LocalSet::new();
                local
                    .run_until(async { drop(task::spawn_local(async {}).await) })
                    .await;
            });
            all.check("shutdown_signal", || handle.shutdown_signal());
            all.check("Handle::shutdown", || handle.shutdown(HOUR));
        });
    }
}

#[test]
fn making_sockets_does_not_panic() {
    for end in [drop_it, shut_it_down] {
        after(end, |all, _, _| {
            let here = "127.0.0.1:9".parse().expect("an address");
            let path = std::env::temp_dir().join("mainspring-nobody-listens-here");
            all.check("TcpListener::bind", || TcpListener::bind("127.0.0.1:0"));
            all.check("TcpStream::connect", || TcpStream::connect(here));
            all.check("TcpStream::connect, a name", || {
                TcpStream::connect("localhost:9")
            });
            all.check("TcpSocket::connect", || async move {
                drop(TcpSocket::new_v4()?.connect(here).await);
                std::io::Result::Ok(())
            });
            all.check("UdpSocket::bind", || UdpSocket::bind("127.0.0.1:0"));
            all.check("lookup_host", || async {
                drop(lookup_host("localhost:1").await.map(|_| ()));
            });
            all.check("UnixStream::connect", || UnixStream::connect(&path));
            all.check("UnixListener::bind", || async {
                drop(UnixListener::bind(&path));
                drop(std::fs::remove_file(&path));
            });
            all.check("UnixStream::pair", || async { UnixStream::pair().is_ok() });
            all.check("UnixDatagram::unbound", || async {
                UnixDatagram::unbound().is_ok()
            });
        });
    }
}

#[test]
fn streams_do_not_panic() {
    for end in [drop_it, shut_it_down] {
        after(end, |all, _, mut sockets| {
            let bytes = &mut [0; 8];
            all.check("accept", || sockets.listener.accept());
            all.check("readable", || sockets.stream.readable());
            all.check("writable", || sockets.stream.writable());
            all.check("ready", || {
                sockets
                    .stream
                    .ready(Interest::READABLE | Interest::WRITABLE)
            });
            all.check("peek", || sockets.stream.peek(bytes));
            all.check("async_io", || {
                sockets.stream.async_io(Interest::READABLE, || {
                    Err::<(), _>(std::io::ErrorKind::WouldBlock.into())
                })
            });
            all.check("read", || sockets.stream.read(bytes));
            all.check("write_all", || sockets.stream.write_all(b"x"));
            all.check("flush", || sockets.stream.flush());
            let (mut reader, mut writer) = sockets.stream.split();
            all.check("split read", || reader.read(bytes));
            all.check("split write", || writer.write(b"x"));
            let (mut reader, mut writer) = sockets.peer.into_split();
            all.check("into_split read", || reader.read_u8());
            all.check("into_split shutdown", || writer.shutdown());
            all.check("copy_bidirectional", || {
                mainspring::io::copy_bidirectional(&mut sockets.unix, &mut sockets.unix_peer)
            });
            all.check("unix shutdown", || sockets.unix.shutdown());
        });
    }
}

#[test]
fn datagrams_do_not_panic() {
    for end in [drop_it, shut_it_down] {
        after(end, |all, _, sockets| {
            let bytes = &mut [0; 8];
            let (udp, unix) = (Arc::new(sockets.udp), sockets.datagram);
            all.check("recv", || udp.recv(bytes));
            all.check("recv_from", || udp.recv_from(bytes));
            all.check("peek_from", || udp.peek_from(bytes));
            all.check("send", || udp.send(b"x"));
            all.check("send_to", || udp.send_to(b"x", "127.0.0.1:9"));
            all.check("send_to, a name", || udp.send_to(b"x", "localhost:9"));
            all.check("connect", || udp.connect("localhost:9"));
            all.check("readable", || udp.readable());
            all.check("unix recv", || unix.recv(bytes));
            all.check("unix send", || unix.send(b"x"));
            all.check("unix writable", || unix.writable());
        });
    }
}

#[test]
fn files_do_not_panic_and_are_left_alone() {
    for end in [drop_it, shut_it_down] {
        after(end, |all, _, _| {
            let name = format!("mainspring-ended-{}", std::process::id());
            let path = &std::env::temp_dir().join(name);
            all.check("read", || fs::read(path));
            all.check("read_to_string", || fs::read_to_string(path));
            all.check("write", || fs::write(path, b"x"));
            all.check("copy", || fs::copy(path, path));
            all.check("create_dir", || fs::create_dir(path));
            all.check("create_dir_all", || fs::create_dir_all(path));
            all.check("remove_file", || fs::remove_file(path));
            all.check("remove_dir", || fs::remove_dir(path));
            all.check("remove_dir_all", || fs::remove_dir_all(path));
            all.check("rename", || fs::rename(path, path));
            all.check("metadata", || fs::metadata(path));
            all.check("symlink_metadata", || fs::symlink_metadata(path));
            all.check("canonicalize", || fs::canonicalize(path));
            all.check("hard_link", || fs::hard_link(path, path));
            all.check("read_link", || fs::read_link(path));
            all.check("try_exists", || fs::try_exists(path));
            assert!(!path.exists(), "something was done after the end");
        });
    }
}
