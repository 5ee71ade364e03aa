//! The system refuses threads.
//!
//! A stack of 2^46 bytes is more than an address space has, so that `pthread_create` itself fails,
//! also for root, whom no `RLIMIT_NPROC` binds. To refuse only some threads, a child process has an
//! address space (`ulimit -v`) with room for a few big stacks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::spawn_blocking;
use mainspring::time::{sleep, timeout};

use super::{LIMIT, assert_unharmed, multi_thread};
use crate::child;
use crate::process::{self, Belongings, THREADS};

/// More than there is.
const STACK_TOO_BIG: usize = 1 << 46;

/// So big that only a few fit into [`ADDRESS_SPACE`].
const STACK_BIG: usize = 1 << 30;

/// 8 GiB, in the shell's KiB.
const ADDRESS_SPACE: &str = "ulimit -v 8388608";

/// More threads than fit.
const MANY: usize = 16;

fn workers(count: usize, stack: usize) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(count)
        .thread_stack_size(stack)
        .thread_name(THREADS);
    builder.build()
}

#[test]
fn a_runtime_whose_threads_are_refused_is_an_error_and_leaves_nothing() {
    let _alone = process::alone();
    let before = Belongings::now();
    for _ in 0..20 {
        for count in [1, 2, 4] {
            let error = workers(count, STACK_TOO_BIG).expect_err("there is no such stack");
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error:?}");
        }
    }
    before.wait_until_back().expect("nothing is left");
    multi_thread(2).block_on(assert_unharmed());
}

#[test]
fn a_runtime_of_which_some_threads_are_refused_ends_the_others() {
    let _alone = process::alone();
    let name = "faults::threads::a_runtime_of_which_some_threads_are_refused_ends_the_others";
    child::under(ADDRESS_SPACE, name, || {
        let before = Belongings::now();
        for _ in 0..10 {
            let (started, stopped) = (Arc::default(), Arc::default());
            let count = |of: &Arc<AtomicUsize>| {
                let of = Arc::clone(of);
                move || {
                    of.fetch_add(1, Ordering::SeqCst);
                }
            };
            let mut builder = Builder::new_multi_thread();
            let result = builder
                .worker_threads(MANY)
                .thread_stack_size(STACK_BIG)
                .thread_name(THREADS)
                .on_thread_start(count(&started))
                .on_thread_stop(count(&stopped))
                .build();
            drop(result.expect_err("there is no room for so many stacks"));
            before.wait_until_back().expect("nothing is left");
            let started = started.load(Ordering::SeqCst);
            assert!((1..MANY).contains(&started), "{started} have started");
            assert_eq!(stopped.load(Ordering::SeqCst), started);
        }
        multi_thread(2).block_on(assert_unharmed());
    });
}

#[test]
fn a_job_for_which_no_thread_can_be_started_is_an_error_at_once() {
    let _alone = process::alone();
    let mut builder = Builder::new_current_thread();
    let runtime = builder
        .thread_stack_size(STACK_TOO_BIG)
        .thread_name(THREADS)
        .build();
    let runtime = runtime.expect("this flavour needs no thread");
    runtime.block_on(async {
        // The bound is about a machine that does other things as well.
        let mut took = Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            let result = timeout(LIMIT, spawn_blocking(|| 1))
                .await
                .expect("it does not hang");
            let error = result.expect_err("nobody can run it");
            assert!(error.is_cancelled() && !error.is_panic(), "{error:?}");
            took = took.min(begun.elapsed());
        }
        assert!(took < Duration::from_millis(100), "{took:?}");
        // The rest of the runtime does not mind.
        mainspring::spawn(sleep(Duration::from_millis(1)))
            .await
            .expect("the task ends");
    });
}

#[test]
fn jobs_for_which_some_threads_are_refused_run_on_those_there_are() {
    let _alone = process::alone();
    let name = "faults::threads::jobs_for_which_some_threads_are_refused_run_on_those_there_are";
    child::under(ADDRESS_SPACE, name, || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder
            .thread_stack_size(STACK_BIG)
            .thread_name(THREADS)
            .build();
        let runtime = runtime.expect("this flavour needs no thread");
        runtime.block_on(async {
            let jobs: Vec<_> = (0..4 * MANY)
                .map(|number| {
                    spawn_blocking(move || {
                        thread::sleep(Duration::from_millis(2));
                        number
                    })
                })
                .collect();
            assert!(runtime.metrics().num_blocking_threads() < MANY);
            for (number, job) in jobs.into_iter().enumerate() {
                let result = timeout(LIMIT, job).await.expect("it does not hang");
                assert_eq!(result.expect("a thread there is runs it"), number);
            }
        });
    });
}
