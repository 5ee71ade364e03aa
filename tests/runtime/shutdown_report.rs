//! A shutdown with a grace: who may finish, who is cut off, and what the report says.

use std::future::pending;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::ShutdownReport;
use mainspring::sync::oneshot;
use mainspring::task::yield_now;
use mainspring::time::sleep;

use crate::best::{at_best, at_best_on_each_runtime, none_stuck};
use crate::bounded::bounded;
use crate::counted::Drops;
use crate::each::on_each_runtime;
use crate::filled::{GRACE, fill};
use crate::runtimes::{current_thread, multi_thread};
use crate::shutdown::{WaitsFor, hold};

const HOUR: Duration = Duration::from_secs(3600);

/// What a report counts.
fn counts(report: &ShutdownReport) -> (usize, usize, usize) {
    (report.finished, report.aborted, report.stuck.len())
}

/// How many have finished, and how many were cut off, be they stuck or not.
fn ended(report: &ShutdownReport) -> (usize, usize) {
    (report.finished, report.aborted + report.stuck.len())
}

/// That `took` is within `from` and `to`.
fn within(took: Duration, from: u64, to: u64) -> Result<(), String> {
    let bounds = Duration::from_millis(from)..=Duration::from_millis(to);
    if bounds.contains(&took) {
        return Ok(());
    }
    Err(format!("it took {took:?}, not {bounds:?}"))
}

#[test]
fn without_tasks_and_jobs_it_returns_at_once() {
    for workers in 0..3 {
        bounded("nothing to wait for", move || {
            at_best("an empty shutdown", || {
                let runtime = match workers {
                    0 => current_thread(),
                    _ => multi_thread(workers),
                };
                let start = Instant::now();
                let report = runtime.shutdown(HOUR);
                assert_eq!(counts(&report), (0, 0, 0), "{report}");
                within(start.elapsed(), 0, 10)
            });
        });
    }
}

#[test]
fn a_job_stuck_reading_a_pipe_is_named_after_the_grace() {
    on_each_runtime(|runtime| {
        let (mut near, far) = UnixStream::pair().expect("a pair");
        let (begun, has_begun) = mpsc::channel();
        let line = line!() + 1;
        let job = runtime.spawn_blocking(move || {
            begun.send(()).expect("the test listens");
            near.read(&mut [0; 1]).expect("it can be read")
        });
        has_begun.recv().expect("the job begins");
        let start = Instant::now();
        let report = runtime.shutdown(Duration::from_millis(200));
        let took = start.elapsed();
        assert_eq!(counts(&report), (0, 0, 1), "{report}");
        let stuck = &report.stuck[0];
        assert_eq!(stuck.id(), job.id());
        assert!(stuck.spawned_at().file().ends_with("shutdown_report.rs"));
        assert_eq!(stuck.spawned_at().line(), line);
        assert!(
            report.to_string().contains("shutdown_report.rs"),
            "{report}"
        );
        within(took, 200, 2_000).expect("it waits for the grace and not for the job");
        drop(far);
        assert_eq!(current_thread().block_on(job).expect("it goes on"), 0);
    });
}

#[test]
fn a_grace_of_a_second_takes_a_second_whatever_is_stuck() {
    bounded("a second", || {
        at_best("a stuck job", || {
            let runtime = multi_thread(2);
            let (stop, stopped) = mpsc::channel::<()>();
            let (begun, has_begun) = mpsc::channel();
            runtime.spawn_blocking(move || {
                begun.send(()).expect("the test listens");
                stopped.recv().is_err()
            });
            has_begun.recv().expect("the job begins");
            let start = Instant::now();
            let report = runtime.shutdown(Duration::from_secs(1));
            let took = start.elapsed();
            drop(stop);
            assert_eq!(report.stuck.len(), 1, "{report}");
            within(took, 1_000, 1_200)
        });
    });
}

#[test]
fn tasks_that_heed_the_signal_finish() {
    on_each_runtime(|runtime| {
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let mut signal = runtime.handle().shutdown_signal();
                runtime.spawn(async move {
                    loop {
                        mainspring::select! {
                            () = &mut signal => break,
                            () = sleep(Duration::from_millis(1)) => {}
                        }
                    }
                    sleep(Duration::from_millis(5)).await;
                    // New tasks and jobs may still be made: they have the same grace.
                    let job = mainspring::task::spawn_blocking(move || number);
                    mainspring::spawn(job)
                        .await
                        .expect("in time")
                        .expect("in time")
                })
            })
            .collect();
        let handle = runtime.handle().clone();
        assert!(!handle.is_shutting_down());
        let report = runtime.shutdown(HOUR);
        assert!(handle.is_shutting_down());
        assert_eq!(counts(&report), (100, 0, 0), "{report}");
        let other = current_thread();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(other.block_on(task).expect("it has finished"), number);
        }
    });
}

