//! Tasks with names.

use std::future::pending;

use mainspring::runtime::PanicAction;
use mainspring::task::{Builder, LocalSet, yield_now};

use super::{Notes, with_each};
use crate::each::on_each_runtime;

#[test]
fn a_named_task_of_every_kind_has_its_name_and_place() {
    on_each_runtime(|runtime| {
        runtime.block_on(async {
            let named = Builder::new().name("reader");
            let line = line!() + 1;
            let task = named.spawn(async { 1 }).expect("it has no errors");
            assert_eq!(task.meta().name(), Some("reader"));
            assert_eq!(task.meta().spawned_at().line(), line);
            assert_eq!(task.meta().spawned_at().file(), file!());
            assert_eq!(task.abort_handle().meta(), task.meta());
            assert_eq!(task.await.expect("it ends"), 1);

            let job = named.spawn_blocking(|| 2).expect("it has no errors");
            assert_eq!(job.meta().name(), Some("reader"));
            assert_eq!(job.await.expect("it ends"), 2);

            let set = LocalSet::new();
            let local = set.run_until(async {
                let task = named.spawn_local(async { 3 }).expect("it has no errors");
                assert_eq!(task.meta().name(), Some("reader"));
                task.await.expect("it ends")
            });
            assert_eq!(local.await, 3);
            let task = named
                .spawn_local_on(async { 4 }, &set)
                .expect("it has no errors");
            assert_eq!(task.meta().name(), Some("reader"));
            assert_eq!(set.run_until(task).await.expect("it ends"), 4);
        });
        let on = Builder::new().name("outside");
        let task = on
            .spawn_on(async { 5 }, runtime.handle())
            .expect("it has no errors");
        assert_eq!(task.meta().name(), Some("outside"));
        assert_eq!(runtime.block_on(task).expect("it ends"), 5);
        let job = on
            .spawn_blocking_on(|| 6, &runtime)
            .expect("it has no errors");
        assert_eq!(job.meta().name(), Some("outside"));
        assert_eq!(runtime.block_on(job).expect("it ends"), 6);
    });
}

#[test]
fn a_named_task_waits_is_woken_and_is_aborted_as_any_other() {
    on_each_runtime(|runtime| {
        runtime.block_on(async {
            for _ in 0..200 {
                let named = Builder::new().name("busy");
                let task = named.spawn(async {
                    yield_now().await;
                    mainspring::spawn(yield_now()).await.expect("it ends");
                    7
                });
                let stuck = named.spawn(pending::<()>()).expect("it has no errors");
                stuck.abort();
                assert!(stuck.await.expect_err("it was aborted").is_cancelled());
                assert_eq!(task.expect("it has no errors").await.expect("it ends"), 7);
            }
        });
    });
}

#[test]
fn debug_shows_the_name_of_those_who_have_one() {
    on_each_runtime(|runtime| {
        let _entered = runtime.enter();
        let named = Builder::new().name("reader").spawn(async {});
        let named = named.expect("it has no errors");
        let plain = Builder::new().spawn(async {}).expect("it has no errors");
        assert_eq!(plain.meta().name(), None);
        for (text, names) in [
            (format!("{named:?}"), true),
            (format!("{:?}", named.abort_handle()), true),
            (format!("{plain:?}"), false),
            (format!("{:?}", plain.abort_handle()), false),
        ] {
            assert_eq!(text.contains("name: \"reader\""), names, "{text}");
            assert!(text.contains(file!()), "{text}");
        }
        let meta = named.meta();
        let shown = format!("task {} \"reader\" (spawned at {}", meta.id(), file!());
        assert!(meta.to_string().starts_with(&shown), "{meta}");
    });
}

#[test]
fn the_hook_is_told_the_name() {
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
            runtime.block_on(async {
                let named = Builder::new().name("writer");
                let task = named.spawn(async { panic!("no ink") });
                assert!(task.expect("it has no errors").await.is_err());
                let job = named.spawn_blocking(|| panic!("no paper"));
                assert!(job.expect("it has no errors").await.is_err());
            });
            let seen = notes.0.lock().expect("no panic").split_off(0);
            let names: Vec<_> = seen.iter().map(|seen| seen.name.as_deref()).collect();
            assert_eq!(names, [Some("writer"), Some("writer")]);
        },
    );
}
