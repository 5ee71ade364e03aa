//! The table of descriptors is large before there are threads that share it.

use mainspring::runtime::Builder;

use crate::process::{alone, limit_descriptors, status};
use crate::runtimes::{current_thread, multi_thread};

/// How large the table is once `builder` has built a runtime.
fn table_of(builder: &mut Builder) -> u64 {
    let runtime = builder.worker_threads(2).build().expect("a runtime");
    let size = status("FDSize:");
    drop(runtime);
    size
}

#[test]
fn it_grows_to_what_is_expected() {
    alone("table::it_grows_to_what_is_expected", || {
        assert!(status("FDSize:") < 2000, "it is large already");
        let size = table_of(Builder::new_multi_thread().expected_descriptors(2000));
        assert!((2000..4096).contains(&size), "{size}");
        let size = table_of(Builder::new_multi_thread().expected_descriptors(20_000));
        assert!(size >= 20_000, "{size}");
    });
}

#[test]
fn it_stays_as_it_is_if_that_is_asked_for() {
    alone("table::it_stays_as_it_is_if_that_is_asked_for", || {
        let before = status("FDSize:");
        let size = table_of(Builder::new_multi_thread().expected_descriptors(0));
        assert_eq!(size, before);
    });
}

#[test]
fn it_grows_no_further_than_the_limit() {
    alone("table::it_grows_no_further_than_the_limit", || {
        limit_descriptors(300);
        let size = table_of(Builder::new_multi_thread().expected_descriptors(100_000));
        assert!((300..=512).contains(&size), "{size}");
    });
}

#[test]
fn beside_other_threads_it_grows_on_request_only() {
    alone(
        "table::beside_other_threads_it_grows_on_request_only",
        || {
            // The harness's thread, and this one.
            assert!(status("Threads:") > 1);
            let before = status("FDSize:");
            assert_eq!(table_of(&mut Builder::new_multi_thread()), before);
        },
    );
}

#[test]
fn in_a_process_of_one_thread_it_grows_by_itself() {
    alone(
        "table::in_a_process_of_one_thread_it_grows_by_itself",
        || {
            for build in [|| multi_thread(2), current_thread] {
                let size = in_a_child(|| {
                    assert_eq!(status("Threads:"), 1);
                    let before = status("FDSize:");
                    let runtime = build();
                    let after = status("FDSize:");
                    drop(runtime);
                    assert!(before < after);
                    after
                });
                assert_eq!(size, 4096 / SCALE);
            }
        },
    );
}

/// The exit code of a process has eight bits.
const SCALE: u64 = 64;

/// Calls `body` in the child of a fork, which has one thread, and gives what it returned, scaled.
fn in_a_child(body: impl FnOnce() -> u64) -> u64 {
    // SAFETY: it concerns this process's memory and threads only, and the C library that these
    // tests run on lets the child allocate.
    match unsafe { libc::fork() } {
        0 => {
            let size = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(0);
            let code = i32::try_from(size / SCALE).unwrap_or(0);
            // SAFETY: it has no conditions.
            unsafe { libc::_exit(code) }
        }
        child => {
            let mut status = 0;
            // SAFETY: the pointer is to a local variable.
            let found = unsafe { libc::waitpid(child, &raw mut status, 0) };
            assert_eq!(found, child, "{}", std::io::Error::last_os_error());
            assert!(libc::WIFEXITED(status), "{status}");
            u64::try_from(libc::WEXITSTATUS(status)).expect("a code")
        }
    }
}
