//! Names, hooks and bounds of a runtime's threads.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use mainspring::runtime::{Builder, Handle, RuntimeFlavor};
use mainspring::task::spawn_blocking;

use crate::bounded::bounded;
use crate::panics;

/// Counts starts and stops on the threads of what it builds.
fn counting(builder: &mut Builder) -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (starts, stops) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starting, stopping) = (Arc::clone(&starts), Arc::clone(&stops));
    builder.on_thread_start(move || {
        starting.fetch_add(1, Ordering::SeqCst);
    });
    builder.on_thread_stop(move || {
        stopping.fetch_add(1, Ordering::SeqCst);
    });
    (starts, stops)
}

#[test]
fn each_thread_starts_and_stops_once() {
    bounded("hooks", || {
        for workers in [1, 2, 4] {
            let mut builder = Builder::new_multi_thread();
            let (starts, stops) = counting(builder.worker_threads(workers));
            let runtime = builder.build().expect("the system has threads");
            let barrier = Arc::new(Barrier::new(3));
            let jobs: Vec<_> = (0..3)
                .map(|_| {
                    let barrier = Arc::clone(&barrier);
                    runtime.spawn_blocking(move || {
                        barrier.wait();
                    })
                })
                .collect();
            runtime.block_on(async {
                for job in jobs {
                    job.await.expect("the job ends");
                }
            });
            assert_eq!(stops.load(Ordering::SeqCst), 0, "the threads wait for more");
            drop(runtime);
            assert_eq!(starts.load(Ordering::SeqCst), workers + 3);
            assert_eq!(stops.load(Ordering::SeqCst), workers + 3);
        }
    });
}

