//! An answer that never comes, since the connection has ended.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use mainspring::time::timeout;

use crate::ended::unless_ended;

/// Longer than it takes on any machine.
const LIMIT: Duration = Duration::from_secs(20);

#[mainspring::test]
async fn who_waits_for_an_answer_learns_of_the_end() {
    let end = mainspring::task::yield_now();
    let answer = timeout(LIMIT, unless_ended(pending::<u8>(), end)).await;
    assert_eq!(answer.expect("the end is noticed"), None);
}

#[mainspring::test]
async fn an_answer_goes_before_the_end() {
    assert_eq!(unless_ended(ready(7), ready(())).await, Some(7));
}

#[mainspring::test]
async fn what_was_answered_just_before_the_end_is_given() {
    let answered = Cell::new(false);
    let answer = poll_fn(|_| match answered.get() {
        true => Poll::Ready(7),
        false => Poll::Pending,
    });
    let end = poll_fn(|_| {
        answered.set(true);
        Poll::Ready(())
    });
    assert_eq!(unless_ended(answer, end).await, Some(7));
}
