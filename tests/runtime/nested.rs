//! `block_on` and `block_in_place` inside async code.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Handle, Runtime};
use mainspring::sync::oneshot;
use mainspring::task::{LocalSet, block_in_place, spawn_local, yield_now};
use mainspring::time::sleep;

use crate::bounded::{LIMIT, bounded};
use crate::each::on_each_runtime;
use crate::offload_nested::foreign_block_on;
use crate::panics;
use crate::runtimes::{current_thread, multi_thread};

/// The multi-thread runtimes of the tests.
fn on_each_multi_thread(body: impl Fn(Runtime) + Clone + Send + 'static) {
    for workers in [1, 2] {
        let again = body.clone();
        bounded("nested", move || again(multi_thread(workers)));
    }
}

/// Waits on the present thread for a task that waits on its thread for a task, and so on.
fn nest(depth: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            sleep(Duration::from_millis(1)).await;
            return 0;
        }
        let task = mainspring::spawn(nest(depth - 1));
        1 + Handle::current().block_on(task).expect("it ends")
    })
}

#[test]
fn block_on_in_tasks_nests_as_deep_as_one_likes() {
    on_each_multi_thread(|runtime| {
        let task = runtime.spawn(nest(16));
        assert_eq!(runtime.block_on(task).expect("it ends"), 16);
        assert_eq!(runtime.block_on(nest(16)), 16);
    });
}

#[test]
fn block_on_nests_directly() {
    fn nest(depth: u32) -> u32 {
        let handle = Handle::current();
        match depth {
            0 => handle.block_on(async {
                sleep(Duration::from_millis(1)).await;
                mainspring::spawn(async { 0 }).await.expect("it ends")
            }),
            _ => handle.block_on(async move { 1 + nest(depth - 1) }),
        }
    }
    on_each_multi_thread(|runtime| {
        let task = runtime.spawn(async { nest(16) });
        assert_eq!(runtime.block_on(task).expect("it ends"), 16);
        assert_eq!(runtime.block_on(async { nest(16) }), 16);
    });
}

#[test]
fn the_current_thread_flavour_says_why_it_cannot() {
    bounded("current thread", || {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let again = handle.clone();
        let in_root = runtime.block_on(async { panics::message_of(|| handle.block_on(async {})) });
        panics::assert_says(&in_root, &["`block_on`", ".await", "spawn_blocking"]);
        let in_task = runtime.spawn(async move {
            // Hidden behind another runtime, it would wait for itself as well.
            let other = current_thread();
            other.block_on(async { panics::message_of(|| again.block_on(async {})) })
        });
        let in_task = runtime.block_on(in_task).expect("the panic was caught");
        panics::assert_says(&in_task, &["`block_on`", ".await", "spawn_blocking"]);
        // The runtime is none the worse for it.
        assert_eq!(runtime.block_on(async { 7 }), 7);
    });
}

#[test]
fn a_nested_block_on_may_wait_for_what_the_root_does_next() {
    on_each_multi_thread(|runtime| {
        let handle = runtime.handle().clone();
        for _ in 0..20 {
            let (to_root, from_task) = oneshot::channel();
            let (to_task, from_root) = oneshot::channel();
            let nested = handle.clone();
            let task = runtime.spawn(async move {
                to_root.send(()).expect("the root waits");
                nested.block_on(from_root).expect("the root answers")
            });
            let answer = runtime.block_on(async {
                from_task.await.expect("the task runs");
                to_task.send(42).expect("the task waits");
                task.await.expect("it ends")
            });
            assert_eq!(answer, 42);
        }
    });
}

#[test]
fn what_was_queued_behind_a_nested_block_on_goes_on() {
    on_each_multi_thread(|runtime| {
        let task = runtime.spawn(async {
            let (sender, receiver) = oneshot::channel();
            // In the place of the task that is next on this worker, and in its queue.
            let tasks: Vec<_> = (0..100)
                .map(|i| mainspring::spawn(async move { i }))
                .collect();
            mainspring::spawn(async move { sender.send(()) });
            Handle::current().block_on(receiver).expect("it is sent");
            let mut sum = 0;
            for task in tasks {
                sum += task.await.expect("it ends");
            }
            sum
        });
        assert_eq!(runtime.block_on(task).expect("it ends"), 4950);
    });
}

