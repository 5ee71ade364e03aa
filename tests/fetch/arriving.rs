//! Downloads that succeed: what arrives, and under which name.

use std::fs;
use std::time::Duration;

use mainspring::time;

use crate::answer::Answer;
use crate::run::{self, Directory, command};
use crate::server::{Asked, Identity, Server};
use crate::{echo_server, fixed_server, noise};

#[test]
fn a_file_arrives_complete_and_is_reported() {
    let bytes = noise(3_000_000);
    let wanted = bytes.clone();
    let server = fixed_server(move || Answer::bytes(bytes.clone()).with(200, None));
    let directory = Directory::new();
    let url = server.url("/some/where/large.bin?version=2#part");
    let run = directory.fetch([&url]);
    run.expect(
        0,
        &[
            "ok      200",
            "3000000 bytes",
            "1 attempt ",
            &url,
            "1 downloaded, 0 failed",
        ],
    );
    assert_eq!(directory.names(), ["large.bin"]);
    assert!(directory.read("large.bin") == wanted, "the bytes differ");
    assert_eq!(
        run.errors, "",
        "nothing is drawn where there is no terminal"
    );
}

#[test]
fn a_body_in_chunks_arrives_complete() {
    let bytes = noise(700_000);
    let wanted = bytes.clone();
    let server = fixed_server(move || Answer::bytes(bytes.clone()).chunked().with(200, None));
    let directory = Directory::new();
    directory
        .fetch([server.url("/a")])
        .expect(0, &["700000 bytes"]);
    assert!(directory.read("a") == wanted, "the bytes differ");
}

#[test]
fn an_empty_file_is_a_file() {
    let server = fixed_server(|| Answer::text("").with(200, None));
    let directory = Directory::new();
    directory
        .fetch([server.url("/empty")])
        .expect(0, &[" 0 bytes"]);
    assert_eq!(directory.read("empty"), b"");
}

#[test]
fn the_directory_is_made_and_an_older_file_replaced() {
    let server = echo_server();
    let directory = Directory::new();
    let out = directory.path().join("new/nested");
    for path in ["/file?first", "/file?second"] {
        let mut command = command();
        command.arg("--out").arg(&out).arg(server.url(path));
        run::run(command, b"").expect(0, &[]);
        assert_eq!(fs::read_to_string(out.join("file")).unwrap(), path);
    }
}

#[test]
fn https_works_with_the_authority_given() {
    let identity = Identity::new("127.0.0.1");
    let server = Server::start_tls(&identity, "secret");
    let directory = Directory::new();
    let certificate = Directory::new();
    let pem = certificate.write("authority.pem", &identity.authority_pem);
    let url = server.https_url("/s");
    let run = directory.fetch([url.as_ref(), "--cacert".as_ref(), pem.as_os_str()]);
    run.expect(0, &["200", "6 bytes"]);
    assert_eq!(directory.read("s"), b"secret");
}

#[test]
fn redirects_are_followed() {
    let server = Server::start(|Asked { path, .. }| async move {
        match path.as_str() {
            "/old/a" => Answer::text("moved").with(301, Some(("location", "../b?x=1"))),
            "/b?x=1" => Answer::text("").with(307, Some(("location", "/c"))),
            _ => Answer::bytes(path).with(200, None),
        }
    });
    let directory = Directory::new();
    let run = directory.fetch([server.url("/old/a")]);
    run.expect(0, &["ok      200", "/old/a -> "]);
    assert_eq!(directory.read("a"), b"/c");
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_slow_server_that_keeps_sending_does_not_time_out() {
    let server = Server::start(|Asked { path, .. }| async move {
        // Each step takes less than the time-out, all together take more.
        time::sleep(Duration::from_millis(600)).await;
        match path.as_str() {
            "/1" => Answer::text("").with(302, Some(("location", "/2"))),
            "/2" => Answer::text("").with(302, Some(("location", "/3"))),
            _ => Answer::text("there").with(200, None),
        }
    });
    let directory = Directory::new();
    let run = directory.fetch([&server.url("/1"), "--timeout=1.5", "--retries=0"]);
    run.expect(0, &["5 bytes"]);
    assert!(run.elapsed >= Duration::from_millis(1800), "{run:#?}");
}

#[test]
fn connections_are_used_again() {
    let server = echo_server();
    let directory = Directory::new();
    let urls = (0..40).map(|number| server.url(&format!("/{number}")));
    directory
        .fetch(urls.chain(["--jobs=2".to_owned()]))
        .expect(0, &["40 downloaded"]);
    assert_eq!(server.requests(), 40);
    // A connection is kept before the next download begins, so two jobs never need a third.
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_connection_that_the_server_closed_is_not_used_again() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::start_raw(None, answer);
    let directory = Directory::new();
    let urls = (0..20).map(|number| server.url(&format!("/{number}")));
    let run = directory.fetch(urls.chain(["--jobs=1", "--retries=0"].map(str::to_owned)));
    run.expect(0, &["20 downloaded"]);
}

#[test]
fn files_of_the_same_name_do_not_overwrite_each_other() {
    let server = echo_server();
    let directory = Directory::new();
    let paths = [
        "/1/a.tar",
        "/2/a.tar",
        "/3/A.TAR",
        "/4/a-2.tar",
        "/",
        "/5/",
        "/6/.hidden",
    ];
    let run = directory.fetch(paths.map(|path| server.url(path)));
    run.expect(0, &["7 downloaded"]);
    let names = [
        "A-3.TAR",
        "a-2-2.tar",
        "a-2.tar",
        "a.tar",
        "hidden",
        "index-2.html",
        "index.html",
    ];
    assert_eq!(directory.names(), names);
    for (name, path) in [
        ("a.tar", paths[0]),
        ("a-2.tar", paths[1]),
        ("A-3.TAR", paths[2]),
    ] {
        assert_eq!(directory.read(name), path.as_bytes());
    }
}

#[test]
fn no_url_leads_out_of_the_directory() {
    let server = echo_server();
    let directory = Directory::new();
    let out = directory.path().join("inner");
    let long = format!("/{}", "n".repeat(400));
    let paths = [
        "/x/..%2F..%2Fescape",
        "/%2e%2e%5cup",
        "/a%00b%0ac",
        "/%FF%fe",
        "/50%",
        &long,
    ];
    let mut command = command();
    command
        .arg("--out")
        .arg(&out)
        .args(paths.map(|path| server.url(path)));
    run::run(command, b"").expect(0, &["6 downloaded"]);
    assert_eq!(directory.names(), ["inner"]);
    let files = fs::read_dir(&out).unwrap().count();
    assert_eq!(files, paths.len());
}
