//! Nobody who keeps a worker busy in bounded polls keeps the others from their turn.

use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::TcpListener as StdTcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::TcpStream;
use mainspring::sync::Notify;
use mainspring::task::{LocalSet, spawn_local};
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::each::{in_each_runtime, on_each_runtime};
use crate::runtimes::{current_thread, multi_thread};

/// Is always ready: wakes itself in each poll, until it is told to end.
fn busy(is_over: &Arc<AtomicBool>) -> impl Future<Output = ()> + Send + 'static + use<> {
    let is_over = Arc::clone(is_over);
    poll_fn(move |cx| {
        if is_over.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Two tasks that wake one another for ever, so that there is always one that goes next.
fn ping_pong(is_over: &Arc<AtomicBool>) {
    let ends = [Arc::new(Notify::new()), Arc::new(Notify::new())];
    ends[0].notify_one();
    for (mine, theirs) in [(0, 1), (1, 0)] {
        let (mine, theirs) = (Arc::clone(&ends[mine]), Arc::clone(&ends[theirs]));
        let is_over = Arc::clone(is_over);
        mainspring::spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                mine.notified().await;
                theirs.notify_one();
            }
        });
    }
}

/// That timers fire, a socket is served, and tasks from inside and outside run.
async fn assert_served() {
    for _ in 0..10 {
        sleep(Duration::from_millis(1)).await;
    }
    let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let echo = thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("somebody connects");
        let mut byte = [0; 1];
        while peer.read(&mut byte).expect("the peer is well") == 1 {
            peer.write_all(&byte).expect("there is room");
        }
    });
    let mut stream = TcpStream::connect(addr).await.expect("it listens");
    for byte in 0..20 {
        stream.write_u8(byte).await.expect("there is room");
        assert_eq!(stream.read_u8().await.expect("it is echoed"), byte);
    }
    drop(stream);
    mainspring::task::spawn_blocking(move || echo.join())
        .await
        .expect("no panic")
        .expect("it ends");
    mainspring::spawn(async {}).await.expect("the task ends");
    let handle = mainspring::runtime::Handle::current();
    let outside = thread::spawn(move || handle.spawn(async { 1 }));
    let task = mainspring::task::spawn_blocking(move || outside.join())
        .await
        .expect("no panic");
    assert_eq!(
        task.expect("it only spawns").await.expect("the task ends"),
        1
    );
}

/// Runs `assert_served` beside what `disturb` does, where there is one worker for both.
fn served_beside(disturb: fn(&Arc<AtomicBool>)) {
    bounded("current thread", move || {
        let is_over = Arc::new(AtomicBool::new(false));
        let runtime = current_thread();
        runtime.block_on(async {
            disturb(&is_over);
            mainspring::spawn(assert_served())
                .await
                .expect("no assertion fails");
            is_over.store(true, Ordering::SeqCst);
        });
    });
    bounded("one worker", move || {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let (sender, receiver) = mpsc::channel();
        let runtime = multi_thread(1);
        runtime.spawn(async move {
            disturb(&over);
            let served = mainspring::spawn(assert_served()).await;
            over.store(true, Ordering::SeqCst);
            sender.send(served)
        });
        receiver
            .recv()
            .expect("the task ends")
            .expect("no assertion fails");
    });
}

#[test]
fn a_task_that_is_always_ready_starves_nobody() {
    served_beside(|is_over| drop(mainspring::spawn(busy(is_over))));
}

#[test]
fn a_hundred_tasks_that_are_always_ready_starve_nobody() {
    served_beside(|is_over| {
        for _ in 0..100 {
            mainspring::spawn(busy(is_over));
        }
    });
}

#[test]
fn two_tasks_that_wake_each_other_starve_nobody() {
    served_beside(ping_pong);
}

