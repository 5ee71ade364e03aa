//! What goes to standard error, seen from outside the process.

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use mainspring::runtime::{Builder, PanicAction, Runtime};
use mainspring::sync::oneshot;
use mainspring::task::{self, JoinSet, yield_now};

use crate::bounded::bounded;

/// Says in the child what it is to do: a flavour and a scene.
const SCENE: &str = "MAINSPRING_PANIC_SCENE";

/// Its number is the same on all Unix systems.
const SIGABRT: i32 = 6;

/// What the child runs; does nothing in the tests' own process.
#[test]
fn the_child() {
    let Ok(scene) = env::var(SCENE) else {
        return;
    };
    let (flavour, scene) = scene.split_once(' ').expect("a flavour and a scene");
    let mut builder = match flavour {
        "current" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(2);
    match scene {
        "abort" => drop(builder.on_task_panic(|_| PanicAction::Abort)),
        "ignore" => drop(builder.on_task_panic(|_| PanicAction::Ignore)),
        "hook panics" => drop(builder.on_task_panic(|_| panic!("the hook"))),
        "shut down" => drop(builder.on_task_panic(|_| PanicAction::ShutdownRuntime)),
        _ => {}
    }
    play(scene, &builder.build().expect("the system has threads"));
}

fn play(scene: &str, runtime: &Runtime) {
    let detached = async {
        let (running, has_ended) = oneshot::channel::<()>();
        let task = task::Builder::new().name("a \"b\"\nc");
        drop(task.spawn(async move {
            let _running = running;
            panic!("it\n  went wrong\n")
        }));
        // Its unwinding drops the sender.
        has_ended.await.expect_err("nothing is sent");
    };
    match scene {
        "unread" => runtime.block_on(async {
            let task = mainspring::spawn(async { panic!("nobody read this") });
            while !task.is_finished() {
                yield_now().await;
            }
            eprintln!("handle held");
        }),
        "awaited" => runtime.block_on(async {
            assert!(
                mainspring::spawn(async { panic!("somebody") })
                    .await
                    .is_err()
            );
            let mut set = JoinSet::new();
            set.spawn(async { panic!("somebody") });
            set.shutdown().await;
            drop(mainspring::spawn(async {}));
            let aborted = mainspring::spawn(std::future::pending::<()>());
            aborted.abort();
            drop(aborted);
        }),
        "odd payload" => runtime.block_on(async {
            let (running, has_ended) = oneshot::channel::<()>();
            drop(mainspring::spawn(async move {
                let _running = running;
                std::panic::panic_any(3)
            }));
            // One after the other: the standard library's hook writes its lines in pieces.
            has_ended.await.expect_err("nothing is sent");
            let (begun, has_begun) = oneshot::channel();
            let job = task::spawn_blocking(move || {
                begun.send(()).expect("it is waited for");
                panic!("a job")
            });
            // If the runtime ended before, it would not run.
            has_begun.await.expect("it begins");
            drop(job);
        }),
        "shut down" => {
            drop(runtime.spawn(async { panic!("half of it is gone") }));
            let ended = std::panic::catch_unwind(|| runtime.block_on(std::future::pending::<()>()));
            assert!(ended.is_err());
        }
        _ => runtime.block_on(detached),
    }
}

/// Runs a scene on both flavours and gives what standard error got of our lines, and all.
fn outputs(scene: &'static str) -> Vec<(Vec<String>, Output)> {
    let run = move |flavour: &str| {
        let output = Command::new(env::current_exe().expect("this program has a path"))
            .args(["--exact", "task_panics::children::the_child", "--nocapture"])
            .env(SCENE, format!("{flavour} {scene}"))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .output()
            .expect("it runs, as it does now");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        // What another thread's panic has begun to write may stand before one of them.
        let lines = errors
            .lines()
            .filter_map(|line| line.find("mainspring: ").map(|begin| &line[begin..]));
        (lines.map(str::to_owned).collect(), output)
    };
    bounded(scene, move || ["current", "multi"].map(run).into())
}

/// Whether the line begins and ends thus; between are numbers.
#[track_caller]
fn assert_line(line: &str, begin: &str, name: &str, end: &str) {
    let place = format!("{name} (spawned at {}:", file!());
    assert!(line.starts_with(begin) && line.contains(&place), "{line}");
    assert!(line.ends_with(end), "{line}");
}

#[test]
fn a_panic_that_nobody_awaits_is_one_line_with_name_and_place() {
    for scene in ["plain", "hook panics"] {
        for (lines, output) in outputs(scene) {
            assert!(output.status.success(), "{output:?}");
            let [line] = &lines[..] else {
                panic!("{scene}: one line, not {lines:?}")
            };
            let end = ") panicked and nobody awaits it: it went wrong";
            assert_line(line, "mainspring: task ", " \"a \\\"b\\\"\\nc\"", end);
        }
    }
}

#[test]
fn a_panic_that_is_dropped_unread_is_a_line_when_it_is_dropped() {
    for (lines, output) in outputs("unread") {
        assert!(output.status.success(), "{output:?}");
        let [line] = &lines[..] else {
            panic!("one line, not {lines:?}")
        };
        let end = ") panicked and nobody awaits it: nobody read this";
        assert_line(line, "mainspring: task ", "", end);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.find("handle held") < errors.find(line), "{errors}");
    }
}

#[test]
fn panics_that_are_seen_or_ignored_are_no_line() {
    for scene in ["awaited", "ignore"] {
        for (lines, output) in outputs(scene) {
            assert!(output.status.success(), "{output:?}");
            assert!(lines.is_empty(), "{scene}: {lines:?}");
        }
    }
}

#[test]
fn payloads_without_text_and_jobs_have_a_line_as_well() {
    for (mut lines, output) in outputs("odd payload") {
        assert!(output.status.success(), "{output:?}");
        lines.sort_by_key(|line| line.ends_with("a job"));
        let [odd, job] = &lines[..] else {
            panic!("two lines, not {lines:?}")
        };
        let end = "nobody awaits it: (with a payload that is not text)";
        assert_line(odd, "mainspring: task ", "", end);
        assert_line(job, "mainspring: task ", "", "nobody awaits it: a job");
    }
}

#[test]
fn the_end_of_the_runtime_by_a_panic_is_one_line() {
    for (lines, output) in outputs("shut down") {
        assert!(output.status.success(), "{output:?}");
        let [line] = &lines[..] else {
            panic!("one line, not {lines:?}")
        };
        let end = ") panicked: half of it is gone; this shuts its runtime down";
        assert_line(line, "mainspring: task ", "", end);
    }
}

#[test]
fn abort_ends_the_process_after_one_line() {
    for (lines, output) in outputs("abort") {
        assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
        let [line] = &lines[..] else {
            panic!("one line, not {lines:?}")
        };
        let end = ") panicked: it went wrong; this aborts the process";
        assert_line(line, "mainspring: task ", " \"a \\\"b\\\"\\nc\"", end);
    }
}
