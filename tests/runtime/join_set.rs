//! `JoinSet`: tasks that are joined in the order in which they end.

use std::collections::HashSet;
use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use mainspring::sync::oneshot;
use mainspring::task::{JoinSet, LocalSet, yield_now};
use mainspring::time::{sleep, timeout};

use crate::counted::Drops;
use crate::each::{in_each_runtime, on_each_runtime};
use crate::panics;
use crate::runtimes::current_thread;

#[test]
fn ten_thousand_members_are_joined_each_once() {
    in_each_runtime(|| async {
        let mut set: JoinSet<usize> = (0..10_000).map(|n| async move { n }).collect();
        assert_eq!(set.len(), 10_000);
        let mut seen = HashSet::new();
        while let Some(joined) = set.join_next().await {
            assert!(seen.insert(joined.expect("the task ends")));
        }
        assert_eq!(seen.len(), 10_000);
        assert!(set.is_empty() && set.join_next().await.is_none());
    });
}

#[test]
fn members_come_in_the_order_of_their_ends() {
    in_each_runtime(|| async {
        let mut set = JoinSet::new();
        let mut senders = Vec::new();
        for n in 0..5 {
            let (sender, receiver) = oneshot::channel::<()>();
            senders.push(sender);
            set.spawn(async move {
                receiver.await.expect("it is sent");
                n
            });
        }
        for n in [3, 0, 4, 1, 2] {
            let sender = std::mem::replace(&mut senders[n], oneshot::channel().0);
            sender.send(()).expect("the task waits");
            let (id, joined) = set
                .join_next_with_id()
                .await
                .expect("one is left")
                .expect("it ends");
            assert_eq!(joined, n);
            assert!(id.as_u64() > 0);
        }
        assert!(set.try_join_next().is_none());
    });
}

#[test]
fn giving_up_a_join_loses_nothing() {
    in_each_runtime(|| async {
        let mut set = JoinSet::new();
        for n in 0..50_u64 {
            set.spawn(async move {
                sleep(Duration::from_micros(100 * n)).await;
                n
            });
        }
        let mut sum = 0;
        while !set.is_empty() {
            if let Ok(joined) = timeout(Duration::from_micros(150), set.join_next()).await {
                sum += joined
                    .expect("the set is not empty")
                    .expect("the task ends");
            }
        }
        assert_eq!(sum, 1225);
    });
}

#[test]
fn dropping_the_set_aborts_and_detaching_does_not() {
    in_each_runtime(|| async {
        let drops = Drops::new();
        let mut set = JoinSet::new();
        let mut aborts = Vec::new();
        for _ in 0..10 {
            let token = drops.token();
            aborts.push(set.spawn(async move {
                let _token = token;
                pending::<()>().await;
            }));
        }
        yield_now().await;
        drop(set);
        while drops.count() < 10 || aborts.iter().any(|abort| !abort.is_finished()) {
            yield_now().await;
        }
        let (sender, receiver) = oneshot::channel();
        let mut set = JoinSet::new();
        set.spawn(async move {
            yield_now().await;
            sender.send(5)
        });
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        assert_eq!(receiver.await, Ok(5));
    });
}

#[test]
fn a_shutdown_waits_for_all_members_to_be_gone() {
    in_each_runtime(|| async {
        let drops = Drops::new();
        let mut set = JoinSet::new();
        for _ in 0..20 {
            let token = drops.token();
            set.spawn(async move {
                let _token = token;
                pending::<()>().await;
            });
        }
        set.shutdown().await;
        assert_eq!((set.len(), drops.count()), (0, 20));
    });
}

#[test]
fn joining_all_gives_the_outputs_or_the_panic() {
    on_each_runtime(|runtime| {
        runtime.block_on(async {
            let set: JoinSet<u8> = (0..5).map(|n| async move { n }).collect();
            let mut outputs = set.join_all().await;
            outputs.sort_unstable();
            assert_eq!(outputs, [0, 1, 2, 3, 4]);
        });
        let message = panics::message_of(|| {
            runtime.block_on(async {
                let mut set = JoinSet::new();
                set.spawn(async { panic!("a member panics") });
                set.spawn(pending::<()>());
                set.join_all().await
            })
        });
        assert_eq!(message, "a member panics");
    });
}

#[test]
fn members_may_be_jobs_local_tasks_and_tasks_of_other_runtimes() {
    on_each_runtime(|runtime| {
        let (stop, stopped) = mpsc::channel::<()>();
        let other = crate::runtimes::multi_thread(1);
        let local = LocalSet::new();
        let mut set = JoinSet::new();
        set.spawn_on(async { 1 }, other.handle().clone());
        set.spawn_blocking_on(
            move || {
                assert!(stopped.recv().is_err());
                2
            },
            other.handle().clone(),
        );
        set.spawn_local_on(async { 3 }, &local);
        local.block_on(&runtime, async {
            set.spawn_local(async { 4 });
            set.spawn_blocking(|| 5);
            set.spawn(async { 6 });
            drop(stop);
            let mut sum = 0;
            while let Some(joined) = set.join_next().await {
                sum += joined.expect("the task ends");
            }
            assert_eq!(sum, 21);
        });
    });
}

#[test]
fn a_set_may_move_to_another_runtime() {
    on_each_runtime(|runtime| {
        let mut set = JoinSet::new();
        for n in 0..10 {
            set.spawn_on(async move { n }, runtime.handle().clone());
        }
        runtime.block_on(async {
            while set.len() > 5 {
                set.join_next()
                    .await
                    .expect("it is not empty")
                    .expect("the task ends");
            }
        });
        drop(runtime);
        current_thread().block_on(async {
            // Those that had not been run were cancelled with their runtime.
            while set.join_next().await.is_some() {}
        });
    });
}
