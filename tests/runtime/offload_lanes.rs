//! Kinds of work that cannot take one another's threads.

use std::env;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use mainspring::net::lookup_host;
use mainspring::runtime::{Builder, Runtime};
use mainspring::task::{offload, spawn_blocking};
use mainspring_executor::{Reserved, run_reserved};

use crate::bounded::bounded;
use crate::each::on_each_runtime;
use crate::runtimes::{current_thread, multi_thread};

/// Times that depend on the machine get so many attempts.
const ATTEMPTS: usize = 5;

/// How much longer a file may take because of what else goes on.
const MORE: Duration = Duration::from_millis(20);

/// What jobs are stuck at until it is opened.
#[derive(Clone, Default)]
struct Dam(Arc<(Mutex<bool>, Condvar)>);

impl Dam {
    fn hold(&self) {
        let (open, changed) = &*self.0;
        let mut is_open = open.lock().expect("nobody panics");
        while !*is_open {
            is_open = changed.wait(is_open).expect("nobody panics");
        }
    }

    fn open(&self) {
        let (open, changed) = &*self.0;
        *open.lock().expect("nobody panics") = true;
        changed.notify_all();
    }
}

/// The longest of some readings of a file.
async fn longest_read() -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        let text = mainspring::fs::read("Cargo.toml").await;
        longest = longest.max(begun.elapsed());
        assert!(!text.expect("it is there").is_empty());
    }
    longest
}

/// Asserts that files are read as fast as `alone` while others are stuck.
async fn assert_unhindered(alone: Duration) {
    let mut times = Vec::new();
    for _ in 0..ATTEMPTS {
        let beside = longest_read().await;
        if beside <= alone + MORE {
            return;
        }
        times.push(beside);
    }
    panic!("files take {times:?}, alone {alone:?}");
}

#[test]
fn a_thousand_stuck_look_ups_do_not_hold_up_files() {
    on_each_runtime(|runtime| {
        let metrics = runtime.metrics();
        runtime.block_on(async {
            let alone = longest_read().await;
            let dam = Dam::default();
            let stuck: Vec<_> = (0..1_000)
                .map(|_| {
                    let dam = dam.clone();
                    run_reserved(Reserved::Lookups, move || dam.hold())
                })
                .collect();
            assert_unhindered(alone).await;
            assert!(metrics.num_blocking_threads() < 40, "{metrics:?}");
            assert!(metrics.blocking_queue_depth() > 900);
            // The user's jobs are not held up either.
            spawn_blocking(|| ()).await.expect("the job ends");
            offload(|_| ()).await.expect("the job ends");
            dam.open();
            for job in stuck {
                job.await.expect("the job ends");
            }
        });
    });
}

#[test]
fn the_user_s_jobs_hold_up_neither_files_nor_look_ups() {
    bounded("all threads taken", || {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            builder.worker_threads(1).max_blocking_threads(2);
            let runtime = builder.build().expect("the system has threads");
            runtime.block_on(async {
                let alone = longest_read().await;
                let dam = Dam::default();
                let mut stuck = Vec::new();
                for _ in 0..100 {
                    let (one, other) = (dam.clone(), dam.clone());
                    stuck.push(spawn_blocking(move || one.hold()));
                    stuck.push(offload(move |_| other.hold()));
                }
                assert_unhindered(alone).await;
                let found = lookup_host("localhost:80").await.expect("it is known");
                assert!(found.count() > 0);
                dam.open();
                for job in stuck {
                    job.await.expect("the job ends");
                }
            });
        }
    });
}

#[test]
fn stuck_files_hold_up_no_look_up() {
    on_each_runtime(|runtime| {
        runtime.block_on(async {
            let dam = Dam::default();
            let stuck: Vec<_> = (0..1_000)
                .map(|_| {
                    let dam = dam.clone();
                    run_reserved(Reserved::Files, move || dam.hold())
                })
                .collect();
            let found = lookup_host("localhost:80").await.expect("it is known");
            assert!(found.count() > 0);
            // Dropped, those that are queued are not run.
            drop(stuck);
            dam.open();
            assert!(longest_read().await > Duration::ZERO);
        });
    });
}

/// Once in a child process's environment, the test is that child.
const CHILD: &str = "MAINSPRING_TEST_SILENT_RESOLVER";

/// Where nobody answers.
const SILENT: &str = "127.53.53.53";

/// With a name server that never answers, for real. The server's address is written into the file
/// that the resolver reads, in a mount namespace of a child process, which only root can make.
#[cfg(target_os = "linux")]
#[test]
fn a_name_server_that_does_not_answer_holds_up_no_file() {
    if env::var_os(CHILD).is_some() {
        for runtime in [current_thread(), multi_thread(2)] {
            beside_a_silent_name_server(&runtime);
            runtime.shutdown_background();
        }
        println!("beside a silent name server");
        // Its threads are stuck for a while yet.
        std::process::exit(0);
    }
    let name = "offload_lanes::a_name_server_that_does_not_answer_holds_up_no_file";
    let folder = env::temp_dir().join(format!("mainspring-resolver-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is room");
    let config = folder.join("resolv.conf");
    let text = format!("nameserver {SILENT}\noptions timeout:25 attempts:1\n");
    std::fs::write(&config, text).expect("there is room");
    let mut child = Command::new("unshare");
    let script = r#"mount --bind "$0" /etc/resolv.conf || exit 77; exec "$@""#;
    child.args(["--mount", "sh", "-c", script]).arg(&config);
    child.arg(env::current_exe().expect("it has a path"));
    child.args(["--exact", "--nocapture", "--test-threads=1", name]);
    let output = child.env(CHILD, "1").output();
    std::fs::remove_dir_all(&folder).expect("it is ours");
    let skipped = match output {
        Err(error) => Some(format!("no `unshare`: {error}")),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            let no_namespace = output.status.code() == Some(77)
                || complaint.contains("unshare failed")
                || said.contains("no port 53");
            if !no_namespace {
                let ran = said.contains("beside a silent name server");
                assert!(output.status.success() && ran, "{said}{complaint}");
            }
            no_namespace.then_some(complaint)
        }
    };
    if let Some(why) = skipped {
        println!("not tested: it takes root, and mounts ({})", why.trim());
    }
}

/// In the child.
fn beside_a_silent_name_server(runtime: &Runtime) {
    const LOOKUPS: usize = 1_000;
    let silent = match UdpSocket::bind((SILENT, 53)) {
        Ok(socket) => socket,
        Err(error) => {
            println!("no port 53: {error}");
            std::process::exit(1);
        }
    };
    runtime.block_on(async {
        let alone = longest_read().await;
        let stuck: Vec<_> = (0..LOOKUPS)
            .map(|n| {
                mainspring::spawn(async move {
                    let name = format!("host-{n}.example.com:80");
                    lookup_host(name).await.map(Iterator::count)
                })
            })
            .collect();
        // The first questions have arrived, so their threads wait for the answers.
        let asked = spawn_blocking(move || {
            let limit = Some(Duration::from_secs(10));
            silent.set_read_timeout(limit).expect("it is no zero");
            let mut question = [0; 512];
            for _ in 0..8 {
                silent.recv(&mut question).expect("somebody asks");
            }
            silent
        });
        let silent = asked.await.expect("the job ends");
        assert_unhindered(alone).await;
        assert!(stuck.iter().all(|look_up| !look_up.is_finished()));
        drop(silent);
    });
}
