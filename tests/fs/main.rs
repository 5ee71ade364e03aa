//! Files.

#[path = "../support/bounded.rs"]
mod bounded;
#[path = "../support/each.rs"]
mod each;
#[path = "../support/runtimes.rs"]
mod runtimes;

mod folder;

use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};

use mainspring::fs;
use mainspring::time::{Duration, sleep, timeout};
use mainspring_executor::{Reserved, run_reserved};

use each::{in_each_runtime, on_each_runtime};
use folder::Folder;

#[test]
fn what_is_written_is_read() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let path = folder.path("a");
        fs::write(&path, b"one").await.expect("there is room");
        assert_eq!(fs::read(&path).await.expect("it is there"), b"one");
        fs::write(&path, "zwölf").await.expect("there is room");
        let text = fs::read_to_string(&path).await.expect("it is there");
        assert_eq!(text, "zwölf");
        let copy = folder.path("b");
        assert_eq!(fs::copy(&path, &copy).await.expect("there is room"), 6);
        assert_eq!(
            fs::read(&copy).await.expect("it is there"),
            "zwölf".as_bytes()
        );
        let large = vec![7; 3 << 20];
        fs::write(&copy, &large).await.expect("there is room");
        assert!(fs::read(&copy).await.expect("it is there") == large);
    });
}

#[test]
fn folders_come_and_go() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let (outer, inner) = (folder.path("outer"), folder.path("outer/middle/inner"));
        assert!(fs::create_dir(&inner).await.is_err());
        fs::create_dir_all(&inner).await.expect("there is room");
        fs::create_dir(inner.join("one"))
            .await
            .expect("there is room");
        fs::write(inner.join("two"), "")
            .await
            .expect("there is room");
        assert!(fs::remove_dir(&inner).await.is_err(), "it is not empty");
        fs::remove_dir(inner.join("one"))
            .await
            .expect("it is empty");
        fs::remove_file(inner.join("two"))
            .await
            .expect("it is there");
        fs::remove_dir(&inner).await.expect("it is empty");
        fs::remove_dir_all(&outer).await.expect("it is there");
        assert!(!fs::try_exists(&outer).await.expect("it may be looked for"));
    });
}

#[test]
fn names_change() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let (old, new) = (folder.path("old"), folder.path("new"));
        fs::write(&old, "x").await.expect("there is room");
        fs::rename(&old, &new).await.expect("it is there");
        assert!(!fs::try_exists(&old).await.expect("it may be looked for"));
        assert!(fs::try_exists(&new).await.expect("it may be looked for"));
        fs::hard_link(&new, &old).await.expect("it is there");
        fs::remove_file(&new).await.expect("it is there");
        assert_eq!(fs::read(&old).await.expect("it has another name"), b"x");
        let canonical = fs::canonicalize(folder.path("./old")).await;
        assert_eq!(
            canonical.expect("it is there"),
            std::fs::canonicalize(&old).expect("it is there")
        );
    });
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_told_from_their_targets() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let (file, link) = (folder.path("file"), folder.path("link"));
        fs::write(&file, "four").await.expect("there is room");
        fs::symlink(&file, &link).await.expect("there is room");
        assert_eq!(fs::read_link(&link).await.expect("it is one"), file);
        assert!(fs::read_link(&file).await.is_err());
        let target = fs::metadata(&link).await.expect("it is there");
        assert!(target.is_file() && target.len() == 4);
        let own = fs::symlink_metadata(&link).await.expect("it is there");
        assert!(own.is_symlink());
        fs::remove_file(&file).await.expect("it is there");
        assert!(!fs::try_exists(&link).await.expect("it may be looked for"));
    });
}

#[test]
fn permissions_are_set() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let path = folder.path("a");
        fs::write(&path, "").await.expect("there is room");
        let mut permissions = fs::metadata(&path)
            .await
            .expect("it is there")
            .permissions();
        permissions.set_readonly(true);
        let set = fs::set_permissions(&path, permissions.clone()).await;
        set.expect("it is ours");
        let now = fs::metadata(&path)
            .await
            .expect("it is there")
            .permissions();
        assert_eq!(now, permissions);
    });
}

