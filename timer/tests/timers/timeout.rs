//! `timeout`, `timeout_at`, `Timeout`.

use std::future::{pending, poll_fn, ready};
use std::io;
use std::pin::pin;
use std::task::{Poll, Waker};

use mainspring_timer::{Duration, Instant, error::Elapsed, sleep, timeout, timeout_at};

use crate::runtime::{Runtime, panic_message, poll};

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_future_that_is_ready_at_once_wins_and_leaves_the_wheel_alone() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    for deadline in [Instant::now() - MS, Instant::now() + 1000 * MS] {
        let mut timeout = pin!(timeout_at(deadline, async {
            assert_eq!(runtime.handle.next_deadline(), None);
            7
        }));
        assert_eq!(poll(timeout.as_mut(), Waker::noop()), Poll::Ready(Ok(7)));
        assert_eq!(runtime.handle.next_deadline(), None);
    }
}

#[test]
fn the_future_is_polled_before_the_deadline_is_looked_at() {
    let runtime = Runtime::paused();
    runtime.block_on(async {
        // Both are ready at the same time.
        let result = timeout(5 * MS, async {
            sleep(5 * MS).await;
            "done"
        })
        .await;
        assert_eq!(result, Ok("done"));
    });
}

#[test]
fn a_future_that_takes_too_long_is_an_error() {
    let runtime = Runtime::paused();
    runtime.block_on(async {
        let start = Instant::now();
        let elapsed = timeout(5 * MS, sleep(6 * MS)).await.unwrap_err();
        assert_eq!(start.elapsed(), 5 * MS);
        assert_eq!(elapsed.to_string(), "deadline has elapsed");
        assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
        assert!(timeout_at(start, pending::<()>()).await.is_err());
    });
}

#[test]
fn dropping_it_cancels_the_timer() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let mut timeout = Box::pin(timeout(1000 * MS, pending::<()>()));
    assert!(poll(timeout.as_mut(), Waker::noop()).is_pending());
    assert!(runtime.handle.next_deadline().is_some());
    drop(timeout);
    assert_eq!(runtime.handle.next_deadline(), None);
}

#[test]
fn the_inner_future_can_be_reached_and_taken() {
    let runtime = Runtime::new(1);
    let _scope = runtime.handle.enter(Some(0));
    let mut timeout = timeout(MS, ready(5));
    assert_eq!(
        format!("{:?}", timeout.get_ref()),
        format!("{:?}", ready(5))
    );
    *timeout.get_mut() = ready(6);
    assert_eq!(timeout.into_inner().into_inner(), 6);
}

#[test]
fn the_longest_duration_is_no_limit() {
    let runtime = Runtime::paused();
    let _scope = runtime.handle.enter(Some(0));
    let mut timeout = pin!(timeout(Duration::MAX, pending::<()>()));
    assert!(poll(timeout.as_mut(), Waker::noop()).is_pending());
    assert!(
        !runtime.handle.advance_to_next(),
        "there is nothing to wait for"
    );
}

#[test]
fn anything_that_becomes_a_future_may_be_given() {
    struct Later;
    impl IntoFuture for Later {
        type Output = u8;
        type IntoFuture = std::future::Ready<u8>;
        fn into_future(self) -> Self::IntoFuture {
            ready(9)
        }
    }
    let runtime = Runtime::new(1);
    let result: Result<u8, Elapsed> = runtime.block_on(async { timeout(MS, Later).await });
    assert_eq!(result, Ok(9));
}

#[test]
fn a_future_that_wakes_itself_all_the_time_is_timed_out() {
    let runtime = Runtime::new(1);
    let busy = poll_fn(|context| {
        context.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    assert!(
        runtime
            .block_on(async { timeout(2 * MS, busy).await })
            .is_err()
    );
}

#[test]
fn creating_one_outside_a_runtime_says_what_to_do() {
    let message = panic_message(|| drop(timeout(MS, ready(()))));
    assert!(
        message.contains("`timeout` was called outside a runtime"),
        "{message}"
    );
    let message = panic_message(|| drop(timeout_at(Instant::now(), ready(()))));
    assert!(
        message.contains("`timeout_at` was called outside a runtime"),
        "{message}"
    );
}
