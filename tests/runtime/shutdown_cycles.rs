//! A thousand runtimes are built and ended, each with work in flight: afterwards no thread, no
//! descriptor and no future is left.

use std::env;
use std::fs;
use std::future::pending;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mainspring::io::AsyncReadExt;
use mainspring::net::UnixStream;
use mainspring::runtime::Runtime;
use mainspring::task::{spawn_blocking, yield_now};
use mainspring::time::sleep;

use crate::bounded::{LIMIT, bounded};
use crate::counted::Drops;
use crate::runtimes::{current_thread, multi_thread};

const CYCLES: usize = 1_000;

/// Says in the child which runtimes it is to build. Threads and descriptors are the process's: they
/// can only be counted where no other test runs.
const FLAVOUR: &str = "MAINSPRING_CYCLES";

/// Futures and closures that each runtime is given.
const TOKENS: usize = 6;

/// Of the 125 reports. One of the tasks is always in a poll: if the system stops its thread for longer
/// than the last polls have, it is stuck.
const FEW: usize = 5;

/// Gives a runtime something to wait for, to run, and to read.
fn busy(runtime: &Runtime, drops: &Drops) {
    let tokens: [_; TOKENS] = std::array::from_fn(|_| drops.token());
    let [waiting, sleeping, reading, running, spawning, job] = tokens;
    runtime.spawn(async move {
        let _token = waiting;
        pending::<()>().await;
    });
    runtime.spawn(async move {
        let _token = sleeping;
        sleep(Duration::from_secs(3600)).await;
    });
    runtime.spawn(async move {
        let _token = reading;
        let (mut near, far) = UnixStream::pair()?;
        near.read_u8().await?;
        drop(far);
        std::io::Result::Ok(())
    });
    runtime.spawn(async move {
        let _token = running;
        loop {
            yield_now().await;
        }
    });
    runtime.spawn(async move {
        drop(spawn_blocking(move || drop(spawning)).await);
        pending::<()>().await;
    });
    runtime.spawn_blocking(move || drop(job));
}

/// Ends a runtime in one of many ways. Notes the report if something was stuck.
fn end(runtime: Runtime, way: usize, stuck: &mut Vec<String>) {
    match way % 8 {
        0 => drop(runtime),
        1 => runtime.shutdown_timeout(Duration::from_secs(10)),
        2 => runtime.shutdown_background(),
        3 => {
            let report = runtime.shutdown(Duration::ZERO);
            stuck.extend((!report.stuck.is_empty()).then(|| report.to_string()));
        }
        4 => current_thread().block_on(async move { drop(runtime) }),
        5 => {
            let handle = runtime.handle().clone();
            handle.spawn(async move { drop(runtime) });
            handle.block_on(yield_now());
            current_thread().block_on(handle.shutdown(Duration::ZERO));
        }
        6 => drop(thread::spawn(move || drop(runtime)).join()),
        _ => runtime.block_on(async {
            let handle = mainspring::runtime::Handle::current();
            handle.shutdown(Duration::ZERO).await;
        }),
    }
}

/// How many entries a folder of `/proc/self` has.
fn count_of(folder: &str) -> usize {
    let entries = fs::read_dir(format!("/proc/self/{folder}")).expect("it is there");
    entries.count()
}

/// What the child runs; does nothing in the tests' own process.
#[test]
fn the_child() {
    let Ok(flavour) = env::var(FLAVOUR) else {
        return;
    };
    let build = || match flavour.as_str() {
        "current" => current_thread(),
        "one" => multi_thread(1),
        _ => multi_thread(2),
    };
    // A thread that has ended is listed for a moment longer, so this comes before the first.
    let threads = count_of("task");
    // There may be what the process makes once and keeps.
    drop(build());
    let descriptors = count_of("fd");
    let drops = Drops::new();
    let mut stuck = Vec::new();
    for cycle in 0..CYCLES {
        let runtime = build();
        busy(&runtime, &drops);
        if cycle % 3 == 0 {
            runtime.block_on(yield_now());
        }
        end(runtime, cycle, &mut stuck);
    }
    assert!(stuck.len() <= FEW, "{stuck:#?}");
    let started = Instant::now();
    loop {
        let dropped = drops.count();
        let (threads_now, descriptors_now) = (count_of("task"), count_of("fd"));
        let is_clean = threads_now <= threads && descriptors_now <= descriptors;
        if dropped == CYCLES * TOKENS && is_clean {
            return;
        }
        assert!(
            started.elapsed() < LIMIT / 2,
            "{dropped} of {} dropped; {threads} threads before, {threads_now} now; {descriptors} \
             descriptors before, {descriptors_now} now",
            CYCLES * TOKENS
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs the child with one flavour.
fn cycle(flavour: &'static str) {
    bounded("a thousand cycles", move || {
        let child = Command::new(env::current_exe().expect("it has a path"))
            .args(["--exact", "shutdown_cycles::the_child", "--nocapture"])
            .env(FLAVOUR, flavour)
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&child.stderr).into_owned();
        assert!(child.status.success(), "{:?}: {said}", child.status);
    });
}

#[test]
fn a_thousand_current_thread_runtimes_leave_nothing() {
    cycle("current");
}

#[test]
fn a_thousand_runtimes_of_one_worker_leave_nothing() {
    cycle("one");
}

#[test]
fn a_thousand_runtimes_of_two_workers_leave_nothing() {
    cycle("two");
}
