//! Several runtimes in one process, and what crosses from one to the other.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use mainspring::net::{TcpListener, TcpStream, UnixStream};
use mainspring::runtime::{Handle, Runtime};
use mainspring::sync::{mpsc as channel, oneshot};
use mainspring::task::yield_now;
use mainspring::time::{Instant, interval, sleep, timeout};

use crate::bounded::bounded;
use crate::runtimes::{current_thread, multi_thread};

const ROUNDS: u32 = 500;

/// Keeps a runtime working from a thread of its own, whatever its flavour.
fn driven(runtime: Runtime) -> (Handle, impl FnOnce()) {
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = thread::spawn(move || drop(runtime.block_on(stopped)));
    (handle, move || {
        drop(stop);
        thread.join().expect("no task panics into block_on");
    })
}

/// Calls `body` with each pair of flavours.
fn with_each_pair(body: fn(&Handle, &Handle)) {
    let flavours: [fn() -> Runtime; 2] = [current_thread, || multi_thread(2)];
    for one in flavours {
        for two in flavours {
            bounded("two runtimes", move || {
                let (one, stop_one) = driven(one());
                let (two, stop_two) = driven(two());
                body(&one, &two);
                stop_one();
                stop_two();
            });
        }
    }
}

/// Waits on a plain thread for a task's output.
fn output_of<T: Send + 'static>(
    on: &Handle,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    on.spawn(async move { drop(sender.send(future.await)) });
    receiver.recv().expect("the task ends")
}

#[test]
fn channels_carry_messages_between_runtimes() {
    with_each_pair(|one, two| {
        let (there, mut coming) = channel::channel(4);
        let (back, mut answers) = channel::channel(4);
        two.spawn(async move {
            while let Some(n) = coming.recv().await {
                back.send(n + 1).await.expect("the other listens");
            }
        });
        let last = output_of(one, async move {
            let mut n = 0;
            while n < ROUNDS {
                there.send(n).await.expect("the other listens");
                n = answers.recv().await.expect("the other answers");
            }
            n
        });
        assert_eq!(last, ROUNDS);
    });
}

#[test]
fn a_socket_of_one_runtime_is_used_in_a_task_of_the_other() {
    with_each_pair(|one, two| {
        let (near, far) = {
            let _entered = one.enter();
            UnixStream::pair().expect("the system has descriptors")
        };
        two.spawn(async move {
            let mut far = far;
            for _ in 0..ROUNDS {
                let n = far.read_u32().await.expect("it is sent");
                far.write_u32(n + 1).await.expect("there is room");
            }
        });
        let last = output_of(two, async move {
            let mut near = near;
            let mut n = 0;
            while n < ROUNDS {
                near.write_u32(n).await.expect("there is room");
                n = near.read_u32().await.expect("it is answered");
            }
            n
        });
        assert_eq!(last, ROUNDS);
    });
}

#[test]
fn tasks_of_two_runtimes_talk_over_tcp() {
    with_each_pair(|one, two| {
        let (sender, addr) = mpsc::channel();
        one.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port is free");
            sender
                .send(listener.local_addr().expect("it is bound"))
                .expect("the test listens");
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            while let Ok(n) = stream.read_u32().await {
                stream.write_u32(n + 1).await.expect("there is room");
            }
        });
        let addr = addr.recv().expect("the server begins");
        let last = output_of(two, async move {
            let mut stream = TcpStream::connect(addr).await.expect("it listens");
            let mut n = 0;
            while n < ROUNDS {
                stream.write_u32(n).await.expect("there is room");
                n = stream.read_u32().await.expect("it is answered");
            }
            n
        });
        assert_eq!(last, ROUNDS);
    });
}

#[test]
fn timers_of_one_runtime_wake_tasks_of_the_other() {
    with_each_pair(|one, two| {
        let start = Instant::now();
        let (timer, mut ticks, limited) = {
            let _entered = one.enter();
            let limited = timeout(Duration::from_millis(5), std::future::pending::<()>());
            (
                sleep(Duration::from_millis(5)),
                interval(Duration::from_millis(2)),
                limited,
            )
        };
        let took = output_of(two, async move {
            timer.await;
            for _ in 0..5 {
                ticks.tick().await;
            }
            assert!(limited.await.is_err());
            start.elapsed()
        });
        assert!(took >= Duration::from_millis(8), "{took:?}");
    });
}

#[test]
fn a_timer_that_was_armed_by_one_worker_may_be_reset_and_awaited_by_another_runtime() {
    with_each_pair(|one, two| {
        let (timer,) = output_of(one, async {
            let mut timer = Box::pin(sleep(Duration::from_secs(3600)));
            assert!(
                timeout(Duration::from_millis(1), timer.as_mut())
                    .await
                    .is_err()
            );
            (timer,)
        });
        output_of(two, async move {
            let mut timer = timer;
            timer
                .as_mut()
                .reset(Instant::now() + Duration::from_millis(3));
            timer.await;
        });
    });
}

#[test]
fn a_socket_is_passed_to_and_fro_between_runtimes() {
    with_each_pair(|one, two| {
        let (mut near, mut far) = output_of(one, async { UnixStream::pair().expect("a pair") });
        for round in 0..20 {
            let on = if round % 2 == 0 { one } else { two };
            (near, far) = output_of(on, async move {
                near.write_u8(round).await.expect("there is room");
                assert_eq!(far.read_u8().await.expect("it was sent"), round);
                (near, far)
            });
        }
    });
}

#[test]
fn each_task_finds_its_own_runtime() {
    bounded("two runtimes", || {
        let (one, two) = (multi_thread(1), multi_thread(3));
        let workers = || async {
            yield_now().await;
            Handle::current().metrics().num_workers()
        };
        let from_one = one.spawn(workers());
        let from_two = two.spawn(workers());
        let crossed = one.spawn(async move { from_two.await.expect("the task ends") });
        assert_eq!(one.block_on(from_one).expect("the task ends"), 1);
        assert_eq!(two.block_on(crossed).expect("the task ends"), 3);
    });
}

#[test]
fn a_stream_in_memory_joins_two_runtimes() {
    async fn exchange(mut stream: DuplexStream, byte: u8) -> bool {
        stream
            .write_all(&[byte; 10_000])
            .await
            .expect("the other reads");
        let mut theirs = [0; 10_000];
        stream
            .read_exact(&mut theirs)
            .await
            .expect("the other writes");
        theirs.iter().all(|got| *got == 1 - byte)
    }
    with_each_pair(|one, two| {
        let (near, far) = duplex(20_000);
        let other = two.spawn(exchange(far, 1));
        assert!(output_of(one, exchange(near, 0)));
        assert!(output_of(one, other).expect("the task ends"));
    });
}

#[test]
fn twenty_runtimes_work_beside_each_other() {
    bounded("twenty runtimes", || {
        let runtimes: Vec<_> = (0..20).map(|_| Arc::new(multi_thread(1))).collect();
        let threads: Vec<_> = runtimes
            .iter()
            .map(|runtime| {
                let runtime = Arc::clone(runtime);
                thread::spawn(move || {
                    runtime.block_on(async {
                        for _ in 0..20 {
                            sleep(Duration::from_millis(1)).await;
                            mainspring::spawn(yield_now()).await.expect("the task ends");
                        }
                    });
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
    });
}
