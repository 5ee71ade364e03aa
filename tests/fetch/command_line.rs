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
    let run = run::run(command, list.as_bytes());
    run.expect(0, &["3 downloaded"]);
    assert_eq!(directory.names(), ["last", "one", "two"]);
    assert!(
        run.output.lines().nth(2).unwrap().contains("/last"),
        "{run:#?}"
    );
}

#[test]
fn a_line_that_is_not_text_spoils_itself_only() {
    let server = echo_server();
    let directory = Directory::new();
    let mut command = command();
    command.arg("--out").arg(directory.path()).arg("-");
    let mut list = format!("{}\n{}", server.url("/one"), server.url("/b")).into_bytes();
    list.extend(b"\xffd\n");
    list.extend(server.url("/two").bytes());
    let run = run::run(command, &list);
    run.expect(1, &["it is not UTF-8", "2 downloaded, 1 failed"]);
    assert_eq!(directory.names(), ["one", "two"]);
    let bad = run.output.lines().nth(1).unwrap();
    assert!(bad.starts_with("FAILED "), "{run:#?}");
    assert_eq!(server.requests(), 2);
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
        let run = run::run(command, b"");
        run.expect(2, &[]);
        assert!(run.errors.contains("error: "), "{arguments:?}: {run:#?}");
        assert_eq!(run.output, "", "{arguments:?}");
    }
    assert_eq!(server.requests(), 0);
    assert!(directory.names().is_empty());
}

#[test]
fn a_timeout_may_be_long_and_a_wrong_one_is_told_why() {
    let server = echo_server();
    let directory = Directory::new();
    directory
        .fetch([&server.url("/x"), "--timeout=1e18"])
        .expect(0, &["1 downloaded"]);
    for (timeout, reason) in [
        ("1e300", "it is longer than any time"),
        ("inf", "it is longer than any time"),
        ("0", "it must be more than 0"),
        ("nan", "it must be more than 0"),
        ("soon", "not a number"),
    ] {
        let run = directory.fetch([&server.url("/x"), "--timeout", timeout]);
        run.expect(2, &[]);
        assert!(run.errors.contains(reason), "{timeout}: {run:#?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_error_that_cannot_be_printed_is_told_by_the_exit_status() {
    let full = || {
        let mut options = std::fs::File::options();
        options.write(true).open("/dev/full").expect("Linux has it")
    };
    let mut command = command();
    command.args(["--cacert", "/does/not/exist.pem", "http://127.0.0.1/x"]);
    let status = command.stdout(full()).stderr(full()).status();
    assert_eq!(status.expect("the program starts").code(), Some(2));
}

/// The number in front of which `output` says `before`.
fn number_after(output: &str, before: &str) -> f64 {
    let (_, rest) = output
        .split_once(before)
        .unwrap_or_else(|| panic!("{before:?} is missing in {output}"));
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = &rest[..end.unwrap_or(rest.len())];
    number
        .parse()
        .unwrap_or_else(|_| panic!("no number after {before:?} in {output}"))
}

#[test]
fn without_a_url_it_demonstrates_itself() {
    let run = run::run(command(), b"");
    run.expect(
        0,
        &[
            "one after another:",
            "at the same time:",
            "503",
            "all bytes are right",
        ],
    );
    let number = |before| number_after(&run.output, before);
    let one_by_one = number("one after another:");
    let together = number("at the same time:");
    assert!(one_by_one >= 6.0, "{run:#?}");
    assert!((2.0..4.0).contains(&together), "{run:#?}");
    // Two hundred files, of which each tenth is refused at first, and each tenth cut off.
    assert_eq!(number("The server saw"), 240.0, "{run:#?}");
    assert_eq!(number("it refused"), 20.0, "{run:#?}");
    assert_eq!(number("and cut off"), 20.0, "{run:#?}");
    assert!((2.0..=16.0).contains(&number("at most")), "{run:#?}");
    let small = number("through 16 jobs:");
    assert!((1.5..number("would take")).contains(&small), "{run:#?}");
}
