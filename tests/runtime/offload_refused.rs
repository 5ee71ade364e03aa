//! The system refuses to start a thread: a job whose turn can never come says so.
//!
//! No privileged user is bound by a limit on threads, but every user by the size of the address
//! space: a stack that does not fit into it makes the system refuse the thread.

use std::env;
use std::error::Error;
use std::io;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Handle, Runtime};
use mainspring::task::{JoinError, offload, reserve_offload, spawn_blocking};

use crate::bounded::bounded;
use crate::counted::Drops;

/// More than any address space of today holds.
const STACK_TOO_LARGE: usize = 1 << 47;

/// Once in a child process's environment, the test is that child.
const CHILD: &str = "MAINSPRING_TEST_REFUSED_CHILD";

/// The address space of the child, in KiB, and the stack of its pool threads, in bytes: one fits,
/// two do not.
const ADDRESS_SPACE_KIB: usize = 6 << 20;
const LARGE_STACK: usize = 4 << 30;

/// A runtime for which the system starts no thread.
fn without_threads() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.thread_stack_size(STACK_TOO_LARGE);
    builder.build().expect("the system has descriptors")
}

/// Times that depend on the machine get so many attempts.
const ATTEMPTS: usize = 5;

/// Asserts that the error says what was wrong, and came soon.
fn assert_refused(outcome: impl Fn(&Runtime) -> JoinError) {
    let mut times = Vec::new();
    for _ in 0..ATTEMPTS {
        let runtime = without_threads();
        let begun = Instant::now();
        let error = outcome(&runtime);
        let took = begun.elapsed();
        assert!(error.is_refused(), "{error:?}");
        assert!(error.is_cancelled() && !error.is_panic(), "{error:?}");
        assert!(error.to_string().contains("refused a thread"), "{error}");
        let cause = error.source().expect("the system said something");
        let system = cause.downcast_ref::<io::Error>().expect("an io::Error");
        assert!(system.raw_os_error().is_some(), "{system:?}");
        let kind = system.kind();
        assert_eq!(io::Error::from(error).kind(), kind);
        assert_eq!(runtime.metrics().num_blocking_threads(), 0);
        assert_eq!(runtime.metrics().blocking_queue_depth(), 0);
        times.push(took);
        if took < Duration::from_millis(100) {
            return;
        }
    }
    panic!("the error came late: {times:?}");
}

#[test]
fn a_blocking_job_without_a_thread_is_an_error_at_once() {
    bounded("spawn_blocking", || {
        assert_refused(|runtime| {
            let job = runtime.block_on(async { spawn_blocking(|| ()).await });
            job.expect_err("there is no thread")
        });
    });
}

#[test]
fn a_computing_job_without_a_thread_is_an_error_at_once() {
    bounded("offload", || {
        assert_refused(|runtime| {
            let job = runtime.block_on(async { offload(|_| ()).await });
            job.expect_err("there is no thread")
        });
        assert_refused(|runtime| {
            let job = runtime.block_on(async {
                let place = reserve_offload().await.expect("there is a place");
                place.run(|_| ()).await
            });
            job.expect_err("there is no thread")
        });
    });
}

#[test]
fn the_runtime_s_own_jobs_without_a_thread_are_errors_at_once() {
    bounded("fs and look-ups", || {
        let runtime = without_threads();
        let refusal = runtime
            .block_on(async { spawn_blocking(|| ()).await })
            .expect_err("there is no thread");
        let kind = io::Error::from(refusal).kind();
        for _ in 0..ATTEMPTS {
            let begun = Instant::now();
            let (read, found) = runtime.block_on(async {
                let read = mainspring::fs::read("Cargo.toml").await;
                let found = mainspring::net::lookup_host("localhost:80").await;
                (read.map(drop), found.map(drop))
            });
            for outcome in [read, found] {
                let error = outcome.expect_err("there is no thread");
                assert_eq!(error.kind(), kind);
                assert!(error.to_string().contains("refused a thread"), "{error}");
            }
            if begun.elapsed() < Duration::from_millis(200) {
                return;
            }
        }
        panic!("the errors came late");
    });
}

#[test]
fn the_closure_of_a_refused_job_is_dropped() {
    bounded("drops", || {
        let drops = Drops::new();
        let runtime = without_threads();
        for count in 1..=10 {
            let token = drops.token();
            let job = runtime.spawn_blocking(move || drop(token));
            assert_eq!(drops.count(), count);
            assert!(job.is_finished());
        }
    });
}

/// Runs one of the tests below in a process with little address space.
fn in_a_small_process(test: &str) {
    let program = env::current_exe().expect("it has a path");
    let mut child = Command::new("sh");
    child.args(["-c", r#"ulimit -v "$0" && exec "$@""#]);
    child.arg(ADDRESS_SPACE_KIB.to_string()).arg(program);
    child.args(["--exact", "--nocapture", "--test-threads=1", test]);
    let output = child.env(CHILD, "1").output().expect("there is a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// In the child: a runtime for which the system starts one thread, but no second one.
fn with_one_large_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.thread_stack_size(LARGE_STACK);
    builder.build().expect("the system has descriptors")
}

#[cfg(target_os = "linux")]
#[test]
fn a_job_whose_thread_is_refused_waits_for_a_thread_that_is_there() {
    if env::var_os(CHILD).is_none() {
        let name =
            "offload_refused::a_job_whose_thread_is_refused_waits_for_a_thread_that_is_there";
        return in_a_small_process(name);
    }
    bounded("one thread for all", || {
        let runtime = with_one_large_thread();
        let (stop, stopped) = mpsc::channel::<()>();
        let first = runtime.spawn_blocking(move || stopped.recv().is_err());
        let others: Vec<_> = (0..10).map(|n| runtime.spawn_blocking(move || n)).collect();
        let _entered = runtime.enter();
        let computing = offload(|_| 11);
        // A thread counts from the attempt to start it, and the first one makes another attempt.
        while runtime.metrics().num_blocking_threads() != 1
            || runtime.metrics().blocking_queue_depth() != 11
        {
            thread::yield_now();
        }
        drop(stop);
        runtime.block_on(async {
            assert!(first.await.expect("the job ends"));
            for (n, job) in others.into_iter().enumerate() {
                assert_eq!(job.await.expect("the one thread runs it"), n);
            }
            assert_eq!(computing.await.expect("the one thread runs it"), 11);
            let read = mainspring::fs::read("Cargo.toml").await;
            assert!(!read.expect("the one thread reads it").is_empty());
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_job_that_waits_for_one_whose_thread_is_refused_learns_of_it() {
    if env::var_os(CHILD).is_none() {
        let name = "offload_refused::a_job_that_waits_for_one_whose_thread_is_refused_learns_of_it";
        return in_a_small_process(name);
    }
    bounded("a wait without hope", || {
        let runtime = with_one_large_thread();
        let job = runtime.spawn_blocking(|| {
            let inner = spawn_blocking(|| ());
            Handle::current().block_on(inner)
        });
        let error = runtime
            .block_on(job)
            .expect("the job ends")
            .expect_err("nobody could run the other one");
        assert!(error.is_refused(), "{error:?}");
        // A thread is there again.
        let next = runtime.spawn_blocking(|| 5);
        assert_eq!(runtime.block_on(next).expect("the job ends"), 5);
    });
}
