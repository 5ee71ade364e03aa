//! The offload pool.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mainspring_executor::{offload, spawn, spawn_blocking};

use crate::support::{Dropped, executor, flavours};

#[test]
fn a_job_runs_elsewhere_and_gives_its_result() {
    for executor in flavours() {
        let (here, there) = executor.handle().block_on(async {
            let there = spawn_blocking(|| thread::current().id()).await.unwrap();
            (thread::current().id(), there)
        });
        assert_ne!(here, there);
    }
}

#[test]
fn a_panicking_job_reports_and_its_thread_lives_on() {
    let executor = executor(0);
    executor.handle().block_on(async {
        for _ in 0..50 {
            let error = spawn_blocking(|| panic!("in a job")).await.unwrap_err();
            assert!(error.is_panic());
        }
        assert!(executor.handle().pool_threads().0 <= 8);
    });
}

#[test]
fn a_job_may_spawn_tasks_and_block_on_them() {
    let executor = executor(1);
    let output = executor.handle().block_on(async {
        let handle = mainspring_executor::Handle::try_current().unwrap();
        spawn_blocking(move || handle.block_on(async { spawn(async { 3 }).await.unwrap() }))
            .await
            .unwrap()
    });
    assert_eq!(output, 3);
}

#[test]
fn computing_jobs_run_at_most_as_many_at_once_as_allowed() {
    let executor = executor(1);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    executor.handle().block_on(async {
        let jobs: Vec<_> = (0..20)
            .map(|n| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                offload(move |_| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // The first one goes on when another one runs, too.
                    let begun = Instant::now();
                    while n == 0
                        && most.load(Ordering::SeqCst) < 2
                        && begun.elapsed() < Duration::from_secs(10)
                    {
                        thread::sleep(Duration::from_millis(1));
                    }
                    thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for job in jobs {
            job.await.unwrap();
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[test]
fn a_computing_job_learns_that_it_was_aborted() {
    let executor = executor(1);
    executor.handle().block_on(async {
        let (started, start) = mpsc::channel();
        let job = offload(move |job| {
            started.send(()).unwrap();
            let begun = Instant::now();
            while !job.is_cancelled() {
                assert!(
                    begun.elapsed() < Duration::from_secs(10),
                    "the abort was not seen"
                );
                thread::sleep(Duration::from_millis(1));
            }
            "stopped"
        });
        start.recv().unwrap();
        job.abort();
        assert_eq!(job.await.unwrap(), "stopped");
    });
}

#[test]
fn a_bursts_threads_retire_while_light_work_goes_on() {
    let executor = executor(1);
    let gate = Arc::new(RwLock::new(()));
    let closed = gate.write().unwrap();
    let burst: Vec<_> = (0..16)
        .map(|_| {
            let gate = Arc::clone(&gate);
            executor.handle().spawn_blocking(move || drop(gate.read()))
        })
        .collect();
    // Each of them starts the next one, while all jobs run.
    let begun = Instant::now();
    while executor.handle().pool_threads().0 < 16 {
        assert!(begun.elapsed() < Duration::from_secs(10), "a job waits");
        thread::sleep(Duration::from_millis(1));
    }
    drop(closed);
    executor.handle().block_on(async {
        for job in burst {
            job.await.unwrap();
        }
        let begun = Instant::now();
        while executor.handle().pool_threads().0 > 2 {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the burst's threads stay"
            );
            spawn_blocking(|| thread::sleep(Duration::from_millis(5)))
                .await
                .unwrap();
        }
    });
}

#[test]
fn the_end_drops_queued_jobs_and_waits_for_running_ones() {
    let mut executor = executor(1);
    let (dropped, finished) = (Dropped::new(), Arc::new(AtomicUsize::new(0)));
    let begun = Arc::new(AtomicUsize::new(0));
    let (goes_on, a_moment) = (Arc::new(AtomicBool::new(false)), Duration::from_millis(1));
    let jobs: Vec<_> = (0..64)
        .map(|_| {
            let (guard, finished) = (dropped.guard(), Arc::clone(&finished));
            let (begun, goes_on) = (Arc::clone(&begun), Arc::clone(&goes_on));
            executor.handle().spawn_blocking(move || {
                let _guard = guard;
                begun.fetch_add(1, Ordering::SeqCst);
                while !goes_on.load(Ordering::SeqCst) {
                    thread::sleep(a_moment);
                }
                finished.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    while begun.load(Ordering::SeqCst) < 16 {
        thread::sleep(a_moment);
    }
    // While the end waits for them.
    let queued = dropped.clone();
    let later = thread::spawn(move || {
        let begun = Instant::now();
        while queued.count() < 48 && begun.elapsed() < Duration::from_secs(10) {
            thread::sleep(a_moment);
        }
        goes_on.store(true, Ordering::SeqCst);
        queued.count()
    });
    executor.shutdown(None);
    assert!(later.join().unwrap() >= 48, "the queued ones are kept");
    assert_eq!(dropped.count(), 64);
    assert_eq!(
        finished.load(Ordering::SeqCst),
        16,
        "those that had a thread"
    );
    assert!(
        jobs.iter()
            .all(mainspring_executor::JoinHandle::is_finished)
    );
}

#[test]
fn a_stuck_job_does_not_hold_a_bounded_shutdown() {
    let mut executor = executor(1);
    let (release, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let job = executor.handle().spawn_blocking(move || {
        begun.send(()).unwrap();
        wait.recv().is_ok()
    });
    has_begun.recv().unwrap();
    let begun = Instant::now();
    executor.shutdown(Some(Duration::from_millis(100)));
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(100) && took < Duration::from_secs(2),
        "{took:?}"
    );
    drop(release);
    drop(job);
}
