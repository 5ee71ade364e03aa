//! Back-pressure: a bounded number of places for computing jobs that wait.

use std::num::NonZero;
use std::pin::pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use mainspring::runtime::{Builder, Runtime};
use mainspring::task::{offload, reserve_offload, yield_now};

use crate::bounded::bounded;

/// Runtimes of both flavours with so many places.
fn with_places(places: usize) -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()].map(|mut builder| {
        builder.worker_threads(1).max_waiting_offloads(places);
        builder.build().expect("the system has threads")
    })
}

/// Computing jobs that keep all cores busy until the sender goes.
fn fill_the_cores() -> mpsc::Sender<()> {
    let (stop, stopped) = mpsc::channel::<()>();
    let stopped = Arc::new(Mutex::new(stopped));
    let (begun, has_begun) = mpsc::channel();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for _ in 0..cores {
        let (stopped, begun) = (Arc::clone(&stopped), begun.clone());
        offload(move |_| {
            begun.send(()).expect("the test listens");
            let _ = stopped.lock().expect("nobody panics").recv();
        });
    }
    for _ in 0..cores {
        has_begun.recv().expect("the job begins");
    }
    stop
}

#[test]
fn one_more_than_there_are_places_waits_until_a_job_begins() {
    bounded("places", || {
        for runtime in with_places(100) {
            runtime.block_on(async {
                let stop = fill_the_cores();
                let mut jobs = Vec::new();
                for n in 0..100 {
                    let place = reserve_offload().await.expect("there is a place");
                    jobs.push(place.run(move |_| n));
                }
                let mut one_more = pin!(reserve_offload());
                let mut cx = Context::from_waker(Waker::noop());
                assert!(one_more.as_mut().poll(&mut cx).is_pending());
                drop(stop);
                let place = one_more.await.expect("there is a place again");
                assert_eq!(place.run(|_| 7).await.expect("the job ends"), 7);
                for (n, job) in jobs.into_iter().enumerate() {
                    assert_eq!(job.await.expect("the job ends"), n);
                }
            });
        }
    });
}

#[test]
fn an_abort_or_a_drop_frees_the_place() {
    bounded("abort", || {
        for runtime in with_places(1) {
            runtime.block_on(async {
                let stop = fill_the_cores();
                drop(reserve_offload().await.expect("there is a place"));
                let place = reserve_offload().await.expect("it is free again");
                let job = place.run(|_| ());
                job.abort();
                let place = reserve_offload().await.expect("it is free again");
                drop(place);
                drop(stop);
                assert!(job.await.expect_err("it was aborted").is_cancelled());
            });
        }
    });
}

#[test]
fn places_are_given_in_the_order_of_asking() {
    bounded("in order", || {
        for runtime in with_places(1) {
            let order = runtime.block_on(async {
                let held = reserve_offload().await.expect("there is a place");
                let order = Arc::new(Mutex::new(Vec::new()));
                let mut tasks = Vec::new();
                let mut cx = Context::from_waker(Waker::noop());
                for n in 0..50 {
                    let mut place = Box::pin(reserve_offload());
                    assert!(place.as_mut().poll(&mut cx).is_pending());
                    let order = Arc::clone(&order);
                    tasks.push(mainspring::spawn(async move {
                        let place = place.await.expect("its turn comes");
                        order.lock().expect("nobody panics").push(n);
                        yield_now().await;
                        drop(place);
                    }));
                }
                // Some give up in the middle of the line.
                for n in (0..50).step_by(7) {
                    tasks[n].abort();
                }
                for n in (0..50).step_by(7) {
                    while !tasks[n].is_finished() {
                        yield_now().await;
                    }
                }
                drop(held);
                for task in tasks {
                    let _ = task.await;
                }
                Arc::into_inner(order).expect("all tasks have ended")
            });
            let order = order.into_inner().expect("nobody panics");
            let expected: Vec<_> = (0..50).filter(|n| n % 7 != 0).collect();
            assert_eq!(order, expected);
        }
    });
}

#[test]
fn a_place_that_was_granted_to_one_who_is_gone_goes_to_the_next() {
    bounded("granted and gone", || {
        for runtime in with_places(1) {
            runtime.block_on(async {
                let held = reserve_offload().await.expect("there is a place");
                let mut cx = Context::from_waker(Waker::noop());
                let mut first = Box::pin(reserve_offload());
                assert!(first.as_mut().poll(&mut cx).is_pending());
                let mut second = Box::pin(reserve_offload());
                assert!(second.as_mut().poll(&mut cx).is_pending());
                drop(held);
                assert!(second.as_mut().poll(&mut cx).is_pending(), "no overtaking");
                drop(first);
                assert!(matches!(second.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
            });
        }
    });
}

#[test]
fn after_the_end_of_the_runtime_there_are_no_places() {
    bounded("the end", || {
        for runtime in with_places(1) {
            let entered = runtime.enter();
            let mut cx = Context::from_waker(Waker::noop());
            let mut held = pin!(reserve_offload());
            let Poll::Ready(Ok(held)) = held.as_mut().poll(&mut cx) else {
                panic!("there is a place")
            };
            let mut waiting = pin!(reserve_offload());
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
            let mut late = pin!(reserve_offload());
            drop(entered);
            drop(runtime);
            for future in [waiting, late.as_mut()] {
                let Poll::Ready(Err(error)) = future.poll(&mut cx) else {
                    panic!("the runtime has ended")
                };
                assert!(error.to_string().contains("ended"), "{error}");
            }
            let mut job = pin!(held.run(|_| ()));
            let Poll::Ready(Err(error)) = job.as_mut().poll(&mut cx) else {
                panic!("the runtime has ended")
            };
            assert!(error.is_cancelled());
        }
    });
}

#[test]
#[should_panic(expected = "outside a Mainspring runtime")]
fn to_reserve_outside_a_runtime_says_so() {
    drop(reserve_offload());
}
