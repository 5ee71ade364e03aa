//! Who is told of a task's panic, and what it does to the runtime.

mod children;
mod ending;
mod macros;
mod names;

use std::future::pending;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};

use mainspring::runtime::{Builder, PanicAction, Runtime, TaskPanic};
use mainspring::sync::oneshot;
use mainspring::task::{self, Id, JoinSet, LocalSet, spawn_blocking, yield_now};

use crate::bounded::bounded;
use crate::counted::Drops;
use crate::wakers::{Panicking, poll_with};

/// What a hook was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    id: Id,
    name: Option<String>,
    line: u32,
    message: Option<String>,
    has_handle: bool,
    repeated: bool,
}

/// The notes of a hook.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Seen>>>);

impl Notes {
    fn take(&self, panic: &TaskPanic<'_>) {
        self.0.lock().expect("no panic").push(Seen {
            id: panic.id(),
            name: panic.name().map(str::to_owned),
            line: panic.spawned_at().line(),
            message: panic.message().map(str::to_owned),
            has_handle: panic.has_handle(),
            repeated: panic.is_repeated(),
        });
    }

    fn all(&self) -> Vec<Seen> {
        self.0.lock().expect("no panic").clone()
    }

    /// Whether the panics' messages, and whether their handles were held and they were repeated,
    /// are these.
    #[track_caller]
    fn assert(&self, expected: &[(&str, bool, bool)]) {
        let all = self.all();
        let told: Vec<_> = all
            .iter()
            .map(|seen| {
                let message = seen.message.as_deref().unwrap_or("?");
                (message, seen.has_handle, seen.repeated)
            })
            .collect();
        assert_eq!(told, expected);
    }

    /// Waits until so many panics were told of.
    async fn wait_for(&self, count: usize) {
        while self.all().len() < count {
            yield_now().await;
        }
    }
}

/// Calls `body` with a runtime of each kind that `configure` has had a say in.
fn with_each(
    configure: impl Fn(&mut Builder) + Clone + Send + 'static,
    body: impl Fn(Runtime) + Clone + Send + 'static,
) {
    for workers in [0, 1, 2] {
        let (configure, body) = (configure.clone(), body.clone());
        bounded(&format!("{workers} workers"), move || {
            let mut builder = match workers {
                0 => Builder::new_current_thread(),
                _ => Builder::new_multi_thread(),
            };
            if workers > 0 {
                builder.worker_threads(workers);
            }
            configure(&mut builder);
            body(builder.build().expect("the system has threads"));
        });
    }
}

/// Runs `body` on each runtime, with notes of all panics, which are ignored.
fn noting<F: Future<Output = ()>>(body: impl Fn(Notes) -> F + Clone + Send + 'static) {
    for workers in [0, 1, 2] {
        let notes = Notes::default();
        let hook = notes.clone();
        let body = body.clone();
        bounded(&format!("{workers} workers"), move || {
            let mut builder = match workers {
                0 => Builder::new_current_thread(),
                _ => Builder::new_multi_thread(),
            };
            builder.worker_threads(workers.max(1));
            builder.on_task_panic(move |panic| {
                hook.take(panic);
                PanicAction::Ignore
            });
            let runtime = builder.build().expect("the system has threads");
            runtime.block_on(body(notes));
        });
    }
}

/// Panics with its text when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn the_hook_is_told_which_task_it_was_and_what_it_said() {
    noting(|notes| async move {
        let line = line!() + 1;
        let task = mainspring::spawn(async { panic!("out of {}", "cheese") });
        let id = task.id();
        assert!(task.await.expect_err("it panics").is_panic());
        assert_eq!(
            notes.all(),
            [Seen {
                id,
                name: None,
                line,
                message: Some("out of cheese".to_owned()),
                has_handle: true,
                repeated: false,
            }]
        );
    });
}

#[test]
fn a_payload_that_is_not_text_is_there_and_has_no_message() {
    let number = Arc::new(Mutex::new(None));
    let told = Arc::clone(&number);
    with_each(
        move |builder| {
            let told = Arc::clone(&told);
            builder.on_task_panic(move |panic| {
                assert_eq!(panic.message(), None);
                *told.lock().expect("no panic") = panic.payload().downcast_ref::<u32>().copied();
                PanicAction::Ignore
            });
        },
        move |runtime| {
            let error = runtime.block_on(runtime.spawn(async { panic_any(7_u32) }));
            assert!(error.expect_err("it panics").is_panic());
            assert_eq!(number.lock().expect("no panic").take(), Some(7));
        },
    );
}

