//! The paused clock: it moves when it is told to, or when nothing else can happen.

use std::future::pending;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant as StdInstant};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream};
use mainspring::runtime::{Builder, Runtime};
use mainspring::sync::{mpsc as channel, oneshot};
use mainspring::task::{LocalSet, spawn_blocking, spawn_local, yield_now};
use mainspring::time::{Instant, advance, interval, pause, resume, sleep, sleep_until, timeout};

use crate::bounded::bounded;

const HOUR: Duration = Duration::from_secs(3600);

fn paused() -> Runtime {
    Builder::new_current_thread()
        .start_paused(true)
        .build()
        .expect("the system has descriptors")
}

/// Runs a future with the clock paused. Fails if it takes the time that a running clock takes.
fn with_paused<F: Future<Output = ()> + 'static>(body: fn() -> F) {
    bounded("a paused clock", move || paused().block_on(body()));
}

#[test]
fn hours_pass_at_once_when_everybody_waits() {
    with_paused(|| async {
        let start = Instant::now();
        sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);
        let task = mainspring::spawn(async {
            sleep(24 * HOUR).await;
            Instant::now()
        });
        assert_eq!(task.await.expect("the task ends") - start, 25 * HOUR);
        let error = timeout(HOUR, pending::<()>()).await;
        assert!(error.is_err());
        assert_eq!(start.elapsed(), 26 * HOUR);
    });
}

#[mainspring::test(start_paused = true)]
async fn the_attribute_starts_with_the_clock_paused() {
    let start = Instant::now();
    sleep(HOUR).await;
    assert_eq!(start.elapsed(), HOUR);
}