#[test]
fn a_task_that_spawns_its_successor_starves_nobody() {
    fn successor(is_over: Arc<AtomicBool>) {
        mainspring::spawn(async move {
            if !is_over.load(Ordering::SeqCst) {
                successor(is_over);
            }
        });
    }
    served_beside(|is_over| successor(Arc::clone(is_over)));
}

#[test]
fn a_root_that_is_always_ready_starves_nobody() {
    on_each_runtime(|runtime| {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let served = runtime.spawn(async move {
            assert_served().await;
            over.store(true, Ordering::SeqCst);
        });
        runtime.block_on(busy(&is_over));
        runtime.block_on(served).expect("no assertion fails");
    });
}

#[test]
fn a_root_that_wakes_in_turn_with_a_task_starves_nobody() {
    in_each_runtime(|| async {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let served = mainspring::spawn(async move {
            assert_served().await;
            over.store(true, Ordering::SeqCst);
        });
        while !is_over.load(Ordering::SeqCst) {
            mainspring::spawn(async {}).await.expect("the task ends");
        }
        served.await.expect("no assertion fails");
    });
}

#[test]
fn a_busy_local_set_starves_neither_its_runtime_nor_its_root() {
    on_each_runtime(|runtime| {
        let is_over = Arc::new(AtomicBool::new(false));
        let set = LocalSet::new();
        set.block_on(&runtime, async {
            for _ in 0..3 {
                spawn_local(busy(&is_over));
            }
            mainspring::spawn(assert_served())
                .await
                .expect("no assertion fails");
            assert_served().await;
            is_over.store(true, Ordering::SeqCst);
        });
    });
}

#[test]
fn a_flood_from_outside_starves_no_task_inside() {
    on_each_runtime(|runtime| {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, handle) = (Arc::clone(&is_over), runtime.handle().clone());
        let run = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&run);
        let flood = thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let count = Arc::clone(&count);
                handle.spawn(async move { count.fetch_add(1, Ordering::SeqCst) });
                // Faster than it is run, but not without end.
                if handle.metrics().global_queue_depth() > 10_000 {
                    thread::yield_now();
                }
            }
        });
        let inside = runtime.spawn(assert_served());
        runtime.block_on(inside).expect("no assertion fails");
        is_over.store(true, Ordering::SeqCst);
        flood.join().expect("it only spawns");
        assert!(run.load(Ordering::SeqCst) > 0);
    });
}

#[test]
fn a_worker_helps_the_other_with_its_queue() {
    bounded("two workers", || {
        // One task blocks its worker; what it had spawned before must be run by the other.
        let runtime = multi_thread(2);
        let (sender, receiver) = mpsc::channel();
        let blocked = runtime.spawn(async move {
            for n in 0..10 {
                let sender = sender.clone();
                mainspring::spawn(async move { sender.send(n) });
            }
            // All but the one that would go next here, which is not for others unless they look.
            let got: Vec<i32> = (0..9)
                .map(|_| {
                    receiver
                        .recv_timeout(Duration::from_secs(20))
                        .expect("another ran it")
                })
                .collect();
            got.len()
        });
        let (ended, end) = mpsc::channel();
        runtime.spawn(async move { ended.send(blocked.await) });
        assert_eq!(end.recv().expect("it ends").expect("no panic"), 9);
    });
}

#[test]
fn a_peer_that_always_has_data_starves_no_other_socket() {
    on_each_runtime(|runtime| {
        let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let flood = thread::spawn(move || {
            let (mut peer, _) = listener.accept().expect("somebody connects");
            while peer.write_all(&[7; 4096]).is_ok() {}
        });
        let reading = runtime.spawn(async move {
            let mut stream = TcpStream::connect(addr).await.expect("it listens");
            let mut block = [0; 1024];
            while stream.read(&mut block).await.expect("the peer is well") > 0 {}
        });
        let served = runtime.spawn(assert_served());
        runtime.block_on(served).expect("no assertion fails");
        reading.abort();
        drop(runtime);
        flood.join().expect("it only writes");
    });
}
