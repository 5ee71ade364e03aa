//! Futures that are huge, empty, or aligned to more than an allocator gives by itself.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use mainspring::runtime::Builder;
use mainspring::task::{JoinHandle, LocalSet, yield_now};

use super::{assert_unharmed, multi_thread, on_each};
use crate::child;
use crate::process::{self, THREADS};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// How many copies of a future the stack of the thread that spawns it must hold: the caller's own,
/// and the one that is moved to the heap before it is handed on, with or without optimisation.
const COPIES_TO_SPAWN: usize = 2;

/// As much, for the worker: a future lies on the heap until its end, but an output of its size is moved.
const COPIES_TO_END: usize = 1;

/// What a thread needs besides.
const STACK: usize = 256 * KIB;

/// A future of a size and an alignment, which is pending once.
struct Shaped<const SIZE: usize, A> {
    bytes: [u8; SIZE],
    aligned: A,
    has_waited: bool,
}

#[derive(Default)]
#[repr(align(128))]
struct To128;

#[derive(Default)]
#[repr(align(4096))]
struct ToPage;

impl<const SIZE: usize, A: Default> Shaped<SIZE, A> {
    #[inline(never)]
    fn new(byte: u8) -> Self {
        Self {
            bytes: [byte; SIZE],
            aligned: A::default(),
            has_waited: false,
        }
    }
}

impl<const SIZE: usize, A: Unpin> Future for Shaped<SIZE, A> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        if !self.has_waited {
            self.has_waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let address = (&raw const self.aligned).addr();
        assert_eq!(address % align_of::<A>(), 0, "{address:x}");
        Poll::Ready(self.bytes.iter().map(|byte| usize::from(*byte)).sum())
    }
}

/// Runs `body` on a thread with a stack of this size.
fn on_stack<R: Send + 'static>(size: usize, body: impl FnOnce() -> R + Send + 'static) -> R {
    let named = thread::Builder::new().stack_size(size);
    let started = named.spawn(body).expect("the system has threads");
    started.join().expect("it does not panic")
}

/// A future of `SIZE` spawned from a thread, and run by a worker, whose stacks are just big enough.
fn spawn_huge<const SIZE: usize>() {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(1)
        .thread_stack_size(STACK + COPIES_TO_END * SIZE)
        .thread_name(THREADS);
    let runtime = builder.build().expect("the system has threads");
    let handle = runtime.handle().clone();
    let task = on_stack(STACK + COPIES_TO_SPAWN * SIZE, move || {
        handle.spawn(Shaped::<SIZE, u8>::new(3))
    });
    // By another thread: this one helps the worker, and its stack is of another size.
    let (sender, receiver) = std::sync::mpsc::channel();
    runtime.spawn(async move { sender.send(task.await) });
    let sum = receiver
        .recv()
        .expect("the task ends")
        .expect("it does not panic");
    assert_eq!(sum, 3 * SIZE);
    // One that is cancelled, and one that nobody awaits.
    let handle = runtime.handle().clone();
    on_stack(STACK + COPIES_TO_SPAWN * SIZE, move || {
        handle.spawn(Shaped::<SIZE, u8>::new(1)).abort();
    });
    drop(runtime);
}

#[test]
fn futures_of_up_to_a_mebibyte_spawn_and_run_on_stacks_of_a_few_copies() {
    let _alone = process::alone();
    let name =
        "faults::futures::futures_of_up_to_a_mebibyte_spawn_and_run_on_stacks_of_a_few_copies";
    // A stack that overflows ends the process.
    child::under("true", name, || {
        spawn_huge::<{ 64 * KIB }>();
        spawn_huge::<{ 256 * KIB }>();
        spawn_huge::<MIB>();
    });
}

#[test]
fn a_huge_future_is_a_root_or_local_as_well() {
    let _alone = process::alone();
    let name = "faults::futures::a_huge_future_is_a_root_or_local_as_well";
    child::under("true", name, || {
        on_stack(STACK + (COPIES_TO_SPAWN + COPIES_TO_END) * MIB, || {
            let runtime = multi_thread(1);
            assert_eq!(runtime.block_on(Shaped::<MIB, u8>::new(2)), 2 * MIB);
            let set = LocalSet::new();
            let task = set.spawn_local(Shaped::<MIB, u8>::new(1));
            let sum = set.block_on(&runtime, task).expect("it does not panic");
            assert_eq!(sum, MIB);
        });
    });
}

#[test]
fn a_huge_output_arrives_whole() {
    let _alone = process::alone();
    let name = "faults::futures::a_huge_output_arrives_whole";
    child::under("true", name, || {
        on_stack(64 * MIB, || {
            let mut builder = Builder::new_multi_thread();
            builder
                .worker_threads(1)
                .thread_stack_size(64 * MIB)
                .thread_name(THREADS);
            let runtime = builder.build().expect("the system has threads");
            let output = runtime.block_on(async {
                mainspring::spawn(async { [5_u8; MIB] })
                    .await
                    .expect("it does not panic")
            });
            assert!(output.iter().all(|byte| *byte == 5));
        });
    });
}

#[test]
fn empty_futures_spawn_and_run() {
    let _alone = process::alone();
    on_each(|| async {
        let tasks: Vec<JoinHandle<()>> = (0..1_000)
            .map(|_| {
                let empty = async {};
                assert!(size_of_val(&empty) <= 1);
                mainspring::spawn(empty)
            })
            .collect();
        for task in tasks {
            task.await.expect("it has nothing to panic about");
        }
        // No byte at all, and pending for ever.
        assert_eq!(size_of_val(&Never), 0);
        let never: Vec<_> = (0..100).map(|_| mainspring::spawn(Never)).collect();
        yield_now().await;
        for task in &never {
            task.abort();
        }
        for task in never {
            assert!(task.await.expect_err("it was aborted").is_cancelled());
        }
        mainspring::spawn(ready(())).await.expect("it is ready");
        assert_unharmed().await;
    });
}

struct Never;

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

#[test]
fn futures_lie_where_their_alignment_wants_them() {
    let _alone = process::alone();
    on_each(|| async {
        let (mut tasks, mut pages) = (Vec::new(), Vec::new());
        for _ in 0..50 {
            tasks.push(mainspring::spawn(Shaped::<10, To128>::new(1)));
            pages.push(mainspring::spawn(Shaped::<10, ToPage>::new(1)));
            // Others between, so that no allocation is aligned by chance.
            tasks.push(mainspring::spawn(async { 10 }));
        }
        for task in tasks.into_iter().chain(pages) {
            assert_eq!(task.await.expect("it is aligned"), 10);
        }
    });
}
