//! The timer slack: what the threads of a runtime wait with, and that others keep their own.

use std::fs;
use std::time::Duration;

use mainspring::runtime::Builder;
use mainspring::time::sleep;

const MS: Duration = Duration::from_millis(1);

/// That of this thread, in nanoseconds.
fn slack() -> u64 {
    let thread = fs::read_link("/proc/thread-self").expect("/proc is there");
    let id = thread.file_name().expect("it has a number").to_owned();
    let text = fs::read_to_string(format!("/proc/{}/timerslack_ns", id.display()));
    let text = text.expect("a thread may read its own");
    text.trim().parse().expect("it is a number")
}

/// That of this thread after it has waited for a timer. A machine that stops the thread for as long as the
/// timer takes leaves it nothing to wait for: then it waits for another one.
async fn slack_after_a_sleep(expected: u64) -> u64 {
    for _ in 0..20 {
        sleep(2 * MS).await;
        if slack() == expected {
            break;
        }
    }
    slack()
}

#[test]
fn a_thread_in_block_on_gets_its_own_back() {
    let before = slack();
    assert!(before > 1);
    let runtime = Builder::new_current_thread().build().expect("descriptors");
    for _ in 0..2 {
        assert_eq!(runtime.block_on(slack_after_a_sleep(1)), 1);
        assert_eq!(slack(), before);
    }
}

#[test]
fn a_thread_that_waits_for_no_timer_keeps_its_own() {
    let before = slack();
    let runtime = Builder::new_current_thread().build().expect("descriptors");
    assert_eq!(runtime.block_on(async { slack() }), before);
}

#[test]
fn the_builder_says_how_much() {
    for (asked, expected) in [(Duration::ZERO, 1), (2 * MS, 2_000_000)] {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.timer_slack(asked).build().expect("descriptors");
        let found = runtime.block_on(slack_after_a_sleep(expected));
        assert_eq!(found, expected);
    }
}