#[test]
fn a_task_goes_on_normally_after_it_has_blocked() {
    on_each_multi_thread(|runtime| {
        let task = runtime.spawn(async {
            for _ in 0..20 {
                block_in_place(|| thread::sleep(Duration::from_micros(100)));
                // Armed on a thread that has lost its seat.
                let begun = Instant::now();
                sleep(Duration::from_millis(1)).await;
                assert!(begun.elapsed() >= Duration::from_millis(1));
                yield_now().await;
                mainspring::spawn(async {}).await.expect("it ends");
            }
        });
        runtime.block_on(task).expect("it ends");
        runtime.block_on(async {
            for _ in 0..20 {
                block_in_place(|| thread::sleep(Duration::from_micros(100)));
                sleep(Duration::from_millis(1)).await;
                mainspring::spawn(async {}).await.expect("it ends");
            }
        });
    });
}

#[test]
fn a_timer_that_a_thread_armed_after_it_had_blocked_fires_while_it_blocks_again() {
    on_each_multi_thread(|runtime| {
        let task = runtime.spawn(async {
            block_in_place(|| ());
            let (sender, receiver) = mpsc::channel();
            let mut timer = Box::pin(async move {
                sleep(Duration::from_millis(5)).await;
                sender.send(())
            });
            // The first poll arms it here; the task takes it over.
            let waker = std::task::Waker::noop();
            let mut cx = std::task::Context::from_waker(waker);
            assert!(timer.as_mut().poll(&mut cx).is_pending());
            mainspring::spawn(timer);
            receiver.recv_timeout(LIMIT / 3).expect("the timer fires")
        });
        runtime.block_on(task).expect("it ends");
    });
}

#[test]
fn others_go_on_beside_block_in_place() {
    bounded("one worker", || {
        let mut builder = Builder::new_multi_thread();
        // Without the monitor nobody but the hand-over helps.
        let runtime = builder.worker_threads(1).disable_monitor().build();
        let runtime = runtime.expect("the system has threads");
        let (sender, receiver) = mpsc::channel();
        let blocked = runtime
            .spawn(async move { block_in_place(|| receiver.recv_timeout(LIMIT / 3).is_ok()) });
        runtime.spawn(async move { sender.send(()) });
        while !blocked.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(runtime.block_on(blocked).expect("it ends"));
    });
}

#[test]
fn block_in_place_works_everywhere() {
    assert_eq!(block_in_place(|| 1), 1);
    on_each_runtime(|runtime| {
        assert_eq!(runtime.block_on(async { block_in_place(|| 2) }), 2);
        let task = runtime.spawn(async { block_in_place(|| 3) });
        assert_eq!(runtime.block_on(task).expect("it ends"), 3);
        let job = runtime.spawn_blocking(|| block_in_place(|| 4));
        assert_eq!(runtime.block_on(job).expect("it ends"), 4);
        let nested = runtime.spawn(async { block_in_place(|| block_in_place(|| 5)) });
        assert_eq!(runtime.block_on(nested).expect("it ends"), 5);
        let local = LocalSet::new();
        let answer = local.block_on(&runtime, async {
            let six = Rc::new(6);
            spawn_local(async move { block_in_place(|| *six) }).await
        });
        assert_eq!(answer.expect("it ends"), 6);
    });
}

#[test]
fn a_panic_in_block_in_place_is_the_tasks() {
    on_each_runtime(|runtime| {
        let task = runtime.spawn(async { block_in_place(|| panic!("out of place")) });
        let error = runtime.block_on(task).expect_err("it panics");
        assert!(error.is_panic());
        assert_eq!(runtime.block_on(async { 1 }), 1);
    });
}

#[test]
fn a_runtime_ends_while_tasks_block_in_it() {
    on_each_multi_thread(|runtime| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..4 {
            let blocked = sender.clone();
            runtime.spawn(async move {
                let handle = Handle::current();
                blocked.send(()).expect("the test waits");
                // Ends because the end of the runtime cancels the task that it waits for.
                let task = mainspring::spawn(std::future::pending::<()>());
                let error = handle.block_on(task).expect_err("it is cancelled");
                assert!(error.is_cancelled());
                blocked.send(()).expect("the test waits");
            });
        }
        for _ in 0..4 {
            receiver.recv().expect("it blocks");
        }
        thread::sleep(Duration::from_millis(2));
        drop(runtime);
        for _ in 0..4 {
            receiver.try_recv().expect("drop has waited for it");
        }
    });
}

