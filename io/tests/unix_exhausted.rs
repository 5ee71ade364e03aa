//! Accepting when the process has no file descriptor left.
//!
//! The limit is one of the whole process, so each test runs in a child of its own.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::os::unix::net::UnixStream as Blocking;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mainspring_io::net::{UnixListener, UnixStream};

mod support;
use support::block_on;

/// Set in the child.
const CHILD: &str = "MAINSPRING_TEST_EXHAUSTED";

/// Runs `body` in a child that runs the test `name` and nothing else.
fn in_child(name: &str, body: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if std::env::var_os(CHILD).is_some() {
        // SAFETY: `alarm` has no precondition. Its signal ends the child if it hangs or spins.
        unsafe { libc::alarm(60) };
        return body();
    }
    let output = Command::new(std::env::current_exe()?)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} in the child: {log}");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        report.contains("1 passed"),
        "the child ran another test: {report}"
    );
    Ok(())
}

/// A listener with one client in its backlog, and everything that used up the descriptors.
struct Scene {
    listener: UnixListener,
    _client: Blocking,
    _files: Vec<File>,
    /// A socket of this runtime, for its descriptor.
    spare: UnixStream,
}

fn scene() -> io::Result<Scene> {
    let path = format!("\0mainspring-exhausted-{}", std::process::id());
    let listener = UnixListener::bind(&path)?;
    let client = UnixStream::connect(&path);
    let mut client = pin!(client);
    let Poll::Ready(client) = client
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("a Unix connection is made at once");
    };
    let (spare, _) = UnixStream::pair()?;
    let limit = libc::rlimit {
        rlim_cur: 64,
        rlim_max: 64,
    };
    // SAFETY: `limit` is a valid limit that outlives the call.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    let mut files = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => files.push(file),
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(Scene {
        listener,
        _client: client?.into_std()?,
        _files: files,
        spare,
    })
}

/// Polls `accept` for a while without a descriptor to be had, then gives one back by closing
/// `spare`.
async fn accepted_after_a_close<T>(
    spare: UnixStream,
    mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> io::Result<T> {
    let mut spare = Some(spare);
    let mut polls = 0;
    let is_over = Arc::new(AtomicBool::new(false));
    poll_fn(|cx| {
        if polls == 0 {
            let (is_over, waker) = (is_over.clone(), cx.waker().clone());
            // Long enough for the driver to report the client and the listener to try in vain.
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(200));
                is_over.store(true, Ordering::Release);
                waker.wake();
            });
        }
        polls += 1;
        assert!(polls < 20, "it spins");
        let was_over = is_over.load(Ordering::Acquire);
        let result = accept(cx);
        assert!(
            result.is_pending() || spare.is_none(),
            "there was no descriptor to accept with"
        );
        if was_over {
            drop(spare.take());
        }
        result
    })
    .await
}

#[test]
fn an_accept_without_descriptors_waits_for_a_close() -> io::Result<()> {
    in_child("an_accept_without_descriptors_waits_for_a_close", || {
        block_on(async {
            let Scene {
                listener,
                spare,
                _client,
                _files,
            } = scene()?;
            let mut accepting = pin!(listener.accept());
            let accept = |cx: &mut Context<'_>| accepting.as_mut().poll(cx);
            let (_stream, addr) = accepted_after_a_close(spare, accept).await?;
            assert!(addr.is_unnamed());
            Ok(())
        })
    })
}

#[test]
fn a_poll_to_accept_without_descriptors_waits_for_a_close() -> io::Result<()> {
    in_child(
        "a_poll_to_accept_without_descriptors_waits_for_a_close",
        || {
            block_on(async {
                let Scene {
                    listener,
                    spare,
                    _client,
                    _files,
                } = scene()?;
                accepted_after_a_close(spare, |cx| listener.poll_accept(cx)).await?;
                Ok(())
            })
        },
    )
}
