//! A runtime may be dropped anywhere: in its own tasks, in those of others, in destructors.

use std::cell::RefCell;
use std::future::pending;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Runtime, RuntimeFlavor};
use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::on_each_runtime;
use crate::filled::fill;
use crate::runtimes::{current_thread, multi_thread};

#[test]
fn dropped_inside_its_own_task_it_ends() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let handle = runtime.handle().clone();
        let (done, is_done) = mpsc::channel();
        let is_driven_here = handle.runtime_flavor() == RuntimeFlavor::CurrentThread;
        let task = handle.spawn(async move {
            drop(runtime);
            // Still in its poll, which goes on to its end.
            done.send(()).expect("the test listens");
            yield_now().await;
            unreachable!("the runtime has ended");
        });
        if is_driven_here {
            let error = handle.block_on(task).expect_err("it was cancelled");
            assert!(error.is_cancelled(), "{error:?}");
        }
        is_done.recv().expect("the drop returns");
        while drops.count() < tokens || handle.metrics().num_alive_tasks() > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn dropped_inside_a_task_or_root_of_another_runtime_it_ends() {
    on_each_runtime(|inner| {
        let drops = Drops::new();
        let tokens = fill(&inner, &drops);
        let handle = inner.handle().clone();
        let outer = multi_thread(1);
        outer
            .block_on(outer.spawn(async move { drop(inner) }))
            .expect("no panic");
        while drops.count() < tokens || handle.metrics().num_alive_tasks() > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    });
    on_each_runtime(|inner| {
        current_thread().block_on(async move { drop(inner) });
    });
}

#[test]
fn dropped_inside_a_blocking_job_of_its_own_it_ends() {
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let handle = runtime.handle().clone();
        let (done, is_done) = mpsc::channel();
        handle.spawn_blocking(move || {
            drop(runtime);
            done.send(()).expect("the test listens");
        });
        is_done
            .recv()
            .expect("the drop returns, and does not wait for its own thread");
        while drops.count() < tokens {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn dropped_inside_a_blocking_job_of_another_runtime_it_ends() {
    on_each_runtime(|inner| {
        let drops = Drops::new();
        let tokens = fill(&inner, &drops);
        let outer = current_thread();
        let job = outer.spawn_blocking(move || drop(inner));
        outer.block_on(job).expect("no panic");
        assert_eq!(drops.count(), tokens);
    });
}

#[test]
fn dropped_in_the_destructor_of_a_thread_local_it_ends() {
    thread_local! {
        static KEPT: RefCell<Option<(Runtime, mpsc::Sender<()>)>> = const { RefCell::new(None) };
    }
    on_each_runtime(|runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let (alive, ended) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            // Touched before and after, so that it is destroyed among the runtime's own locals.
            KEPT.with(|kept| *kept.borrow_mut() = Some((runtime, alive)));
            KEPT.with(|kept| {
                let kept = kept.borrow();
                let (runtime, _) = kept.as_ref().expect("it has just been put there");
                runtime.block_on(async { sleep(Duration::from_millis(1)).await });
            });
        });
        thread.join().expect("no panic");
        assert_eq!(ended.recv(), Err(mpsc::RecvError));
        assert_eq!(drops.count(), tokens);
    });
}

#[test]
fn dropped_in_a_thread_local_of_its_own_worker_it_ends() {
    thread_local! {
        static KEPT: RefCell<Option<Arc<Runtime>>> = const { RefCell::new(None) };
    }
    bounded("a thread-local of a worker", || {
        let drops = Drops::new();
        let runtime = Arc::new(multi_thread(1));
        let tokens = fill(&runtime, &drops);
        let kept = Arc::clone(&runtime);
        let (kept_there, is_kept) = mpsc::channel();
        runtime.spawn(async move {
            KEPT.with(|cell| *cell.borrow_mut() = Some(kept));
            kept_there.send(()).expect("the test listens");
        });
        is_kept.recv().expect("the task runs");
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(
            drops.count(),
            0,
            "the worker keeps the runtime that keeps the worker"
        );
        while drops.count() < tokens {
            // Until the task comes to that worker: on a busy machine the monitor may put another
            // one beside it.
            handle.spawn(async { drop(KEPT.with(|cell| cell.borrow_mut().take())) });
            thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn a_runtime_in_a_task_of_a_runtime_in_a_task_ends_with_the_outermost() {
    bounded("twice nested", || {
        let drops = Drops::new();
        let innermost = multi_thread(1);
        let mut tokens = fill(&innermost, &drops);
        let middle = current_thread();
        tokens += fill(&middle, &drops);
        let middle_task = middle.spawn(async move {
            let _runtime = innermost;
            pending::<()>().await;
        });
        middle.block_on(yield_now());
        let outermost = multi_thread(2);
        outermost.spawn(async move {
            let _held = (middle_task, middle);
            pending::<()>().await;
        });
        drop(outermost);
        while drops.count() < tokens {
            thread::sleep(Duration::from_millis(1));
        }
    });
}
