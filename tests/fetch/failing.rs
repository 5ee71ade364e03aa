//! Failures that are final: each is told with its reason, and the other downloads go on.

use std::fs;

use crate::answer::Answer;
use crate::run::{self, Directory, command};
use crate::server::{Asked, Identity, Server};
use crate::{echo_server, fixed_server, noise};

#[test]
fn https_fails_without_the_authority() {
    let server = Server::start_tls(&Identity::new("127.0.0.1"), "secret");
    let directory = Directory::new();
    let run = directory.fetch([server.https_url("/s")]);
    run.expect(
        1,
        &[
            "authority that is not trusted (see --cacert)",
            "(1 attempt,",
        ],
    );
    assert!(directory.names().is_empty());
}

#[test]
fn https_fails_for_another_hosts_certificate() {
    let identity = Identity::new("elsewhere.example");
    let server = Server::start_tls(&identity, "secret");
    let directory = Directory::new();
    let pem = Directory::new();
    let file = pem.write("authority.pem", &identity.authority_pem);
    let url = server.https_url("/s");
    let run = directory.fetch([url.as_ref(), "--cacert".as_ref(), file.as_os_str()]);
    run.expect(1, &["its certificate is not valid", "(1 attempt,"]);
    assert!(directory.names().is_empty());
}

#[test]
fn a_body_over_tls_that_ends_without_notice_is_cut_off() {
    // It has no length, so only the notice could tell its end from an attack.
    let identity = Identity::new("127.0.0.1");
    let server = Server::start_raw(Some(&identity), b"HTTP/1.1 200 OK\r\n\r\nhalf of i");
    let directory = Directory::new();
    let pem = Directory::new();
    let file = pem.write("authority.pem", &identity.authority_pem);
    let url = server.https_url("/s");
    let retries = "--retries=0".as_ref();
    let run = directory.fetch([url.as_ref(), retries, "--cacert".as_ref(), file.as_os_str()]);
    run.expect(1, &["cut off after 9 bytes"]);
    assert!(directory.names().is_empty());
}

#[test]
fn ten_redirects_are_followed_and_no_more() {
    let server = Server::start(|Asked { path, .. }| async move {
        match path[1..].parse::<u32>().expect("the path is a number") {
            0 => Answer::text("here").with(200, None),
            more => Answer::text("").with(302, Some(("location", &format!("/{}", more - 1)))),
        }
    });
    let directory = Directory::new();
    directory.fetch([server.url("/10")]).expect(0, &["4 bytes"]);
    directory
        .fetch([server.url("/11")])
        .expect(1, &["more than 10", "(1 attempt,"]);
    assert_eq!(directory.names(), ["10"]);
}

#[test]
fn redirects_to_nowhere_fail_with_a_reason() {
    let server = Server::start(|Asked { path, .. }| async move {
        match path.as_str() {
            "/ftp" => Answer::text("").with(302, Some(("location", "ftp://x/y"))),
            "/bad" => Answer::text("").with(302, Some(("location", "http://["))),
            _ => Answer::text("").with(302, None),
        }
    });
    let directory = Directory::new();
    let run = directory.fetch([server.url("/ftp"), server.url("/bad"), server.url("/none")]);
    run.expect(
        1,
        &[
            "leads to ftp://x/y: only http",
            "leads to \"http://[\"",
            "does not say where",
        ],
    );
    assert!(directory.names().is_empty());
}

#[test]
fn a_missing_file_is_not_tried_again() {
    let server = fixed_server(|| Answer::text("no such page").with(404, None));
    let directory = Directory::new();
    let run = directory.fetch([server.url("/x")]);
    run.expect(
        1,
        &[
            "FAILED",
            "the server answered 404 Not Found (1 attempt,",
            "0 downloaded, 1 failed",
        ],
    );
    assert!(directory.names().is_empty());
    assert_eq!(server.requests(), 1);
}

#[test]
fn something_that_is_not_http_is_called_so() {
    let server = Server::start_raw(None, b"220 mail.example ESMTP\r\n");
    let directory = Directory::new();
    directory
        .fetch([server.url("/x")])
        .expect(1, &["does not speak HTTP", "(1 attempt,"]);
}

#[test]
fn failures_leave_the_others_alone() {
    let server = echo_server();
    let directory = Directory::new();
    // A directory has the name that the second file is to have.
    fs::create_dir(directory.path().join("taken")).unwrap();
    let run = directory.fetch([
        "no url",
        &server.url("/taken"),
        "mailto:somebody@example.com",
        "http://host.invalid/x",
        "http://user:secret@127.0.0.1/x",
        &server.url("/good"),
    ]);
    run.expect(
        1,
        &[
            "FAILED  no url: this is not a URL to download",
            "cannot write ",
            "mailto:somebody@example.com: this is not a URL to download: only http",
            "no address is known for the host host.invalid",
            "names and passwords in URLs are not supported",
            "/good -> ",
            "1 downloaded, 5 failed",
        ],
    );
    // In the order in which they were given.
    let lines: Vec<_> = run.output.lines().collect();
    assert!(
        lines[0].contains("no url") && lines[5].contains("/good"),
        "{run:#?}"
    );
    assert_eq!(directory.names(), ["good", "taken"]);
    assert_eq!(directory.read("good"), b"/good");
}

#[test]
fn a_directory_that_cannot_be_made_fails_with_a_reason() {
    let server = echo_server();
    let directory = Directory::new();
    let file = directory.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let mut command = command();
    command
        .arg("--out")
        .arg(file.join("below"))
        .args([server.url("/a"), server.url("/b")]);
    let run = run::run(command, b"");
    run.expect(1, &["cannot write ", "0 downloaded, 2 failed"]);
    assert_eq!(directory.names(), ["file"]);
}

#[test]
fn an_older_file_survives_a_download_that_fails() {
    let bytes = noise(600_000);
    let server = fixed_server(move || Answer::bytes(bytes.clone()).cut(400_000).with(200, None));
    let directory = Directory::new();
    directory.write("x", "the old one");
    let run = directory.fetch([&server.url("/x"), "--retries=1"]);
    run.expect(1, &["cut off after ", "of 1000000 bytes (2 attempts,"]);
    assert_eq!(directory.names(), ["x"]);
    assert_eq!(directory.read("x"), b"the old one");
}

#[test]
#[cfg(unix)]
fn a_write_that_fails_in_the_middle_leaves_no_part_of_the_file() {
    use std::os::unix::process::CommandExt;

    /// Lets the process write no file longer than this, and fail at it instead of being killed.
    fn limit_files() -> std::io::Result<()> {
        let limit = libc::rlimit {
            rlim_cur: 600_000,
            rlim_max: 600_000,
        };
        // SAFETY: the structure is initialised and outlives the call.
        if unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: to ignore a signal installs no handler.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        Ok(())
    }

    let bytes = noise(1_000_000);
    let server = fixed_server(move || Answer::bytes(bytes.clone()).with(200, None));
    let directory = Directory::new();
    directory.write("older", "stays");
    let mut command = command();
    command.arg("--out").arg(directory.path());
    command.args([server.url("/x"), server.url("/older")]);
    // SAFETY: between fork and exec the function makes two system calls, and allocates nothing.
    unsafe { command.pre_exec(limit_files) };
    let run = run::run(command, b"");
    run.expect(
        1,
        &["cannot write ", "(1 attempt,", "0 downloaded, 2 failed"],
    );
    assert_eq!(directory.names(), ["older"]);
    assert_eq!(directory.read("older"), b"stays");
}
