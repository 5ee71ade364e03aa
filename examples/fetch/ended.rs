//! Waiting for an answer that may never come, because who would give it is gone.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use mainspring::time;

/// Waits for an answer, or for the end of what would give it. What it gave before its end is an answer.
pub(crate) async fn unless_ended<A: Future>(answer: A, end: impl Future) -> Option<A::Output> {
    let mut answer = pin!(answer);
    mainspring::select! {
        biased;
        answer = &mut answer => return Some(answer),
        _ = end => {}
    }
    // It may have come between the two looks. A timeout polls first.
    time::timeout(Duration::ZERO, answer).await.ok()
}