#[test]
fn threads_that_stood_in_end_after_the_keep_alive() {
    bounded("stand-by threads", || {
        const NAME: &str = "stands-in";
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name(NAME);
        builder.thread_keep_alive(Duration::from_millis(50));
        let runtime = builder.build().expect("the system has threads");
        let task = runtime.spawn(nest(16));
        assert_eq!(runtime.block_on(task).expect("it ends"), 16);
        let deadline = Instant::now() + LIMIT / 3;
        while threads_named(NAME) > 2 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(threads_named(NAME), 2);
    });
}

fn threads_named(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let names = tasks.filter_map(|task| {
        let path = task.expect("it can be read").path();
        std::fs::read_to_string(path.join("comm")).ok()
    });
    names.filter(|found| found.trim() == name).count()
}

#[test]
fn many_tasks_may_block_at_once() {
    bounded("many", || {
        let runtime = multi_thread(1);
        let handle = runtime.handle().clone();
        // Many at once: each needs a thread more, and each ends.
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let handle = handle.clone();
                runtime.spawn(async move {
                    handle.block_on(async { sleep(Duration::from_millis(1)).await });
                })
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).expect("it ends");
        }
    });
}

#[test]
fn a_job_that_waits_on_its_thread_outlasts_the_runtime_and_ends() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let (sender, receiver) = mpsc::channel();
        let length = Duration::from_millis(100);
        let begun = Instant::now();
        runtime.spawn_blocking(move || {
            sender.send(None).expect("the test waits");
            handle.block_on(sleep(length));
            sender.send(Some(begun.elapsed())).expect("the test waits");
        });
        assert_eq!(receiver.recv().expect("it runs"), None);
        drop(runtime);
        let waited = receiver.try_recv().expect("drop has waited for it");
        assert!(waited.expect("the end") >= length);
    });
}

#[test]
fn a_root_outlasts_its_runtime_as_long_as_others_wake_it() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let (sender, receiver) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let waiting = thread::spawn(move || {
            handle.block_on(async {
                ready.send(()).expect("the test waits");
                receiver.await
            })
        });
        is_ready.recv().expect("it runs");
        runtime.shutdown_background();
        thread::sleep(Duration::from_millis(5));
        sender.send(7).expect("somebody waits");
        assert_eq!(waiting.join().expect("no panic").expect("it was sent"), 7);
    });
}

#[test]
fn a_job_whose_local_tasks_wait_for_timers_outlasts_the_runtime_and_ends() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let (sender, receiver) = mpsc::channel();
        runtime.spawn_blocking(move || {
            let set = LocalSet::new();
            let task = set.spawn_local(async {
                sleep(Duration::from_millis(30)).await;
                sleep(Duration::from_millis(30)).await;
            });
            sender.send(()).expect("the test waits");
            // The root is not woken by the timer, but the task in the set is.
            handle.block_on(set.run_until(task)).expect("it ends");
            sender.send(()).expect("the test waits");
        });
        receiver.recv().expect("it runs");
        drop(runtime);
        receiver.try_recv().expect("drop has waited for it");
    });
}

#[test]
fn a_job_that_waits_for_a_timer_by_another_executor_ends_though_the_runtime_does() {
    on_each_runtime(|runtime| {
        let (sender, receiver) = mpsc::channel();
        runtime.spawn_blocking(move || {
            sender.send(()).expect("the test waits");
            foreign_block_on(sleep(Duration::from_millis(50)));
            foreign_block_on(sleep(Duration::from_millis(5)));
            sender.send(()).expect("the test waits");
        });
        receiver.recv().expect("it runs");
        thread::sleep(Duration::from_millis(5));
        drop(runtime);
        receiver.try_recv().expect("drop has waited for it");
    });
}

#[test]
fn a_poll_that_waits_for_a_timer_by_another_executor_ends_though_the_runtime_does() {
    on_each_multi_thread(|runtime| {
        let (sender, receiver) = mpsc::channel();
        runtime.spawn(async move {
            sender.send(()).expect("the test waits");
            foreign_block_on(sleep(Duration::from_millis(50)));
            sender.send(()).expect("the test waits");
        });
        receiver.recv().expect("it runs");
        thread::sleep(Duration::from_millis(5));
        drop(runtime);
        receiver.try_recv().expect("drop has waited for it");
    });
}
