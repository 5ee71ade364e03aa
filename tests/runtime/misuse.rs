//! A call in the wrong place says which call it was, and what to do.

use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use std::{env, fs, process};

use mainspring::io::unix::AsyncFd;
use mainspring::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixSocket,
    UnixStream,
};
use mainspring::runtime::Handle;
use mainspring::task::{self, JoinSet, LocalSet, spawn_blocking, spawn_local};
use mainspring::time::{self, Instant, interval, interval_at, sleep, sleep_until, timeout};

use crate::each::in_each_runtime;
use crate::panics::{assert_says, message_of};
use crate::runtimes::current_thread;

/// What each message must say of how to get a runtime.
const HOW: [&str; 2] = ["block_on", "enter"];

#[track_caller]
fn assert_names(message: &str, call: &str) {
    assert_says(message, &[call]);
    assert_says(message, &HOW);
}

/// Polls a future once, outside every runtime.
fn poll_outside(future: impl Future) {
    let mut future = pin!(future);
    let _ = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn spawning_outside_a_runtime() {
    assert_names(&message_of(|| mainspring::spawn(async {})), "`spawn`");
    assert_names(&message_of(|| spawn_blocking(|| {})), "`spawn_blocking`");
    assert_names(&message_of(|| task::offload(|_| {})), "`offload`");
    assert_names(
        &message_of(|| JoinSet::new().spawn(async {})),
        "`JoinSet::spawn`",
    );
    let message = message_of(|| JoinSet::new().spawn_blocking(|| {}));
    assert_names(&message, "`JoinSet::spawn_blocking`");
}

#[test]
fn asking_for_the_runtime_outside_one() {
    assert_names(&message_of(Handle::current), "`Handle::current`");
    let error = Handle::try_current().expect_err("there is none");
    assert!(error.is_missing_context());
    assert!(!error.is_thread_local_destroyed());
    assert_says(&error.to_string(), &HOW);
}

#[test]
fn timers_outside_a_runtime() {
    let second = Duration::from_secs(1);
    assert_names(&message_of(|| sleep(second)), "`sleep`");
    assert_names(&message_of(|| sleep_until(Instant::now())), "`sleep_until`");
    assert_names(&message_of(|| timeout(second, async {})), "`timeout`");
    assert_names(&message_of(|| interval(second)), "`interval`");
    assert_names(
        &message_of(|| interval_at(Instant::now(), second)),
        "`interval_at`",
    );
    assert_names(&message_of(time::pause), "`pause`");
    assert_names(&message_of(time::resume), "`resume`");
    assert_names(
        &message_of(|| poll_outside(time::advance(second))),
        "`advance`",
    );
}

#[test]
fn sockets_outside_a_runtime() {
    let message = message_of(|| poll_outside(TcpListener::bind("127.0.0.1:0")));
    assert_names(&message, "TcpListener");
    let message = message_of(|| poll_outside(TcpStream::connect("127.0.0.1:9")));
    assert_names(&message, "TcpStream");
    let message = message_of(|| poll_outside(UdpSocket::bind("127.0.0.1:0")));
    assert_names(&message, "UdpSocket");
    assert_names(&message_of(UnixStream::pair), "UnixStream");
    assert_names(&message_of(UnixDatagram::unbound), "UnixDatagram");
    assert_names(&message_of(UnixDatagram::pair), "UnixDatagram");
    let message = message_of(|| {
        let socket = TcpSocket::new_v4().expect("the system has descriptors");
        socket
            .bind("127.0.0.1:0".parse().expect("it is an address"))
            .expect("a port is free");
        socket.listen(8)
    });
    assert_names(&message, "TcpListener");
    let message = message_of(|| {
        let (near, _far) = StdUnixStream::pair().expect("the system has descriptors");
        near.set_nonblocking(true).expect("it can be set");
        UnixStream::from_std(near)
    });
    assert_names(&message, "UnixStream");
    let message = message_of(|| AsyncFd::new(StdUnixStream::pair().expect("a pair").0));
    assert_names(&message, "AsyncFd");
}

#[test]
fn sockets_that_would_fail_outside_a_runtime_anyway() {
    // The system's error would say nothing of what is really wrong.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = taken.local_addr().expect("it is bound");
    let message = message_of(|| poll_outside(TcpListener::bind(addr)));
    assert_names(&message, "TcpListener");
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let addr = taken.local_addr().expect("it is bound");
    let message = message_of(|| poll_outside(UdpSocket::bind(addr)));
    assert_names(&message, "UdpSocket");
    // Nobody can connect to a broadcast address.
    let broadcast = SocketAddr::from(([255, 255, 255, 255], 9));
    let message = message_of(|| poll_outside(TcpStream::connect(broadcast)));
    assert_names(&message, "TcpStream");
    let socket = TcpSocket::new_v4().expect("the system has descriptors");
    let message = message_of(|| poll_outside(socket.connect(broadcast)));
    assert_names(&message, "TcpStream");
    let nowhere = "/nowhere/socket";
    let message = message_of(|| poll_outside(UnixStream::connect(nowhere)));
    assert_names(&message, "UnixStream");
    let socket = UnixSocket::new_stream().expect("the system has descriptors");
    let message = message_of(|| poll_outside(socket.connect(nowhere)));
    assert_names(&message, "UnixStream");
    assert_names(&message_of(|| UnixListener::bind(nowhere)), "UnixListener");
    assert_names(&message_of(|| UnixDatagram::bind(nowhere)), "UnixDatagram");
}

#[test]
fn sockets_outside_a_runtime_leave_no_file() {
    let path = env::temp_dir().join(format!("mainspring-misuse-{}.socket", process::id()));
    drop(fs::remove_file(&path));
    assert_names(&message_of(|| UnixListener::bind(&path)), "UnixListener");
    assert!(!path.exists());
    assert_names(&message_of(|| UnixDatagram::bind(&path)), "UnixDatagram");
    assert!(!path.exists());
}

#[test]
fn a_name_that_must_be_looked_up_outside_a_runtime() {
    let message = message_of(|| poll_outside(mainspring::net::lookup_host("localhost:80")));
    assert_names(&message, "lookup_host");
}

#[test]
fn local_tasks_outside_a_local_set() {
    in_each_runtime(|| async {
        let message = message_of(|| spawn_local(async {}));
        assert_says(&message, &["`spawn_local`", "LocalSet", "run_until"]);
        let message = message_of(|| JoinSet::new().spawn_local(async {}));
        assert_says(&message, &["`spawn_local`", "LocalSet"]);
        // A task of the runtime is not in the set that its spawner is in.
        LocalSet::new()
            .run_until(async {
                let task = mainspring::spawn(async { message_of(|| spawn_local(async {})) });
                assert_says(
                    &task.await.expect("the panic was caught"),
                    &["`spawn_local`"],
                );
            })
            .await;
    });
}

#[test]
fn the_id_outside_a_task() {
    assert_says(&message_of(task::id), &["`task::id`", "try_id"]);
    assert_eq!(task::try_id(), None);
    in_each_runtime(|| async { assert_says(&message_of(task::id), &["`task::id`"]) });
}

#[test]
fn an_interval_of_no_length() {
    let runtime = current_thread();
    let _entered = runtime.enter();
    assert_says(
        &message_of(|| interval(Duration::ZERO)),
        &["period", "zero"],
    );
    assert_says(
        &message_of(|| interval_at(Instant::now(), Duration::ZERO)),
        &["period", "zero"],
    );
}

#[test]
fn the_clock_of_a_runtime_that_cannot_be_paused() {
    let runtime = crate::runtimes::multi_thread(1);
    let message = message_of(|| runtime.block_on(async { time::pause() }));
    assert_says(&message, &["pause", "current-thread", "new_current_thread"]);
    let single = current_thread();
    single.block_on(async {
        assert_says(&message_of(time::resume), &["`time::resume`", "not paused"]);
        time::pause();
        assert_says(
            &message_of(time::pause),
            &["`time::pause`", "already paused"],
        );
        time::resume();
        let advance = message_of(|| poll_outside(time::advance(Duration::ZERO)));
        assert_says(&advance, &["`time::advance`", "`time::pause`"]);
    });
}

#[test]
fn the_misuse_of_one_thread_leaves_it_usable() {
    drop(message_of(|| mainspring::spawn(async {})));
    let runtime = current_thread();
    runtime.block_on(async { mainspring::spawn(async {}).await.expect("the task ends") });
}