#[test]
fn a_current_thread_runtime_has_no_thread_but_those_of_jobs() {
    bounded("hooks", || {
        let mut builder = Builder::new_current_thread();
        let (starts, stops) = counting(&mut builder);
        let runtime = builder.build().expect("the system has descriptors");
        runtime.block_on(async { mainspring::spawn(async {}).await.expect("the task ends") });
        assert_eq!(starts.load(Ordering::SeqCst), 0);
        runtime
            .block_on(runtime.spawn_blocking(|| {}))
            .expect("the job ends");
        assert_eq!(starts.load(Ordering::SeqCst), 1);
        drop(runtime);
        assert_eq!(stops.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn threads_have_the_names_they_were_given() {
    bounded("names", || {
        let next = AtomicUsize::new(0);
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        builder.thread_name_fn(move || format!("mine-{}", next.fetch_add(1, Ordering::Relaxed)));
        let runtime = builder.build().expect("the system has threads");
        let name = || thread::current().name().map(str::to_owned);
        let (sender, receiver) = mpsc::channel();
        let worker = sender.clone();
        runtime.spawn(async move { worker.send(name()) });
        runtime.spawn_blocking(move || sender.send(name()));
        let names: HashSet<_> = receiver
            .iter()
            .map(|name| name.expect("it has one"))
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(
            names.iter().all(|name| name.starts_with("mine-")),
            "{names:?}"
        );
    });
}

#[test]
fn the_default_name_and_a_fixed_name() {
    bounded("names", || {
        for (given, expected) in [(None, "mainspring-worker"), (Some("one\0name"), "onename")] {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(1);
            if let Some(given) = given {
                builder.thread_name(given);
            }
            let runtime = builder.build().expect("the system has threads");
            let (sender, receiver) = mpsc::channel();
            runtime.spawn(async move { sender.send(thread::current().name().map(str::to_owned)) });
            assert_eq!(
                receiver.recv().expect("the task runs").as_deref(),
                Some(expected)
            );
        }
    });
}

#[test]
fn tasks_run_on_worker_threads_and_the_thread_in_block_on_only() {
    bounded("threads", || {
        let seen = Arc::new(Mutex::new(HashSet::new()));
        let mut builder = Builder::new_multi_thread();
        let started = Arc::clone(&seen);
        builder.worker_threads(2).on_thread_start(move || {
            started
                .lock()
                .expect("no panic")
                .insert(thread::current().id());
        });
        let runtime = builder.build().expect("the system has threads");
        let tasks: Vec<_> = (0..1_000)
            .map(|_| runtime.spawn(async { thread::current().id() }))
            .collect();
        let here = thread::current().id();
        runtime.block_on(async {
            for task in tasks {
                let thread = task.await.expect("the task ends");
                assert!(thread == here || seen.lock().expect("no panic").contains(&thread));
            }
        });
    });
}

#[test]
fn a_stack_size_is_obeyed() {
    /// Uses about this much stack.
    fn deep(bytes: usize) -> usize {
        let block = [1_u8; 4096];
        let used = std::hint::black_box(&block)
            .iter()
            .map(|byte| usize::from(*byte))
            .sum();
        if bytes > used {
            used + deep(bytes - used)
        } else {
            used
        }
    }
    bounded("stack", || {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(1)
            .thread_stack_size(32 * 1024 * 1024);
        let runtime = builder.build().expect("the system has threads");
        let (sender, receiver) = mpsc::channel();
        let again = sender.clone();
        // Without the larger stack this would end the process.
        runtime.spawn(async move { sender.send(deep(8 * 1024 * 1024)) });
        runtime.spawn_blocking(move || again.send(deep(8 * 1024 * 1024)));
        assert!(receiver.iter().all(|used| used >= 8 * 1024 * 1024));
    });
}

#[test]
fn the_hooks_of_a_thread_run_outside_the_runtime() {
    bounded("hooks", || {
        let inside = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&inside);
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).on_thread_stop(move || {
            count.fetch_add(usize::from(Handle::try_current().is_ok()), Ordering::SeqCst);
        });
        let runtime = builder.build().expect("the system has threads");
        runtime.block_on(async { spawn_blocking(|| {}).await.expect("the job ends") });
        drop(runtime);
        assert_eq!(inside.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_start_hook_that_panics_does_not_keep_the_runtime_from_ending() {
    bounded("a start hook that panics", || {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(2)
            .on_thread_start(|| panic!("a hook that panics"));
        drop(builder.build().expect("the system has threads"));
    });
}

#[test]
fn a_stop_hook_that_panics_does_not_keep_the_runtime_from_ending() {
    bounded("a stop hook that panics", || {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(2)
            .on_thread_stop(|| panic!("a hook that panics"));
        let runtime = builder.build().expect("the system has threads");
        runtime
            .block_on(runtime.spawn_blocking(|| {}))
            .expect("the job ends");
        drop(runtime);
    });
}

#[test]
fn a_name_function_that_panics_does_not_keep_the_runtime_from_ending() {
    bounded("a name function that panics", || {
        let mut builder = Builder::new_current_thread();
        builder.thread_name_fn(|| panic!("a name function that panics"));
        let runtime = builder.build().expect("it has no threads yet");
        let job = runtime.spawn_blocking(|| thread::current().name().map(str::to_owned));
        let name = runtime.block_on(job).expect("the job ends");
        assert!(
            name.is_some_and(|name| !name.is_empty()),
            "the thread has a name all the same"
        );
        drop(runtime);
    });
}

#[test]
fn bounds_that_make_no_sense_are_refused_clearly() {
    let message = panics::message_of(|| {
        Builder::new_multi_thread().worker_threads(0);
    });
    panics::assert_says(&message, &["worker_threads(0)", "new_current_thread"]);
    let message = panics::message_of(|| {
        Builder::new_multi_thread().worker_threads(1_000_000);
    });
    panics::assert_says(&message, &["worker_threads(1000000)", "at most"]);
    let message = panics::message_of(|| {
        Builder::new_multi_thread().max_blocking_threads(0);
    });
    panics::assert_says(&message, &["max_blocking_threads(0)"]);
    let message = panics::message_of(|| Builder::new_multi_thread().start_paused(true).build());
    panics::assert_says(&message, &["start_paused", "current-thread"]);
}

#[test]
fn a_builder_can_build_more_than_once() {
    bounded("a builder", || {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(1)
            .thread_keep_alive(Duration::from_secs(1));
        let runtimes = [builder.build(), builder.build()].map(|built| built.expect("threads"));
        for runtime in &runtimes {
            assert_eq!(
                runtime.handle().runtime_flavor(),
                RuntimeFlavor::MultiThread
            );
            assert_eq!(
                runtime
                    .block_on(runtime.spawn(async { 1 }))
                    .expect("the task ends"),
                1
            );
        }
    });
}