#[test]
fn errors_are_those_of_the_system() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let none = folder.path("none");
        let kind = |error: std::io::Error| error.kind();
        assert_eq!(
            fs::read(&none).await.map_err(kind),
            Err(ErrorKind::NotFound)
        );
        let found = fs::metadata(&none).await.map(drop).map_err(kind);
        assert_eq!(found, Err(ErrorKind::NotFound));
        let removed = fs::remove_file(&none).await.map_err(kind);
        assert_eq!(removed, Err(ErrorKind::NotFound));
        let path = folder.path("bytes");
        fs::write(&path, [0xff, 0xfe]).await.expect("there is room");
        let text = fs::read_to_string(&path).await.map_err(kind);
        assert_eq!(text, Err(ErrorKind::InvalidData));
    });
}

#[test]
fn many_files_at_once() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let tasks: Vec<_> = (0..300)
            .map(|n| {
                let path = folder.path(&format!("{n}"));
                mainspring::spawn(async move {
                    fs::write(&path, format!("number {n}")).await?;
                    fs::read_to_string(&path).await
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            let text = task.await.expect("the task ends").expect("there is room");
            assert_eq!(text, format!("number {n}"));
        }
    });
}

/// A pipe that nobody writes to yet.
#[cfg(unix)]
#[test]
fn a_stuck_file_stops_no_task_and_can_be_given_up() {
    in_each_runtime(|| async {
        let folder = Folder::new();
        let pipe = folder.path("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|made| made.success()) {
            println!("not tested: no `mkfifo`");
            return;
        }
        for _ in 0..5 {
            let read = timeout(Duration::from_millis(20), fs::read(&pipe)).await;
            assert!(read.is_err(), "it is stuck");
            // The thread is still there; this lets it go.
            if is_read(&pipe).await {
                return;
            }
            // It had not begun yet when it was given up, so it never will.
        }
        panic!("nobody reads the pipe");
    });
}

/// Whether somebody reads a pipe, or begins to within a second. Who does so gets an empty file.
#[cfg(unix)]
async fn is_read(pipe: &std::path::Path) -> bool {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    // An error instead of a wait, if there is no reader.
    options.write(true).custom_flags(libc::O_NONBLOCK);
    for _ in 0..1_000 {
        match options.open(pipe) {
            Ok(_) => return true,
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ENXIO), "{error}"),
        }
        sleep(Duration::from_millis(1)).await;
    }
    false
}

#[test]
fn a_call_that_is_given_up_in_the_queue_is_not_made() {
    on_each_runtime(|runtime| {
        let folder = Folder::new();
        let path = folder.path("a");
        runtime.block_on(async {
            // More than there are threads for files.
            let (stop, stopped) = mpsc::channel::<()>();
            let stopped = Arc::new(Mutex::new(stopped));
            let stuck: Vec<_> = (0..100)
                .map(|_| {
                    let stopped = Arc::clone(&stopped);
                    run_reserved(Reserved::Files, move || {
                        let _ = stopped.lock().expect("nobody panics").recv();
                    })
                })
                .collect();
            let mut cx = Context::from_waker(Waker::noop());
            assert!(pin!(fs::write(&path, "never")).poll(&mut cx).is_pending());
            drop(stop);
            for job in stuck {
                job.await.expect("the job ends");
            }
            assert!(!fs::try_exists(&path).await.expect("it may be looked for"));
        });
    });
}

#[test]
#[should_panic(expected = "`mainspring::fs` was polled outside a Mainspring runtime")]
fn outside_a_runtime_it_says_so() {
    let mut cx = Context::from_waker(Waker::noop());
    let _ = pin!(fs::read("Cargo.toml")).poll(&mut cx);
}

#[test]
fn after_the_end_of_the_runtime_there_is_an_error() {
    on_each_runtime(|runtime| {
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        let mut cx = Context::from_waker(Waker::noop());
        let outcome = pin!(fs::read("Cargo.toml")).poll(&mut cx);
        assert!(
            matches!(outcome, std::task::Poll::Ready(Err(_))),
            "{outcome:?}"
        );
    });
}
