//! How late others are beside tasks that block or compute.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::runtime::{Builder, Runtime};
use mainspring::task::yield_now;
use mainspring::time::{MissedTickBehavior, interval, sleep};

use crate::attempts::within;

fn multi_thread(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let built = builder.worker_threads(workers).build();
    built.expect("the system has threads")
}

/// Ticks of an interval, and how late each was.
async fn lateness(period: Duration, ticks: usize) -> Vec<Duration> {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut late = Vec::new();
    let mut before = interval.tick().await.into_std();
    for _ in 0..ticks {
        interval.tick().await;
        let now = Instant::now();
        late.push(now.duration_since(before).saturating_sub(period));
        before = now;
    }
    late.sort();
    late
}

fn p99(sorted: &[Duration]) -> Duration {
    sorted[sorted.len() * 99 / 100]
}

/// A thread beside the runtime that only sleeps, for `period` again and again. As late as it is, the
/// system is.
struct Control {
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<Duration>>,
}

impl Control {
    fn start(period: Duration) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut late = Vec::new();
            while !over.load(Ordering::SeqCst) {
                let begun = Instant::now();
                thread::sleep(period);
                late.push(begun.elapsed().saturating_sub(period));
            }
            late.sort();
            late
        });
        Self { is_over, thread }
    }

    /// How late it was each time.
    fn end(self) -> Vec<Duration> {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().expect("no panic")
    }
}

/// Tasks that block their thread for 50 ms, again and again.
fn block_all_workers(runtime: &Runtime, count: usize) {
    for _ in 0..count {
        runtime.spawn(async {
            loop {
                thread::sleep(Duration::from_millis(50));
                yield_now().await;
            }
        });
    }
}

/// Ends a runtime without waiting for its stuck tasks.
fn leave<R>(runtime: Runtime, result: R) -> R {
    runtime.shutdown_background();
    result
}

#[test]
fn a_ticker_is_milliseconds_late_while_every_worker_is_blocked() {
    let measure = || {
        let runtime = multi_thread(2);
        block_all_workers(&runtime, 2);
        let ticker = runtime.spawn(lateness(Duration::from_millis(1), 500));
        let late = p99(&runtime.block_on(ticker).expect("it ends"));
        leave(runtime, late)
    };
    within(measure, |late| *late <= Duration::from_millis(10));
}

#[test]
fn a_ticker_in_the_future_of_block_on_is_milliseconds_late_too() {
    let measure = || {
        let runtime = multi_thread(2);
        block_all_workers(&runtime, 2);
        let late = runtime.block_on(lateness(Duration::from_millis(1), 500));
        leave(runtime, p99(&late))
    };
    within(measure, |late| *late <= Duration::from_millis(10));
}

/// A task that keeps its worker in polls of 200 us, and wakes itself in each.
async fn compute_in_pieces() {
    std::future::poll_fn(|cx| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(200) {}
        cx.waker().wake_by_ref();
        std::task::Poll::<()>::Pending
    })
    .await;
}

/// Each tick wakes a worker for next to nothing, while another one is awake and comes by in the driver
/// each 61 turns only: 12 ms. That is no reason to leave the driver to that one.
#[test]
fn a_fast_ticker_beside_a_worker_that_computes_in_pieces_is_seldom_late() {
    let measure = || {
        let runtime = multi_thread(2);
        runtime.spawn(compute_in_pieces());
        let period = Duration::from_micros(100);
        let control = Control::start(period);
        let ticker = runtime.spawn(lateness(period, 5000));
        let late = runtime.block_on(ticker).expect("it ends");
        let (control, worst) = (control.end(), late.last().copied());
        let very_late = |late: Vec<Duration>| {
            let is_late = |late: &&Duration| **late > Duration::from_millis(1);
            late.iter().filter(is_late).count()
        };
        leave(runtime, (very_late(late), very_late(control), worst))
    };
    // On a machine that is busy, ticks are late one to four times as often as the control.
    within(measure, |(late, of_control, _worst)| {
        *late <= 10 + 3 * *of_control
    });
}