#[test]
fn what_waits_when_the_grace_is_over_is_aborted_and_dropped() {
    at_best_on_each_runtime("a grace", |runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let alive = runtime.metrics().num_alive_tasks();
        let signal = runtime.handle().shutdown_signal();
        runtime.spawn(async {
            signal.await;
            yield_now().await;
        });
        let report = runtime.shutdown(GRACE);
        assert_eq!(ended(&report), (1, alive), "{report}");
        none_stuck(&report)?;
        assert_eq!(drops.count(), tokens);
        Ok(())
    });
}

#[test]
fn a_task_that_was_aborted_or_panicked_in_the_grace_has_finished() {
    on_each_runtime(|runtime| {
        let aborted = runtime.spawn(pending::<()>());
        let signal = runtime.handle().shutdown_signal();
        runtime.spawn(async move {
            signal.await;
            aborted.abort();
            panic!("a panic in the grace");
        });
        let report = runtime.shutdown(HOUR);
        assert_eq!(counts(&report), (2, 0, 0), "{report}");
    });
}

#[test]
fn without_a_grace_everything_is_cut_off_at_once() {
    at_best_on_each_runtime("no grace", |runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops);
        let alive = runtime.metrics().num_alive_tasks();
        let start = Instant::now();
        let report = runtime.shutdown(Duration::ZERO);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(ended(&report), (0, alive), "{report}");
        none_stuck(&report)?;
        assert_eq!(drops.count(), tokens);
        Ok(())
    });
}

#[test]
fn a_grace_beyond_the_clock_has_no_end() {
    on_each_runtime(|runtime| {
        runtime.spawn(runtime.handle().shutdown_signal());
        let report = runtime.shutdown(Duration::MAX);
        assert_eq!(counts(&report), (1, 0, 0), "{report}");
    });
}

#[test]
fn a_task_that_never_leaves_its_poll_is_stuck_and_the_others_are_not() {
    for workers in [1, 2] {
        bounded("a stuck poll", move || {
            at_best("a stuck poll", || {
                let runtime = multi_thread(workers);
                let drops = Drops::new();
                let tokens = fill(&runtime, &drops);
                let alive = runtime.metrics().num_alive_tasks();
                let (stop, stopped) = mpsc::channel::<()>();
                let (begun, has_begun) = mpsc::channel();
                let stuck = runtime.spawn(async move {
                    begun.send(()).expect("the test listens");
                    let _ = stopped.recv();
                });
                has_begun.recv().expect("the task begins");
                let start = Instant::now();
                let report = runtime.shutdown(Duration::from_millis(50));
                within(start.elapsed(), 50, 5_000).expect("the grace bounds it");
                let ids: Vec<_> = report.stuck.iter().map(|task| task.id()).collect();
                assert!(ids.contains(&stuck.id()), "{report}");
                assert_eq!(ended(&report), (0, alive + 1), "{report}");
                if ids.len() > 1 {
                    return Err(report.to_string());
                }
                assert_eq!(drops.count(), tokens);
                drop(stop);
                // Its poll ended by itself, so its result stands.
                current_thread().block_on(stuck).expect("it goes on");
                Ok(())
            });
        });
    }
}

