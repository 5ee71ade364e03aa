//! The ledger notices what a broken runtime would do. Each scenario notes what such a runtime would
//! make happen.

use std::task::{Context, Poll, Waker};

use super::*;
use crate::process;
use crate::tracked::Tracked;

/// What a scenario's events come to: the first failure, or none.
fn verdict(era: &Era, events: &[Event]) -> Option<String> {
    let mut is_open = false;
    let failures = report::on_purpose(|| {
        let ticket = Ticket::open("scenario", era);
        for event in events {
            ticket.note(*event);
        }
        is_open = LEDGER.shard(ticket.0).remove(&ticket.0).is_some();
    });
    let never = is_open.then(|| "it never ends".to_owned());
    failures.into_iter().next().or(never)
}

#[track_caller]
fn assert_noticed(expected: &str, events: &[Event]) {
    let verdict = verdict(&Era::new(), events);
    let noticed = verdict
        .as_ref()
        .is_some_and(|failure| failure.contains(expected));
    assert!(noticed, "{events:?}: {verdict:?}");
}

#[test]
fn the_ledger_lets_a_good_runtime_pass() {
    use Event::*;
    let _alone = process::alone();
    let before = tally();
    let good: [&[Event]; 7] = [
        &[
            Polled,
            Pended,
            Polled,
            Returned,
            FutureDropped,
            SawFinished,
            OutputDropped,
        ],
        &[
            HandleDropped,
            Polled,
            Returned,
            FutureDropped,
            OutputDropped,
        ],
        &[Polled, Unwound, FutureDropped, SawPanicked],
        &[AbortAsked, FutureDropped, SawCancelled],
        &[
            Polled,
            AbortAsked,
            Pended,
            FutureDropped,
            SawCancelled,
            AbortAsked,
        ],
        // The abort came too late.
        &[
            Polled,
            AbortAsked,
            Returned,
            FutureDropped,
            SawFinished,
            OutputDropped,
        ],
        // The output is lost to the panic of the future's destructor.
        &[
            Polled,
            Returned,
            FutureDestructorPanics,
            FutureDropped,
            OutputDropped,
            SawPanicked,
        ],
    ];
    for events in good {
        assert_eq!(verdict(&Era::new(), events), None, "{events:?}");
    }
    let era = Era::new();
    era.ends();
    assert_eq!(verdict(&era, &[FutureDropped, HandleDropped]), None);
    assert_eq!(era.open(), 0);
    let tally = tally().since(before);
    assert_eq!((tally.finished, tally.cancelled, tally.panicked), (3, 3, 2));
}

#[test]
fn the_ledger_notices_what_a_broken_runtime_does() {
    use Event::*;
    let _alone = process::alone();
    assert_noticed("it never ends", &[Polled, Pended, HandleDropped]);
    assert_noticed(
        "it never ends",
        &[Polled, Returned, FutureDropped, HandleDropped],
    );
    assert_noticed("polled by two threads", &[Polled, Polled]);
    assert_noticed("polled after its end", &[Polled, Returned, Polled]);
    assert_noticed("polled after its end", &[AbortAsked, FutureDropped, Polled]);
    assert_noticed(
        "dropped while it is polled",
        &[AbortAsked, Polled, FutureDropped],
    );
    assert_noticed("dropped for no reason", &[Polled, Pended, FutureDropped]);
    assert_noticed("same twice", &[AbortAsked, FutureDropped, FutureDropped]);
    assert_noticed(
        "after its end",
        &[AbortAsked, FutureDropped, SawCancelled, FutureDropped],
    );
    assert_noticed(
        "before the future is gone",
        &[Polled, Returned, SawFinished],
    );
    assert_noticed(
        "says finished",
        &[Polled, Unwound, FutureDropped, SawFinished],
    );
    assert_noticed("says finished", &[AbortAsked, FutureDropped, SawFinished]);
    assert_noticed(
        "says cancelled",
        &[AbortAsked, Polled, Returned, FutureDropped, SawCancelled],
    );
    assert_noticed(
        "says cancelled",
        &[Polled, Unwound, FutureDropped, SawCancelled],
    );
    assert_noticed("says panicked", &[AbortAsked, FutureDropped, SawPanicked]);
    let taken_twice = [
        Polled,
        Returned,
        FutureDropped,
        OutputDropped,
        OutputDropped,
    ];
    assert_noticed("same twice", &taken_twice);
    assert_noticed(
        "an output of no future",
        &[AbortAsked, FutureDropped, OutputDropped],
    );
}

#[test]
fn a_tracked_future_that_is_polled_after_its_end_is_noticed() {
    let _alone = process::alone();
    let ticket = Ticket::open("polled again", &Era::new());
    let ready = std::future::poll_fn(|_| Poll::Ready(None));
    let mut future = Box::pin(Tracked::new(ticket, ready));
    let mut cx = Context::from_waker(Waker::noop());
    let first = report::on_purpose(|| assert!(future.as_mut().poll(&mut cx).is_ready()));
    assert!(first.is_empty(), "{first:?}");
    let second = report::on_purpose(|| assert!(future.as_mut().poll(&mut cx).is_ready()));
    let noticed = second[0].contains("polled after its end") && second[0].contains("polled again");
    assert!(noticed, "{second:?}");
    let third = report::on_purpose(|| {
        LEDGER.shard(ticket.0).remove(&ticket.0);
        drop(future);
    });
    assert!(third[0].contains("after its end"), "{third:?}");
}
