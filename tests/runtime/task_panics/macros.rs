//! What `#[mainspring::test]` and `#[mainspring::main]` make of panics.

use std::future::pending;
use std::time::Duration;

use mainspring::task::{JoinSet, spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::panics;

#[mainspring::test]
#[should_panic(expected = "panicked: in the background")]
async fn a_test_whose_background_task_panics_fails_and_does_not_hang() {
    drop(mainspring::spawn(async { panic!("in the background") }));
    pending::<()>().await;
}

#[mainspring::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "panicked: in the background")]
async fn so_does_one_with_workers() {
    drop(mainspring::spawn(async { panic!("in the background") }));
    pending::<()>().await;
}

#[mainspring::test(flavor = "multi_thread", worker_threads = 1)]
#[should_panic(expected = "panicked: at the end")]
async fn a_panic_after_the_body_s_end_fails_the_test() {
    let (sender, receiver) = std::sync::mpsc::channel();
    drop(mainspring::spawn(async move {
        sender.send(()).expect("it is awaited");
        std::thread::sleep(Duration::from_millis(50));
        panic!("at the end");
    }));
    receiver.recv().expect("the task has begun");
}

#[mainspring::test]
#[should_panic(expected = "panicked: unread")]
async fn a_handle_that_is_dropped_unread_fails_the_test() {
    let task = mainspring::spawn(async { panic!("unread") });
    while !task.is_finished() {
        yield_now().await;
    }
}

#[mainspring::test]
#[should_panic(expected = "panicked: in the pool")]
async fn a_job_that_panics_fails_the_test() {
    drop(spawn_blocking(|| panic!("in the pool")));
    sleep(Duration::from_secs(3600)).await;
}

#[mainspring::test]
async fn a_panic_that_the_test_reads_is_the_test_s_to_judge() {
    let error = mainspring::spawn(async { panic!("on purpose") }).await;
    assert!(error.expect_err("it panics").is_panic());
    let mut set = JoinSet::new();
    set.spawn(async { panic!("on purpose") });
    assert!(set.join_next().await.expect("one is there").is_err());
}

#[mainspring::test(unhandled_panic = "ignore")]
async fn a_test_may_ignore_panics() {
    drop(mainspring::spawn(async { panic!("nobody minds") }));
    sleep(Duration::from_millis(5)).await;
    mainspring::spawn(async {}).await.expect("the others go on");
}

#[mainspring::main(flavor = "current_thread", unhandled_panic = "shutdown_runtime")]
async fn strict() {
    drop(mainspring::spawn(async { panic!("half of it is gone") }));
    pending::<()>().await;
}

#[mainspring::main(flavor = "current_thread")]
async fn lenient() -> u32 {
    drop(mainspring::spawn(async { panic!("nobody minds") }));
    sleep(Duration::from_millis(1)).await;
    3
}

#[test]
fn main_goes_on_unless_told_otherwise() {
    assert_eq!(lenient(), 3);
    let message = panics::message_of(strict);
    panics::assert_says(&message, &["shut down", "half of it is gone"]);
}