#[test]
fn a_destructor_that_never_ends_is_stuck_and_the_others_are_not() {
    bounded("a stuck destructor", || {
        for workers in [1, 2] {
            let runtime = multi_thread(workers);
            let drops = Drops::new();
            let tokens = fill(&runtime, &drops);
            let (stop, stopped) = mpsc::channel();
            let stuck = runtime.spawn(hold(WaitsFor(stopped)));
            let start = Instant::now();
            let report = runtime.shutdown(Duration::from_millis(20));
            within(start.elapsed(), 20, 5_000).expect("it is not the caller that is stuck");
            let ids: Vec<_> = report.stuck.iter().map(|task| task.id()).collect();
            assert!(ids.contains(&stuck.id()), "{report}");
            if workers > 1 {
                // The other worker goes on without it.
                while drops.count() < tokens {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            drop(stop);
            while drops.count() < tokens {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
}

#[test]
fn the_grace_of_a_current_thread_runtime_ends_though_another_thread_is_stuck_in_it() {
    bounded("a stuck block_on", || {
        let runtime = current_thread();
        let handle = runtime.handle().clone();
        let (stop, stopped) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let stuck = runtime.spawn(async move {
            begun.send(()).expect("the test listens");
            let _ = stopped.recv();
        });
        let id = stuck.id();
        let inside = thread::spawn(move || handle.block_on(stuck));
        has_begun.recv().expect("the task begins");
        let report = runtime.shutdown(Duration::from_millis(50));
        let ids: Vec<_> = report.stuck.iter().map(|task| task.id()).collect();
        assert_eq!(ids, [id], "{report}");
        drop(stop);
        inside.join().expect("no panic").expect("it has finished");
    });
}

#[test]
fn a_running_job_may_finish_in_the_grace_and_a_queued_one_gets_its_turn() {
    bounded("jobs in the grace", || {
        let mut builder = mainspring::runtime::Builder::new_multi_thread();
        let builder = builder.worker_threads(1).max_blocking_threads(1);
        let runtime = builder.build().expect("threads");
        let jobs: Vec<_> = (0..3)
            .map(|number| {
                runtime.spawn_blocking(move || {
                    thread::sleep(Duration::from_millis(10));
                    number
                })
            })
            .collect();
        let report = runtime.shutdown(HOUR);
        assert_eq!(
            counts(&report),
            (0, 0, 0),
            "jobs that end are not counted: {report}"
        );
        let other = current_thread();
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(other.block_on(job).expect("it has run"), number);
        }
    });
}

#[test]
fn a_queued_job_behind_a_stuck_one_is_aborted() {
    bounded("a queued job", || {
        let mut builder = mainspring::runtime::Builder::new_multi_thread();
        let builder = builder.worker_threads(1).max_blocking_threads(1);
        let runtime = builder.build().expect("threads");
        let (stop, stopped) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let drops = Drops::new();
        runtime.spawn_blocking(move || {
            begun.send(()).expect("the test listens");
            stopped.recv().is_err()
        });
        has_begun.recv().expect("the job begins");
        let token = drops.token();
        let queued = runtime.spawn_blocking(move || drop(token));
        let report = runtime.shutdown(Duration::from_millis(20));
        assert_eq!(counts(&report), (0, 1, 1), "{report}");
        assert_eq!(drops.count(), 1);
        let error = current_thread()
            .block_on(queued)
            .expect_err("it was cut off");
        assert!(error.is_cancelled());
        drop(stop);
    });
}

#[test]
fn two_shutdowns_at_once_both_end_at_the_shorter_grace() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        runtime.spawn(pending::<()>());
        let other = thread::spawn(move || {
            current_thread().block_on(handle.shutdown(Duration::from_millis(50)))
        });
        let start = Instant::now();
        let report = runtime.shutdown(HOUR);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(counts(&report), (0, 1, 0), "{report}");
        let report = other.join().expect("no panic");
        assert!(report.stuck.is_empty(), "{report}");
    });
}

#[test]
fn spawning_during_the_grace_from_outside_is_allowed_and_counted() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        let signal = handle.shutdown_signal();
        let (release, released) = oneshot::channel::<()>();
        runtime.spawn(released);
        let outside = thread::spawn(move || {
            current_thread().block_on(signal);
            let task = handle.spawn(async { 7 });
            let joined = current_thread().block_on(task);
            release.send(()).expect("it is waited for");
            joined
        });
        let report = runtime.shutdown(HOUR);
        assert_eq!(counts(&report), (2, 0, 0), "{report}");
        assert_eq!(outside.join().expect("no panic").expect("it ran"), 7);
    });
}

#[test]
#[cfg(feature = "test-util")]
fn a_paused_clock_does_not_shorten_or_lengthen_the_grace() {
    bounded("a paused clock", || {
        let mut builder = mainspring::runtime::Builder::new_current_thread();
        let runtime = builder.start_paused(true).build().expect("descriptors");
        runtime.spawn(async { sleep(HOUR).await });
        // The clock jumps to the sleeper while the thread serves: an hour passes in no time.
        let report = runtime.shutdown(HOUR);
        assert_eq!(counts(&report), (1, 0, 0), "{report}");

        let runtime = builder.start_paused(true).build().expect("descriptors");
        runtime.spawn(pending::<()>());
        let start = Instant::now();
        let report = runtime.shutdown(Duration::from_millis(30));
        assert_eq!(counts(&report), (0, 1, 0), "{report}");
        within(start.elapsed(), 30, 5_000).expect("real time");
    });
}

#[test]
fn many_tasks_are_not_stuck_only_because_they_are_many() {
    at_best_on_each_runtime("many tasks", |runtime| {
        let count = 20_000;
        for _ in 0..count {
            runtime.spawn(pending::<()>());
        }
        let report = runtime.shutdown(Duration::ZERO);
        assert_eq!(ended(&report), (0, count), "{report}");
        none_stuck(&report)
    });
}