/// The greatest gap between two answers of an echo server that is asked each 5 ms from outside.
fn greatest_echo_gap(addr: std::net::SocketAddr, until: Instant) -> Duration {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(addr).expect("it listens");
    stream.set_nodelay(true).expect("it can be set");
    let mut greatest = Duration::ZERO;
    while Instant::now() < until {
        let asked = Instant::now();
        stream.write_all(b"x").expect("there is room");
        stream.read_exact(&mut [0]).expect("it answers");
        greatest = greatest.max(asked.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    greatest
}

async fn echo_server(addr: mpsc::Sender<std::net::SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let bound = listener.local_addr().expect("it is bound");
    addr.send(bound).expect("the test waits");
    let (mut stream, _) = listener.accept().await.expect("somebody connects");
    while let Ok(byte) = stream.read_u8().await {
        if stream.write_u8(byte).await.is_err() {
            return;
        }
    }
}

/// A task whose thread has just been in the driver: the event it waited for came there.
async fn block_after_an_event(blocked_for: Duration) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let peer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        std::net::TcpStream::connect(addr)
    });
    let accepted: TcpStream = listener.accept().await.expect("somebody connects").0;
    thread::sleep(blocked_for);
    drop((accepted, peer.join()));
}

/// Gaps of an interval in a task, of one in the root, and of an echo server, beside a long block.
fn gaps(workers: usize) -> [Duration; 3] {
    let runtime = multi_thread(workers);
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(echo_server(sender));
    let addr = receiver.recv().expect("it is bound");
    let (period, ticks) = (Duration::from_millis(10), 40);
    let until = Instant::now() + period * ticks;
    let echo = thread::spawn(move || greatest_echo_gap(addr, until));
    runtime.spawn(block_after_an_event(Duration::from_secs(5)));
    let ticker = runtime.spawn(lateness(period, ticks as usize));
    let root = runtime.block_on(lateness(period, ticks as usize));
    let ticks = runtime.block_on(ticker).expect("it ends");
    let echo = echo.join().expect("no panic");
    let worst = |late: &[Duration]| period + late.last().copied().unwrap_or_default();
    let gaps = [worst(&ticks), worst(&root), echo];
    leave(runtime, gaps)
}

#[test]
fn a_task_that_sleeps_for_seconds_costs_timers_and_sockets_milliseconds() {
    for workers in [1, 2] {
        within(
            move || gaps(workers),
            |gaps| gaps.iter().all(|gap| *gap <= Duration::from_millis(25)),
        );
    }
}

/// Computes for so long.
fn compute(length: Duration) {
    let end = Instant::now() + length;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// How often is measured how long somebody waits that was woken.
const WAITS: usize = 25;

fn median(mut waits: Vec<Duration>) -> Duration {
    waits.sort();
    waits[waits.len() / 2]
}

/// How long a task waits that was woken by one which computes for 20 ms then, the first one of its runtime that
/// does so: the median.
fn median_wait() -> Duration {
    let wait = |_| {
        let runtime = multi_thread(2);
        let wait = runtime.spawn(async {
            let (sender, receiver) = mainspring::sync::oneshot::channel();
            let woken = mainspring::spawn(async move {
                let asked: Instant = receiver.await.expect("it is sent");
                asked.elapsed()
            });
            sleep(Duration::from_millis(2)).await;
            drop(mainspring::spawn(async move {
                sender.send(Instant::now()).expect("somebody waits");
                compute(Duration::from_millis(20));
            }));
            woken.await.expect("it ends")
        });
        runtime.block_on(wait).expect("it ends")
    };
    median((0..WAITS).map(wait).collect())
}

/// The same of plain threads: what the system takes for it.
fn median_wait_of_threads() -> Duration {
    let wait = |_| {
        let (sender, receiver) = mpsc::channel();
        let woken = thread::spawn(move || {
            let asked: Instant = receiver.recv().expect("it is sent");
            asked.elapsed()
        });
        thread::sleep(Duration::from_millis(2));
        sender.send(Instant::now()).expect("somebody waits");
        compute(Duration::from_millis(20));
        woken.join().expect("no panic")
    };
    median((0..WAITS).map(wait).collect())
}

#[test]
fn a_task_woken_by_one_that_then_computes_is_run_elsewhere_within_two_milliseconds() {
    let measure = || (median_wait(), median_wait_of_threads());
    within(measure, |(of_tasks, of_threads)| {
        *of_tasks <= Duration::from_millis(2) + *of_threads
    });
}
