//! A runtime may be dropped while its thread, or the process, is on its way out.

use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use mainspring::runtime::Runtime;

use crate::best::{at_best, at_best_on_each_runtime, none_stuck};
use crate::bounded::bounded;
use crate::counted::{Drops, Token};
use crate::each::on_each_runtime;
use crate::filled::fill;
use crate::runtimes::{current_thread, multi_thread};

thread_local! {
    /// What is dropped when the thread ends.
    static KEPT: RefCell<Option<(Runtime, Token)>> = const { RefCell::new(None) };
}

/// Leaves a runtime to the thread-local of this thread.
fn keep(runtime: Runtime, token: Token) {
    KEPT.with(|kept| *kept.borrow_mut() = Some((runtime, token)));
}

/// Waits until it holds; the caller's bound is the limit.
fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn in_the_thread_locals_of_another_runtime_s_worker_it_ends_with_the_worker() {
    on_each_runtime(|inner| {
        let drops = Drops::new();
        let tokens = fill(&inner, &drops) + 1;
        let outer = multi_thread(1);
        let token = drops.token();
        outer.spawn(async move { keep(inner, token) });
        // It is polled on the worker, or put beside it: both end with their runtime.
        wait_until(|| outer.metrics().num_alive_tasks() == 0);
        drop(outer);
        wait_until(|| drops.count() == tokens);
    });
}

#[test]
fn in_the_thread_locals_of_a_pool_thread_it_ends_with_the_thread() {
    on_each_runtime(|inner| {
        let drops = Drops::new();
        let tokens = fill(&inner, &drops) + 1;
        let outer = current_thread();
        let token = drops.token();
        outer
            .block_on(outer.spawn_blocking(move || keep(inner, token)))
            .expect("no panic");
        drop(outer);
        wait_until(|| drops.count() == tokens);
    });
}

#[test]
fn in_the_thread_locals_of_its_own_worker_it_ends_by_its_handle() {
    bounded("its own worker", || {
        at_best("its own worker", || {
            let drops = Drops::new();
            let runtime = multi_thread(1);
            let tokens = fill(&runtime, &drops) + 1;
            let alive = runtime.metrics().num_alive_tasks();
            let (handle, token) = (runtime.handle().clone(), drops.token());
            let keeper = handle.spawn(async move { keep(runtime, token) });
            wait_until(|| keeper.is_finished());
            let report = current_thread().block_on(handle.shutdown(Duration::ZERO));
            assert_eq!(report.aborted + report.stuck.len(), alive, "{report}");
            none_stuck(&report)?;
            wait_until(|| drops.count() == tokens);
            Ok(())
        });
    });
}

#[test]
fn in_the_thread_locals_of_its_own_pool_thread_it_ends_by_its_handle() {
    at_best_on_each_runtime("its own pool thread", |runtime| {
        let drops = Drops::new();
        let tokens = fill(&runtime, &drops) + 1;
        let alive = runtime.metrics().num_alive_tasks();
        let (handle, token) = (runtime.handle().clone(), drops.token());
        let job = handle.spawn_blocking(move || keep(runtime, token));
        wait_until(|| job.is_finished());
        let report = current_thread().block_on(handle.shutdown(Duration::ZERO));
        assert_eq!(report.aborted + report.stuck.len(), alive, "{report}");
        none_stuck(&report)?;
        wait_until(|| drops.count() == tokens);
        Ok(())
    });
}