#[test]
fn the_clock_stands_still_while_somebody_works() {
    with_paused(|| async {
        let start = Instant::now();
        for _ in 0..100 {
            yield_now().await;
            mainspring::spawn(yield_now()).await.expect("the task ends");
        }
        thread::sleep(Duration::from_millis(5));
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines_each_at_its_time() {
    with_paused(|| async {
        let start = Instant::now();
        let log = Arc::new(Mutex::new(Vec::new()));
        // From nanoseconds to years, in a disorder that is always the same.
        let delays: Vec<u64> = (0..500_u64)
            .map(|n| {
                let magnitude = n * 7_919 % 17;
                (n * 104_729 % 997 + 1) * 10_u64.pow(magnitude as u32 % 14)
            })
            .collect();
        let tasks: Vec<_> = delays
            .iter()
            .map(|nanos| {
                let (log, nanos) = (Arc::clone(&log), *nanos);
                mainspring::spawn(async move {
                    sleep_until(start + Duration::from_nanos(nanos)).await;
                    log.lock().expect("no panic").push((nanos, start.elapsed()));
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("the task ends");
        }
        let log = log.lock().expect("no panic");
        assert_eq!(log.len(), 500);
        assert!(log.is_sorted_by_key(|(nanos, _)| *nanos));
        for (nanos, fired) in log.iter() {
            assert_eq!(*fired, Duration::from_nanos(*nanos));
        }
    });
}

#[test]
fn advancing_moves_the_clock_by_that_much_and_wakes_what_is_due() {
    with_paused(|| async {
        let start = Instant::now();
        let near = mainspring::spawn(sleep(Duration::from_millis(10)));
        let far = mainspring::spawn(sleep(Duration::from_millis(30)));
        yield_now().await;
        advance(Duration::from_millis(9)).await;
        yield_now().await;
        assert!(!near.is_finished());
        advance(Duration::from_millis(1)).await;
        yield_now().await;
        assert!(near.is_finished() && !far.is_finished());
        advance(HOUR).await;
        yield_now().await;
        assert!(far.is_finished());
        assert_eq!(start.elapsed(), HOUR + Duration::from_millis(10));
        advance(Duration::ZERO).await;
        assert_eq!(start.elapsed(), HOUR + Duration::from_millis(10));
    });
}

#[test]
fn the_clock_waits_for_blocking_jobs() {
    with_paused(|| async {
        let start = Instant::now();
        let timer = mainspring::spawn(sleep(HOUR));
        for _ in 0..20 {
            let job = spawn_blocking(|| thread::sleep(Duration::from_millis(3)));
            job.await.expect("the job ends");
            assert_eq!(start.elapsed(), Duration::ZERO);
        }
        assert!(!timer.is_finished());
        // A job whose handle nobody awaits counts as well.
        let (sender, receiver) = oneshot::channel();
        drop(spawn_blocking(move || {
            thread::sleep(Duration::from_millis(20));
            sender.send(()).expect("the test listens");
        }));
        let sent = timeout(Duration::from_millis(1), receiver).await;
        sent.expect("the clock stood still").expect("it was sent");
        timer.await.expect("the task ends");
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn a_job_that_nobody_joins_lets_the_clock_go_on_at_its_end() {
    with_paused(|| async {
        for _ in 0..5 {
            let (start, real) = (Instant::now(), StdInstant::now());
            drop(spawn_blocking(|| thread::sleep(Duration::from_millis(10))));
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
            assert!(
                real.elapsed() >= Duration::from_millis(10),
                "the clock did not wait"
            );
        }
    });
}

#[test]
fn a_runtime_that_waits_for_another_thread_only_is_woken_by_it() {
    with_paused(|| async {
        for _ in 0..20 {
            let (sender, receiver) = oneshot::channel();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(1));
                sender.send(5)
            });
            assert_eq!(receiver.await, Ok(5));
        }
    });
}

#[test]
fn a_timer_that_an_outside_thread_arms_fires_though_the_runtime_waits() {
    bounded("an outside thread", || {
        let runtime = paused();
        let handle = runtime.handle().clone();
        let outside = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            let start = StdInstant::now();
            handle.block_on(async { sleep(HOUR).await });
            start.elapsed()
        });
        let took = runtime.block_on(async {
            let (sender, receiver) = oneshot::channel();
            thread::spawn(move || sender.send(outside.join().expect("no panic")));
            receiver.await.expect("it is sent")
        });
        assert!(took < Duration::from_secs(20));
    });
}

#[test]
fn sockets_work_with_a_paused_clock() {
    with_paused(|| async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let server = mainspring::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            for _ in 0..100 {
                let byte = stream.read_u8().await.expect("it is sent");
                stream.write_u8(byte).await.expect("there is room");
            }
        });
        let mut stream = TcpStream::connect(addr).await.expect("it listens");
        for byte in 0..100 {
            stream.write_u8(byte).await.expect("there is room");
            assert_eq!(stream.read_u8().await.expect("it is echoed"), byte);
        }
        server.await.expect("the task ends");
    });
}

#[test]
fn a_resumed_clock_goes_on_from_where_it_stood() {
    bounded("resume", || {
        let runtime = Builder::new_current_thread()
            .build()
            .expect("the system has descriptors");
        runtime.block_on(async {
            pause();
            let start = Instant::now();
            sleep(HOUR).await;
            resume();
            let real = StdInstant::now();
            sleep(Duration::from_millis(5)).await;
            assert!(real.elapsed() >= Duration::from_millis(5));
            let shown = start.elapsed();
            assert!(shown >= HOUR + Duration::from_millis(5) && shown < HOUR + HOUR);
            pause();
            let again = Instant::now();
            assert_eq!(Instant::now(), again);
        });
    });
}

#[test]
fn intervals_and_channels_take_turns_in_a_fixed_order() {
    with_paused(|| async {
        let start = Instant::now();
        let (sender, mut receiver) = channel::channel(1);
        mainspring::spawn(async move {
            let mut ticks = interval(Duration::from_secs(1));
            for n in 0..10_u64 {
                ticks.tick().await;
                sender.send(n).await.expect("the test listens");
            }
        });
        while let Some(n) = receiver.recv().await {
            assert_eq!(start.elapsed(), Duration::from_secs(n));
        }
    });
}

#[test]
fn local_tasks_see_the_paused_clock() {
    bounded("a local set", || {
        LocalSet::new().block_on(paused(), async {
            let start = Instant::now();
            let tasks: Vec<_> = (1..=3)
                .map(|n| {
                    spawn_local(async move {
                        sleep(n * HOUR).await;
                        start.elapsed()
                    })
                })
                .collect();
            for (n, task) in (1..=3).zip(tasks) {
                assert_eq!(task.await.expect("the task ends"), n * HOUR);
            }
        });
    });
}

#[test]
fn a_paused_clock_is_its_runtime_s_own() {
    bounded("two clocks", || {
        let running = Builder::new_current_thread()
            .build()
            .expect("the system has descriptors");
        paused().block_on(async { sleep(HOUR).await });
        running.block_on(async {
            let (start, real) = (Instant::now(), StdInstant::now());
            sleep(Duration::from_millis(5)).await;
            assert!(real.elapsed() >= Duration::from_millis(5));
            assert!(start.elapsed() < HOUR);
        });
    });
}

#[test]
fn a_task_that_is_spawned_from_outside_is_run_with_a_paused_clock() {
    bounded("an outside thread", || {
        let runtime = paused();
        let handle = runtime.handle().clone();
        let (sender, receiver) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let outside = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            handle.spawn(async move {
                let start = Instant::now();
                sleep(HOUR).await;
                sender.send(start.elapsed()).expect("the test listens");
                drop(stop);
            });
        });
        assert!(runtime.block_on(stopped).is_err());
        assert_eq!(receiver.recv(), Ok(HOUR));
        outside.join().expect("no panic");
    });
}

#[test]
fn a_wake_from_another_thread_is_not_swallowed_by_the_look_before_the_wait() {
    bounded("a ball that another thread returns", || {
        let (throw, thrown) = mpsc::channel::<oneshot::Sender<()>>();
        let other = thread::spawn(move || {
            for ball in thrown {
                // The runtime may be anywhere on its way to sleep.
                let _ = ball.send(());
            }
        });
        paused().block_on(async {
            for _ in 0..20_000 {
                let (ball, returned) = oneshot::channel();
                throw.send(ball).unwrap();
                returned.await.unwrap();
            }
        });
        drop(throw);
        other.join().unwrap();
    });
}