#[test]
fn the_hook_comes_after_the_future_s_drop_and_before_the_joiner_s_wake_inside_the_task() {
    let drops = Drops::new();
    let joined = Arc::new(AtomicBool::new(false));
    let (seen, awaited) = (drops.clone(), Arc::clone(&joined));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&calls);
    with_each(
        move |builder| {
            let (seen, awaited) = (seen.clone(), Arc::clone(&awaited));
            let told = Arc::clone(&told);
            builder.on_task_panic(move |panic| {
                let inside = task::try_id() == Some(panic.id());
                let told_of = (seen.count(), awaited.load(Ordering::SeqCst), inside);
                told.lock().expect("no panic").push(told_of);
                PanicAction::Ignore
            });
        },
        move |runtime| {
            let before = drops.count();
            joined.store(false, Ordering::SeqCst);
            let token = drops.token();
            let task = runtime.spawn(async move {
                let _token = token;
                yield_now().await;
                panic!("it goes");
            });
            runtime.block_on(async {
                assert!(task.await.is_err());
                joined.store(true, Ordering::SeqCst);
            });
            let calls = std::mem::take(&mut *calls.lock().expect("no panic"));
            assert_eq!(calls, [(before + 1, false, true)]);
        },
    );
}

#[test]
fn a_panic_whose_handle_is_gone_is_told_once() {
    noting(|notes| async move {
        let (sender, receiver) = oneshot::channel::<()>();
        drop(mainspring::spawn(async move {
            receiver.await.expect("it is sent");
            panic!("alone")
        }));
        sender.send(()).expect("the task waits");
        notes.wait_for(1).await;
        yield_now().await;
        notes.assert(&[("alone", false, false)]);
    });
}

#[test]
fn a_panic_that_is_dropped_unread_with_its_handle_is_told_again() {
    noting(|notes| async move {
        let task = mainspring::spawn(async { panic!("unread") });
        while !task.is_finished() {
            yield_now().await;
        }
        notes.assert(&[("unread", true, false)]);
        drop(task);
        notes.assert(&[("unread", true, false), ("unread", false, true)]);
    });
}

#[test]
fn a_panic_that_was_read_is_not_told_again() {
    noting(|notes| async move {
        let mut task = mainspring::spawn(async { panic!("read") });
        let error = (&mut task).await.expect_err("it panics");
        drop(task);
        drop(error);
        notes.assert(&[("read", true, false)]);
    });
}

#[test]
fn the_tasks_of_a_join_set_have_handles_until_the_set_goes() {
    noting(|notes| async move {
        let mut set = JoinSet::new();
        let first = set.spawn(async { panic!("in a set") });
        while !first.is_finished() {
            yield_now().await;
        }
        assert!(set.join_next().await.expect("one is there").is_err());
        let second = set.spawn(async { panic!("in a set") });
        while !second.is_finished() {
            yield_now().await;
        }
        drop(set);
        notes.assert(&[
            ("in a set", true, false),
            ("in a set", true, false),
            ("in a set", false, true),
        ]);
    });
}

#[test]
fn however_drop_and_panic_meet_one_of_the_reports_says_that_nobody_awaits_it() {
    const ROUNDS: usize = 200;
    noting(|notes| async move {
        for _ in 0..ROUNDS {
            let (sender, receiver) = oneshot::channel::<()>();
            let task = mainspring::spawn(async move {
                receiver.await.expect("it is sent");
                panic!("now");
            });
            sender.send(()).expect("the task waits");
            drop(task);
        }
        let lonely = || notes.all().iter().filter(|seen| !seen.has_handle).count();
        while lonely() < ROUNDS {
            yield_now().await;
        }
        yield_now().await;
        assert_eq!(lonely(), ROUNDS);
        let all = notes.all();
        let repeated = all.iter().filter(|seen| seen.repeated).count();
        assert_eq!(all.len(), ROUNDS + repeated);
    });
}

#[test]
fn destructors_of_futures_and_outputs_count_as_panics_of_their_task() {
    noting(|notes| async move {
        let bomb = Bomb("the future's");
        let task = mainspring::spawn(async move {
            let _bomb = bomb;
            pending::<()>().await;
        });
        task.abort();
        assert!(task.await.expect_err("it was aborted").is_panic());
        notes.assert(&[("the future's", true, false)]);
        let task = mainspring::spawn(async { Bomb("the output's") });
        while !task.is_finished() {
            yield_now().await;
        }
        drop(task);
        drop(mainspring::spawn(async { Bomb("a lonely output's") }));
        notes.wait_for(3).await;
        notes.assert(&[
            ("the future's", true, false),
            ("the output's", false, false),
            ("a lonely output's", false, false),
        ]);
    });
}

