//! A new runtime in the child.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainspring::task::{spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::alone;
use crate::child::Child;
use crate::runtimes::{current_thread, multi_thread};
use crate::work::{everything_on, on_new_runtimes};

#[test]
fn works_where_the_parent_had_none() {
    let _alone = alone();
    Child::working_at(on_new_runtimes).expect_success();
}

#[test]
fn works_beside_one_that_was_never_used() {
    let _alone = alone();
    let runtime = multi_thread(4);
    Child::working_at(on_new_runtimes).expect_success();
    everything_on(&runtime);
}

#[test]
fn works_beside_one_that_was_used() {
    let _alone = alone();
    for runtime in [multi_thread(4), current_thread()] {
        everything_on(&runtime);
        Child::working_at(on_new_runtimes).expect_success();
        everything_on(&runtime);
    }
}

#[test]
fn works_beside_one_that_is_busy() {
    let _alone = alone();
    let runtime = multi_thread(2);
    let is_over = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..8)
        .map(|n| {
            let is_over = Arc::clone(&is_over);
            runtime.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    match n % 4 {
                        0 => sleep(Duration::from_micros(100)).await,
                        1 => drop(spawn_blocking(|| ()).await),
                        2 => drop(mainspring::spawn(yield_now()).await),
                        _ => yield_now().await,
                    }
                }
            })
        })
        .collect();
    // At each fork the threads are somewhere else.
    for _ in 0..20 {
        Child::working_at(on_new_runtimes).expect_success();
    }
    is_over.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for task in busy {
            task.await.expect("a task that goes on in the parent");
        }
    });
}

#[test]
fn works_beside_many_threads_that_sleep() {
    let _alone = alone();
    // All but one of them sleep on condition variables, of which the child has copies.
    let runtime = multi_thread(24);
    everything_on(&runtime);
    for _ in 0..4 {
        Child::working_at(|| {
            let runtime = multi_thread(24);
            for _ in 0..4 {
                everything_on(&runtime);
            }
            drop(runtime);
            on_new_runtimes();
        })
        .expect_success();
    }
}

#[test]
fn works_in_the_child_of_a_child() {
    let _alone = alone();
    let _runtime = multi_thread(2);
    Child::working_at(|| {
        let runtime = multi_thread(2);
        everything_on(&runtime);
        Child::working_at(on_new_runtimes).expect_success();
        everything_on(&runtime);
    })
    .expect_success();
}
