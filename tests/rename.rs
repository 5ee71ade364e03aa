//! A program that was written for tokio runs on Mainspring after one line of its manifest has
//! changed: the crate in `tests/rename` is built, run and tested.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the program is.
fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rename")
}

/// A target folder beside the one that this test was built into.
fn target() -> PathBuf {
    let exe = env::current_exe().expect("this program has a path");
    // target/<profile>/deps/<program>
    let target = exe
        .ancestors()
        .nth(3)
        .expect("cargo put it three folders deep");
    target.join("rename")
}

fn cargo(subcommand: &str) -> Output {
    // The versions that the workspace uses are there; others might have to be fetched.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    if lock.exists() {
        fs::copy(lock, program().join("Cargo.lock")).expect("the folder can be written to");
    }
    let mut command = Command::new(env!("CARGO"));
    command
        .args([subcommand, "--quiet", "--offline", "--target-dir"])
        .arg(target());
    command
        .current_dir(program())
        .output()
        .expect("cargo is where it was when this was built")
}

/// Fails with what cargo said unless it succeeded.
#[track_caller]
fn assert_success(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{errors}",
        output.status
    );
    text
}

#[test]
fn a_program_for_tokio_runs_and_its_tests_pass() {
    let text = assert_success(&cargo("run"));
    let lines: Vec<_> = text.lines().collect();
    let expected = [
        "served 5",
        "summed 52",
        "in time true",
        "computed 55",
        "on MultiThread",
    ];
    assert_eq!(lines, expected);

    let text = assert_success(&cargo("test"));
    assert!(text.contains("2 passed"), "{text}");
}

#[test]
fn the_program_names_no_crate_but_tokio() {
    let source = fs::read_to_string(program().join("src/main.rs")).expect("it is there");
    assert!(
        !source.contains("mainspring"),
        "it would not be a program for tokio"
    );
    let manifest = fs::read_to_string(program().join("Cargo.toml")).expect("it is there");
    let renamed = manifest
        .lines()
        .filter(|line| line.contains("package = \"mainspring\""))
        .count();
    assert_eq!(renamed, 1);
}
