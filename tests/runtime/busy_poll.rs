//! A worker that polls busily does so at the cost of its processor time alone: it hears all that it would be woken for.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream as StdTcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::TcpListener;
use mainspring::runtime::{Builder, Handle, Runtime};
use mainspring::sync::oneshot;
use mainspring::time::sleep;

use crate::bounded::bounded;

/// For ever, as far as a test is concerned.
const HOUR: Duration = Duration::from_secs(3600);

/// A single worker, whose thread has this name. No monitor, which would put another one beside it where the
/// machine stops its thread for long: who is not awake alone goes to sleep.
fn runtime(name: &str, span: Duration) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(1)
        .disable_monitor()
        .thread_name(name)
        .busy_poll(span);
    builder.build().expect("the system has threads")
}

/// Talks to a task of the runtime for so long that its worker has learnt that it pays to look for the next
/// message. The connection stays open.
fn talk(runtime: &Handle) -> StdTcpStream {
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        sender.send(addr).expect("it is waited for");
        let (mut stream, _) = listener.accept().await.expect("the test connects");
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            stream.write_all(&byte).await.expect("there is room");
        }
    });
    let addr = receiver.recv().expect("no panic");
    let mut stream = StdTcpStream::connect(addr).expect("it listens");
    stream.set_nodelay(true).expect("it can be set");
    for byte in 0..50 {
        // Where the client has the worker's core, its message may be there before the worker looks for it.
        thread::sleep(Duration::from_millis(1));
        stream.write_all(&[byte]).expect("there is room");
        let mut answer = [0];
        stream.read_exact(&mut answer).expect("it is echoed");
        assert_eq!(answer, [byte]);
    }
    stream
}

/// Whether the thread of this name runs, or would if it had a core, at nearly each of many looks. (How long it
/// has run says less: after a few microseconds it offers its core to others again and again.)
fn is_awake(name: &str) -> bool {
    const LOOKS: usize = 20;
    let awake = (0..LOOKS).filter(|_| {
        thread::sleep(Duration::from_millis(5));
        state_of(name) == 'R'
    });
    awake.count() >= LOOKS * 3 / 4
}

/// What the thread of this name does, in the kernel's letters: `R` runs or wants to, `S` sleeps.
fn state_of(name: &str) -> char {
    let mut threads = fs::read_dir("/proc/self/task").expect("Linux has it");
    let state = threads.find_map(|thread| {
        let stat = fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        let (before, after) = stat.rsplit_once(") ")?;
        let (_, own) = before.split_once('(')?;
        (own == name).then(|| after.chars().next())?
    });
    state.expect("the thread is there")
}

#[test]
fn a_worker_that_polls_busily_hears_all_that_it_would_be_woken_for() {
    const NAME: &str = "busy-for-ever";
    bounded("a busy worker", || {
        let runtime = runtime(NAME, HOUR);
        let mut stream = talk(runtime.handle());
        // It does not sleep, though nothing comes.
        assert!(is_awake(NAME));
        // A task from outside, its timer, and a socket.
        let (sender, receiver) = mpsc::channel();
        runtime.spawn(async move {
            sleep(Duration::from_millis(10)).await;
            sender.send("fired").expect("it is waited for");
        });
        assert_eq!(receiver.recv(), Ok("fired"));
        stream.write_all(&[7]).expect("there is room");
        let mut answer = [0];
        stream.read_exact(&mut answer).expect("it is echoed");
        assert_eq!(answer, [7]);
        // A future of `block_on`, and the end.
        runtime.block_on(async {
            sleep(Duration::from_millis(1)).await;
            mainspring::spawn(async {}).await.expect("no panic");
        });
        drop(runtime);
    });
}

#[test]
fn a_worker_that_polls_busily_sleeps_when_its_span_is_over() {
    const NAME: &str = "busy-for-5-ms";
    bounded("a worker that is busy for a while", || {
        let runtime = runtime(NAME, Duration::from_millis(5));
        let stream = talk(runtime.handle());
        // More than all its credit is worth.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(state_of(NAME), 'S');
        drop((stream, runtime));
    });
}

#[test]
fn a_paused_clock_does_not_wait_for_the_span() {
    bounded("a busy runtime whose clock is paused", || {
        let mut builder = Builder::new_current_thread();
        builder.start_paused(true).busy_poll(HOUR);
        let runtime = builder.build().expect("the system has descriptors");
        let handle = runtime.handle().clone();
        let (sender, receiver) = oneshot::channel();
        let talking = thread::spawn(move || sender.send(talk(&handle)));
        runtime.block_on(async {
            let stream = receiver.await.expect("no panic");
            sleep(HOUR).await;
            drop(stream);
        });
        assert!(talking.join().expect("no panic").is_ok());
    });
}
