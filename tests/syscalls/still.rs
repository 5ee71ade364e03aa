//! Timers that are armed by workers wake nobody, and an idle runtime does nothing at all.

use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use mainspring::time::sleep;

use crate::attempts::within;
use crate::bounded::bounded;
use crate::trace::{self, BUSY_FLAVOURS, FLAVOURS, Trace, Traced};

const HOUR: Duration = Duration::from_secs(3600);

/// Lets the workers go to sleep, one of them in the driver, before the part that counts.
const SETTLE: Duration = Duration::from_millis(100);

fn trace_of(name: &'static str, flavour: &'static str) -> Trace {
    bounded(name, move || {
        let trace = Traced::start(name, flavour).finish();
        println!("{flavour}: {:?}", trace.summary());
        trace
    })
}

#[test]
fn under_strace_timers_are_armed() {
    // If arming takes as long as a stuck poll, a monitor tells the thread in the driver.
    let Some(runtime) = trace::flavour_without_monitor() else {
        return;
    };
    // Both workers sleep by now, one of them in the driver. It is the other one that is woken.
    thread::sleep(SETTLE);
    let (sender, receiver) = mpsc::channel();
    let armed = runtime.spawn(async move {
        let mut timers: Vec<_> = (0..1_000)
            .map(|n| Box::pin(sleep(HOUR - n * SETTLE)))
            .collect();
        let mut cx = Context::from_waker(Waker::noop());
        // With its first timer a worker's wheel gets its memory.
        let mut first = Box::pin(sleep(HOUR));
        assert!(first.as_mut().poll(&mut cx).is_pending());
        trace::begin();
        for timer in &mut timers {
            assert!(timer.as_mut().poll(&mut cx).is_pending());
        }
        trace::end();
        sender.send(()).expect("it is waited for");
    });
    if runtime.metrics().num_workers() > 1 {
        // Not by `block_on`, which would make this thread a worker, too.
        receiver.recv().expect("no panic");
    } else {
        runtime.block_on(armed).expect("no panic");
    }
}

#[test]
fn arming_timers_on_a_worker_makes_no_system_call() {
    if !trace::is_possible() {
        return;
    }
    for flavour in FLAVOURS {
        let trace = trace_of("still::under_strace_timers_are_armed", flavour);
        assert_eq!(trace.total_of_marker(), 0, "{flavour}: {:#?}", trace.lines);
        // Nor does it make another thread do so.
        let bells = ["write", "writev", "sendto", "sendmsg"];
        assert_eq!(trace.count(&bells), 0, "{flavour}: {:#?}", trace.lines);
        assert_eq!(
            trace.count(&["timerfd_settime", "epoll_ctl"]),
            0,
            "{:#?}",
            trace.lines
        );
    }
}

#[test]
fn under_strace_nothing_happens() {
    let Some(runtime) = trace::flavour() else {
        return;
    };
    let handle = runtime.handle().clone();
    // The thread that makes the marks is no thread of the runtime.
    let watching = thread::spawn(move || {
        let timer = handle.spawn(async { sleep(HOUR).await });
        thread::sleep(5 * SETTLE);
        trace::begin();
        thread::sleep(Duration::from_secs(1));
        trace::end();
        assert!(!timer.is_finished());
        timer.abort();
        timer
    });
    let (sender, receiver) = mainspring::sync::oneshot::channel();
    let joining = thread::spawn(move || sender.send(watching.join()));
    runtime.block_on(async {
        let timer = receiver.await.expect("it is sent").expect("no panic");
        assert!(timer.await.expect_err("it was aborted").is_cancelled());
    });
    assert!(joining.join().expect("no panic").is_ok());
}

#[test]
fn an_idle_runtime_with_a_timer_an_hour_out_makes_no_system_call() {
    if !trace::is_possible() {
        return;
    }
    for flavour in FLAVOURS.into_iter().chain(BUSY_FLAVOURS) {
        let measure = move || {
            let trace = trace_of("still::under_strace_nothing_happens", flavour);
            let sleeps = trace.count(&["clock_nanosleep", "nanosleep"]);
            (flavour, sleeps, trace.total(), trace.lines)
        };
        // The watching thread's own sleep is the one call. On a busy machine a thread of the runtime
        // may not have gone to sleep yet when it begins.
        within(measure, |(_, sleeps, total, _)| (*sleeps, *total) == (1, 1));
    }
}