/// Its poll and its destructor panic.
struct Twice;

impl Future for Twice {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("the poll's");
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("the destructor's");
    }
}

#[test]
fn of_two_panics_of_one_task_the_first_is_told() {
    noting(|notes| async move {
        let error = mainspring::spawn(Twice).await.expect_err("it panics");
        assert!(error.to_string().contains("the poll's"), "{error}");
        notes.assert(&[("the poll's", true, false)]);
    });
}

#[test]
fn blocking_jobs_and_local_tasks_are_tasks() {
    noting(|notes| async move {
        let (sender, receiver) = mpsc::channel();
        drop(spawn_blocking(move || {
            receiver.recv().expect("it is sent");
            panic!("a job")
        }));
        sender.send(()).expect("the job waits");
        notes.wait_for(1).await;
        assert!(task::offload(|_| panic!("an offload")).await.is_err());
        let set = LocalSet::new();
        let local = async { assert!(task::spawn_local(async { panic!("local") }).await.is_err()) };
        set.run_until(local).await;
        drop(set.spawn_local(async { panic!("a lonely local") }));
        set.await;
        notes.assert(&[
            ("a job", false, false),
            ("an offload", true, false),
            ("local", true, false),
            ("a lonely local", false, false),
        ]);
    });
}

#[test]
fn the_hook_is_that_of_the_task_s_own_runtime_wherever_the_handle_is_dropped() {
    let notes = Notes::default();
    let hook = notes.clone();
    with_each(
        move |builder| {
            let hook = hook.clone();
            builder.on_task_panic(move |panic| {
                hook.take(panic);
                PanicAction::Ignore
            });
        },
        move |runtime| {
            let task = runtime.spawn(async { panic!("a task") });
            let job = runtime.spawn_blocking(|| panic!("a job"));
            runtime.block_on(async {
                while !(task.is_finished() && job.is_finished()) {
                    yield_now().await;
                }
            });
            notes.0.lock().expect("no panic").clear();
            let other = Builder::new_current_thread().build().expect("it is small");
            other.block_on(async { drop((task, job)) });
            notes.assert(&[("a task", false, true), ("a job", false, true)]);
        },
    );
}

#[test]
fn a_hook_that_panics_is_contained() {
    with_each(
        |builder| {
            builder.on_task_panic(|_| panic!("the hook panics"));
        },
        |runtime| {
            runtime.block_on(async {
                for n in 0..20 {
                    let task = mainspring::spawn(async { panic!("the task panics") });
                    if n % 2 == 0 {
                        let error = task.await.expect_err("it panics");
                        assert!(error.to_string().contains("the task panics"), "{error}");
                    }
                }
                mainspring::spawn(yield_now()).await.expect("it goes on");
            });
        },
    );
}

#[test]
fn a_panic_in_a_join_waker_is_not_the_task_s() {
    noting(|notes| async move {
        let (sender, receiver) = oneshot::channel::<()>();
        let mut task = mainspring::spawn(async move { receiver.await.expect("it is sent") });
        let waker = std::task::Waker::from(Arc::new(Panicking));
        assert!(poll_with(&mut task, &waker).is_pending());
        sender.send(()).expect("the task waits");
        while !task.is_finished() {
            yield_now().await;
        }
        task.await.expect("the task ends");
        notes.assert(&[]);
    });
}

/// Panics with another one of itself when it is dropped.
struct Hydra;

impl Drop for Hydra {
    fn drop(&mut self) {
        panic_any(Self);
    }
}

#[test]
fn a_payload_whose_destructor_panics_kills_no_thread() {
    noting(|notes| async move {
        for _ in 0..20 {
            drop(mainspring::spawn(async {
                yield_now().await;
                panic_any(Hydra)
            }));
            drop(spawn_blocking(|| panic_any(Hydra)));
            drop(mainspring::spawn(async { Hydra }));
            let task = mainspring::spawn(async { panic_any(Hydra) });
            while !task.is_finished() {
                yield_now().await;
            }
            drop(task);
        }
        notes.wait_for(100).await;
        let tasks: Vec<_> = (0..20)
            .map(|n| mainspring::spawn(async move { n }))
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.expect("the workers are alive"), n);
        }
        assert_eq!(spawn_blocking(|| 1).await.expect("the pool is alive"), 1);
    });
}
