//! The end of a runtime against what happens at the same time: `executor/src/shutdown.rs`. The whole
//! executor runs in these models, without driver and timers.

use std::future::{pending, poll_fn};
use std::task::{Poll, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use mainspring_executor::Handle;
use mainspring_loom::model;

use crate::bare::executor;

/// Counts its drop.
struct Token(Arc<AtomicUsize>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// That the one task of the model is gone, without a trace.
fn assert_ended(handle: &Handle, drops: &AtomicUsize) {
    assert_eq!(
        drops.load(Ordering::Relaxed),
        1,
        "the future was not dropped once"
    );
    assert_eq!(handle.alive_tasks(), 0);
    assert_eq!(handle.injected_tasks(), 0);
}

/// spawn ∥ end: the task is refused, or found and dropped, whether it was on its way to a queue or
/// not.
#[test]
fn a_spawn_at_the_end_is_refused_or_cut_off() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let spawner = {
            let (handle, token) = (handle.clone(), Token(drops.clone()));
            thread::spawn(move || {
                drop(handle.spawn(async move {
                    let _token = token;
                    pending::<()>().await;
                }));
            })
        };
        drop(executor);
        spawner.join().unwrap();
        assert_ended(&handle, &drops);
    });
}

/// wake ∥ end: a task that was being woken is dropped with the others, also while the wake stands
/// between its mark and its push.
#[test]
fn a_task_that_is_woken_at_the_end_is_cut_off() {
    model(|| {
        let executor = executor(0);
        let handle = executor.handle().clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let left: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let (token, leave) = (Token(drops.clone()), left.clone());
        drop(handle.spawn(async move {
            let _token = token;
            poll_fn(|cx| {
                *leave.lock().unwrap() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        }));
        let mut waker = None;
        handle.block_on(poll_fn(|cx| {
            waker = left.lock().unwrap().take();
            if waker.is_none() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        let waker = waker.expect("the task was polled");
        let waking = thread::spawn(move || waker.wake());
        drop(executor);
        waking.join().unwrap();
        assert_ended(&handle, &drops);
    });
}

/// a worker goes to sleep ∥ end: it is woken, and ends. (Otherwise the closing thread waits for it
/// for ever, which is a deadlock here.)
#[test]
fn a_worker_does_not_sleep_through_the_end() {
    model(|| drop(executor(1)));
}

/// a worker begins a task ∥ end: whoever drops it, it is dropped once, and before the end returns.
#[test]
fn a_task_that_a_worker_may_run_is_dropped_before_the_end_returns() {
    model(|| {
        let executor = executor(1);
        let handle = executor.handle().clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let token = Token(drops.clone());
        drop(handle.spawn(async move {
            let _token = token;
            pending::<()>().await;
        }));
        drop(executor);
        assert_ended(&handle, &drops);
    });
}
