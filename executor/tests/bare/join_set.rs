//! Sets of tasks.

use std::future::pending;

use mainspring_executor::{JoinSet, yield_now};

use crate::support::{Dropped, flavours};

#[test]
fn outputs_come_in_the_order_in_which_the_tasks_end() {
    for executor in flavours() {
        executor.handle().block_on(async {
            let mut set = JoinSet::new();
            for n in (0..4_usize).rev() {
                set.spawn(async move {
                    for _ in 0..n * 50 {
                        yield_now().await;
                    }
                    n
                });
            }
            let mut outputs = Vec::new();
            while let Some(joined) = set.join_next().await {
                outputs.push(joined.unwrap());
            }
            outputs.sort_unstable();
            assert_eq!(outputs, [0, 1, 2, 3]);
        });
    }
}

#[test]
fn panics_and_aborts_are_told_apart() {
    for executor in flavours() {
        executor.handle().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async { panic!("one of the set") });
            let abort = set.spawn(pending::<()>());
            abort.abort();
            let (mut panics, mut cancels) = (0, 0);
            while let Some(joined) = set.join_next_with_id().await {
                let error = joined.unwrap_err();
                if error.is_panic() {
                    panics += 1;
                } else {
                    assert_eq!(error.id(), abort.id());
                    cancels += 1;
                }
            }
            assert_eq!((panics, cancels), (1, 1));
        });
    }
}

#[test]
fn a_dropped_set_aborts_and_a_detached_one_does_not() {
    for executor in flavours() {
        let (aborted, detached) = (Dropped::new(), Dropped::new());
        let guards = (aborted.guard(), detached.guard());
        let (send, receive) = std::sync::mpsc::channel();
        executor.handle().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async move {
                let _guard = guards.0;
                pending::<()>().await;
            });
            drop(set);
            let mut set = JoinSet::new();
            set.spawn(async move {
                yield_now().await;
                drop(guards.1);
                send.send(()).unwrap();
            });
            set.detach_all();
            drop(set);
            while aborted.count() + detached.count() < 2 {
                yield_now().await;
            }
        });
        receive.recv().unwrap();
    }
}
