//! What the command line asks for: jobs, standard input, bad usage, the demonstration.

use std::sync::Arc;
use std::time::Duration;

use mainspring::sync::{Semaphore, mpsc};

use crate::answer::Answer;
use crate::echo_server;
use crate::run::{self, Directory, command};
use crate::server::Server;

#[test]
fn no_more_jobs_run_at_once_than_asked_for() {
    // Each request reports itself and then waits until it is let go. So the third one to arrive
    // shows that three run at once, and a fourth would be seen if it came.
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let server_gate = Arc::clone(&gate);
    let server = Server::start(move |asked| {
        let (arrived, gate) = (arrived.clone(), Arc::clone(&server_gate));
        async move {
            // The watcher below stops listening when it has seen enough.
            drop(arrived.send(asked.path.clone()));
            gate.acquire()
                .await
                .expect("the gate is never closed")
                .forget();
            Answer::bytes(asked.path).with(200, None)
        }
    });
    let urls: Vec<_> = (0..12)
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let directory = Directory::new();
    let watcher = std::thread::spawn(move || {
        for _ in 0..3 {
            arrivals
                .blocking_recv()
                .expect("three requests arrive before any is answered");
        }
        std::thread::sleep(Duration::from_millis(300));
        let too_many = arrivals.try_recv().is_ok();
        gate.add_permits(12);
        too_many
    });
    let run = directory.fetch(["--jobs=3".to_owned()].into_iter().chain(urls));
    run.expect(0, &["12 downloaded"]);
    assert!(
        !watcher.join().unwrap(),
        "a fourth request came while three were running"
    );
}

#[test]
fn urls_are_read_from_standard_input() {
    let server = echo_server();
    let directory = Directory::new();
    let mut command = command();
    command
        .arg("--out")
        .arg(directory.path())
        .args(["-", &server.url("/last")]);
    let list = format!(
        "# a list\n{}\n\n  {}  \r\n",
        server.url("/one"),
        server.url("/two")
    );
    let run = run::run(command, &list);
    run.expect(0, &["3 downloaded"]);
    assert_eq!(directory.names(), ["last", "one", "two"]);
    assert!(
        run.output.lines().nth(2).unwrap().contains("/last"),
        "{run:#?}"
    );
}

#[test]
fn nothing_on_standard_input_is_nothing_to_do() {
    let directory = Directory::new();
    directory
        .fetch(["-"])
        .expect(0, &["0 downloaded, 0 failed"]);
    assert!(directory.names().is_empty());
}

#[test]
fn bad_usage_is_refused_before_anything_is_done() {
    let server = echo_server();
    let url = server.url("/x");
    let cases: [&[&str]; 8] = [
        &["--jobs", "0", &url],
        &["--jobs", "many", &url],
        &["--timeout", "0", &url],
        &["--timeout", "-1", &url],
        &["--retries", "-1", &url],
        &["--unknown", &url],
        &["--jobs", "3"],
        &["--cacert", "/does/not/exist.pem", &url],
    ];
    let directory = Directory::new();
    for arguments in cases {
        let mut command = command();
        command.current_dir(directory.path()).args(arguments);
        let run = run::run(command, "");
        run.expect(2, &[]);
        assert!(run.errors.contains("error: "), "{arguments:?}: {run:#?}");
        assert_eq!(run.output, "", "{arguments:?}");
    }
    assert_eq!(server.requests(), 0);
    assert!(directory.names().is_empty());
}

#[test]
fn without_a_url_it_demonstrates_itself() {
    let run = run::run(command(), "");
    run.expect(
        0,
        &[
            "one after another:",
            "at the same time:",
            "503",
            "all bytes are right",
        ],
    );
}
