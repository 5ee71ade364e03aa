//! A runtime that ends while one of its blocking jobs blocks on something of the runtime's. The job
//! is waited for, so what it waits for must come, or fail.

use std::future::Future;
use std::io;
use std::sync::mpsc;
use std::thread;

use mainspring::io::AsyncReadExt;
use mainspring::net::UnixStream;
use mainspring::runtime::{Handle, Runtime};
use mainspring::task::LocalSet;
use mainspring::time::{Duration, sleep};

use super::{LIMIT, current_thread, multi_thread};
use crate::process::{self, Belongings};

/// How a runtime is ended.
type End = fn(Runtime);

/// How one is built.
type Build = fn() -> Runtime;

const ENDS: [(&str, End); 4] = [
    ("drop", |runtime| drop(runtime)),
    ("background", Runtime::shutdown_background),
    ("timeout", |runtime| runtime.shutdown_timeout(LIMIT)),
    ("grace", |runtime| {
        drop(runtime.shutdown(Duration::from_millis(5)))
    }),
];

/// Ends runtimes while a job blocks on what `wait` gives, which is still pending then. The job must
/// get to its end, and everything must be gone soon after.
fn end_during<F: Future<Output = ()> + 'static>(wait: fn() -> F) {
    end_while_a_job(Duration::ZERO, wait);
}

/// The same, with a job that begins to wait after so long.
fn end_while_a_job<F: Future<Output = ()> + 'static>(pause: Duration, wait: fn() -> F) {
    let _alone = process::alone();
    let flavours: [(&str, Build); 2] = [
        ("current thread", current_thread),
        ("two workers", || multi_thread(2)),
    ];
    for (flavour, build) in flavours {
        for (name, end) in ENDS {
            let before = Belongings::now();
            let runtime = build();
            let (began, begun) = mpsc::channel();
            let (finished, done) = mpsc::channel();
            let job = runtime.spawn_blocking(move || {
                began.send(()).expect("the test waits for it");
                thread::sleep(pause);
                Handle::current().block_on(wait());
                // Nobody listens if it took too long.
                let _ = finished.send(());
            });
            begun.recv().expect("the job begins");
            thread::sleep(Duration::from_millis(5));
            let (ended, over) = mpsc::channel();
            thread::spawn(move || {
                end(runtime);
                let _ = ended.send(());
            });
            let result = over.recv_timeout(LIMIT);
            assert!(result.is_ok(), "{flavour}, {name}: it does not end");
            let result = done.recv_timeout(LIMIT);
            assert!(result.is_ok(), "{flavour}, {name}: the job: {result:?}");
            drop(job);
            before.wait_until_back().expect("nothing is left");
        }
    }
}

#[test]
fn a_runtime_ends_while_its_job_waits_for_a_timer() {
    end_during(|| sleep(Duration::from_millis(50)));
}

#[test]
fn a_runtime_ends_while_its_job_waits_for_a_socket() {
    async fn read() -> io::Result<usize> {
        let (mut stream, _silent) = UnixStream::pair()?;
        stream.read(&mut [0; 8]).await
    }
    end_during(|| async {
        let result = read().await;
        assert!(result.is_err(), "nobody writes, and it read {result:?}");
    });
}

#[test]
fn a_runtime_ends_while_its_job_waits_for_a_task() {
    end_during(|| async {
        let result = mainspring::spawn(std::future::pending::<()>()).await;
        let error = result.expect_err("it never ends by itself");
        assert!(error.is_cancelled(), "{error:?}");
    });
}

#[test]
fn a_job_may_begin_to_wait_for_a_timer_when_its_runtime_has_ended() {
    end_while_a_job(Duration::from_millis(30), || {
        sleep(Duration::from_millis(5))
    });
}

#[test]
fn a_runtime_ends_while_its_job_s_local_tasks_wait_for_timers() {
    end_during(|| async {
        let set = LocalSet::new();
        let task = set.spawn_local(sleep(Duration::from_millis(50)));
        set.run_until(task).await.expect("its time comes");
    });
}
