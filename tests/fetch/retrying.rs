//! Failures that may pass: they are tried again, and leave no file if they do not pass.

use std::future::ready;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::run::Directory;
use crate::server::Server;
use crate::{fixed_server, noise};

#[test]
fn passing_failures_are_tried_again() {
    for status in [408, 429, 500, 503] {
        let server = Server::start(move |asked| async move {
            match asked.number {
                0 => Answer::text("wait").with(status, None),
                _ => Answer::text("now").with(200, None),
            }
        });
        let directory = Directory::new();
        directory
            .fetch([server.url("/x")])
            .expect(0, &["ok      200", "2 attempts"]);
        assert_eq!(directory.read("x"), b"now");
        assert_eq!(server.requests(), 2);
    }
}

#[test]
fn a_server_may_say_when_to_come_back() {
    let server = Server::start(|asked| async move {
        match asked.number {
            0 => Answer::text("").with(503, Some(("retry-after", "1"))),
            _ => Answer::text("now").with(200, None),
        }
    });
    let directory = Directory::new();
    let run = directory.fetch([server.url("/x")]);
    run.expect(0, &["2 attempts"]);
    assert!(run.elapsed >= Duration::from_secs(1), "{run:#?}");
}

#[test]
fn retries_are_limited_and_their_pauses_grow() {
    // Other work of the machine makes pauses longer, and so may hide that they grow; but not often.
    let mut seen = Vec::new();
    for _ in 0..4 {
        let pauses = pauses_before_retries();
        // The first is 200 ms, of which up to a half is left out; each next one is twice as long.
        for (pause, least) in pauses.iter().zip([100, 200, 400, 800]) {
            assert!(pause.as_millis() >= least, "{pauses:?}");
        }
        // Pauses of one length would be within a factor of two by that half.
        let grow = pauses[3] > pauses[0] * 2 && pauses[3] > pauses[1] * 2;
        seen.push(pauses);
        if grow {
            return;
        }
    }
    panic!("the pauses do not grow: {seen:?}");
}

/// The times between the requests of a download that is tried again four times.
fn pauses_before_retries() -> Vec<Duration> {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let arriving = Arc::clone(&arrivals);
    let server = Server::start(move |_| {
        arriving.lock().unwrap().push(Instant::now());
        ready(Answer::text("").with(503, None))
    });
    let directory = Directory::new();
    let run = directory.fetch([&server.url("/x"), "--retries", "4"]);
    run.expect(1, &["503 Service Unavailable (5 attempts,"]);
    assert_eq!(server.requests(), 5);
    let arrivals = arrivals.lock().unwrap();
    let pairs = arrivals.windows(2);
    pairs.map(|pair| pair[1].duration_since(pair[0])).collect()
}

#[test]
fn a_server_that_does_not_answer_times_out() {
    let server = Server::start(|asked| async move {
        match asked.number {
            0 => std::future::pending().await,
            _ => Answer::text("at last").with(200, None),
        }
    });
    let directory = Directory::new();
    let url = server.url("/x");
    let run = directory.fetch([&url, "--timeout=0.3", "--retries=0"]);
    run.expect(
        1,
        &["timed out after 0.3 s waiting for the answer (1 attempt,"],
    );
    assert!(run.elapsed >= Duration::from_millis(300), "{run:#?}");
    assert!(directory.names().is_empty());
    directory
        .fetch([&url, "--timeout=10"])
        .expect(0, &["7 bytes"]);
}

#[test]
fn a_body_that_stops_coming_times_out() {
    let server = fixed_server(|| Answer::text("beginning").silent(100).with(200, None));
    let directory = Directory::new();
    let run = directory.fetch([&server.url("/x"), "--timeout=0.3", "--retries=1"]);
    run.expect(
        1,
        &["timed out after 0.3 s in the middle of the file (2 attempts,"],
    );
    assert!(directory.names().is_empty());
}

#[test]
fn a_cut_body_is_tried_again() {
    let bytes = noise(1_000_000);
    let wanted = bytes.clone();
    let server = Server::start(move |asked| {
        let answer = match asked.number {
            0 => Answer::bytes(bytes[..600_000].to_vec()).cut(400_000),
            1 => Answer::bytes(bytes[..600_000].to_vec()).cut(0).chunked(),
            _ => Answer::bytes(bytes.clone()),
        };
        ready(answer.with(200, None))
    });
    let directory = Directory::new();
    directory
        .fetch([server.url("/x")])
        .expect(0, &["1000000 bytes", "3 attempts"]);
    assert!(directory.read("x") == wanted, "the bytes differ");
    assert_eq!(directory.names(), ["x"]);
}

#[test]
fn a_body_shorter_than_its_length_leaves_no_file() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nonly eleven";
    let server = Server::start_raw(None, answer);
    let directory = Directory::new();
    let run = directory.fetch([&server.url("/x"), "--retries=1"]);
    run.expect(1, &["cut off after 11 of 20 bytes (2 attempts,"]);
    assert!(directory.names().is_empty(), "{:?}", directory.names());
}

#[test]
fn chunks_without_an_end_leave_no_file() {
    let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let server = Server::start_raw(None, answer);
    let directory = Directory::new();
    let run = directory.fetch([&server.url("/x"), "--retries=0"]);
    run.expect(1, &["cut off after 5 bytes"]);
    assert!(directory.names().is_empty(), "{:?}", directory.names());
}

#[test]
fn a_connection_that_ends_before_the_answer_is_tried_again() {
    let server = Server::start_raw(None, b"");
    let directory = Directory::new();
    let run = directory.fetch([&server.url("/x"), "--retries=1"]);
    run.expect(1, &["the server did not answer", "(2 attempts,"]);
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_refused_connection_is_tried_again() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let directory = Directory::new();
    let run = directory.fetch([&format!("http://{free}/x"), "--retries=1"]);
    run.expect(
        1,
        &[
            &format!("cannot connect to {free}: "),
            "refused (2 attempts,",
        ],
    );
}
