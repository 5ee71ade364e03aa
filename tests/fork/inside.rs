//! A fork inside a runtime: in a task, in `block_on`, in a blocking job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use mainspring::runtime::Runtime;
use mainspring::time::sleep;

use crate::alone;
use crate::child::{Child, End, fork, leave};
use crate::panics::{assert_says, message_of, text};
use crate::runtimes::{current_thread, multi_thread};
use crate::work::{everything_on, on_new_runtimes};

/// What the child does wherever it was made: the old runtime is not there, and a new one works.
fn only_new_runtimes_work() {
    let message = message_of(|| mainspring::spawn(async {}));
    assert_says(&message, &["fork", "Runtime", "child"]);
    assert!(mainspring::task::try_id().is_none());
    assert!(mainspring::runtime::Handle::try_current().is_err());
    on_new_runtimes();
    // And the new one has left nothing behind.
    assert!(mainspring::runtime::Handle::try_current().is_err());
}

/// The runtime of the parent is as it was.
fn still_works(runtime: &Runtime) {
    everything_on(runtime);
}

#[test]
fn in_block_on_the_child_can_use_a_new_runtime() {
    let _alone = alone();
    for runtime in [multi_thread(2), current_thread()] {
        runtime.block_on(async {
            sleep(Duration::from_millis(1)).await;
            Child::working_at(only_new_runtimes_work).expect_success();
            sleep(Duration::from_millis(1)).await;
        });
        still_works(&runtime);
    }
}

#[test]
fn in_a_task_the_child_can_use_a_new_runtime() {
    let _alone = alone();
    for runtime in [multi_thread(1), multi_thread(4), current_thread()] {
        let task = runtime.spawn(async {
            sleep(Duration::from_millis(1)).await;
            Child::working_at(only_new_runtimes_work).expect_success();
        });
        runtime.block_on(task).expect("a child that ends well");
        still_works(&runtime);
    }
}

#[test]
fn in_a_blocking_job_the_child_can_use_a_new_runtime() {
    let _alone = alone();
    for runtime in [multi_thread(2), current_thread()] {
        let job =
            runtime.spawn_blocking(|| Child::working_at(only_new_runtimes_work).expect_success());
        runtime.block_on(job).expect("a child that ends well");
        still_works(&runtime);
    }
}

#[test]
fn a_child_that_comes_back_from_a_task_is_stopped() {
    let _alone = alone();
    let runtime = multi_thread(2);
    let (sender, children) = mpsc::channel();
    let own_sender = sender.clone();
    drop(runtime.spawn(async move {
        if let Some(child) = fork() {
            own_sender.send(child).expect("the test listens");
        }
    }));
    drop(runtime.spawn_blocking(move || {
        if let Some(child) = fork() {
            sender.send(child).expect("the test listens");
        }
    }));
    for child in children {
        assert_eq!(child.end(), End::Signal(libc::SIGABRT));
    }
    still_works(&runtime);
}

#[test]
fn a_child_that_comes_back_from_block_on_gets_a_panic() {
    let _alone = alone();
    for runtime in [multi_thread(2), current_thread()] {
        // Another task has forked on this thread, and the future itself has.
        for spawned in [true, false] {
            if spawned && runtime.metrics().num_workers() > 1 {
                // It may run on a worker's own thread.
                continue;
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(async {
                    if spawned {
                        mainspring::spawn(async { fork() })
                            .await
                            .expect("a task that does not panic")
                    } else {
                        fork()
                    }
                })
            }));
            match outcome {
                Ok(Some(child)) => assert_eq!(child.end(), End::Code(0)),
                // The child has come through `block_on`.
                Ok(None) => leave(1),
                Err(payload) => {
                    let message = text(&*payload);
                    let is_right = message.contains("block_on") && message.contains("fork");
                    leave(if is_right { 0 } else { 2 })
                }
            }
        }
        still_works(&runtime);
    }
}

#[test]
fn a_child_that_comes_back_from_one_runtime_into_another_is_in_neither() {
    let _alone = alone();
    let outer = current_thread();
    for inner in [multi_thread(1), current_thread()] {
        let child = outer.block_on(async {
            let outcome = catch_unwind(AssertUnwindSafe(|| inner.block_on(async { fork() })));
            if let Ok(Some(child)) = outcome {
                return child;
            }
            let is_refused = outcome.is_err();
            let is_clean = catch_unwind(only_new_runtimes_work).is_ok();
            leave(i32::from(!(is_refused && is_clean)))
        });
        child.expect_success();
        still_works(&outer);
        still_works(&inner);
    }
}
