//! One worker for everything, and whether a task there lets its neighbours have their turn.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll};

use mainspring::runtime::Builder;
use mainspring::task::coop::poll_proceed;
use mainspring::task::yield_now;

use crate::bounded::bounded;
use crate::runtimes::current_thread;

/// Operations that a task may do before its neighbours have their turn.
pub(crate) const BUDGET: usize = 128;

/// Runs `body` where one worker runs everything: as the root and as a task of a current-thread
/// runtime, and on one worker thread while nobody helps it, be it from `block_on` or, should the
/// machine be slow, in the monitor's name.
pub(crate) fn on_a_lone_worker<F>(body: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    bounded("a root", move || current_thread().block_on(body()));
    bounded("a task of a current-thread runtime", move || {
        let runtime = current_thread();
        runtime
            .block_on(runtime.spawn(body()))
            .expect("no assertion fails");
    });
    bounded("a task of one worker", move || {
        let (sender, receiver) = mpsc::channel();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .disable_monitor()
            .enable_all()
            .build()
            .expect("the system has threads");
        runtime.spawn(async move { sender.send(mainspring::spawn(body()).await) });
        receiver
            .recv()
            .expect("the task ends")
            .expect("no assertion fails");
    });
}

/// Takes all operations that the poll under way may still do. Returns how many it were.
pub(crate) fn take_all(cx: &mut Context<'_>) -> usize {
    take_up_to(10 * BUDGET, cx)
}

/// As [`take_all`], but at most `limit`.
pub(crate) fn take_up_to(limit: usize, cx: &mut Context<'_>) -> usize {
    let take = |_: &usize| match poll_proceed(cx) {
        Poll::Ready(budget) => {
            budget.made_progress();
            true
        }
        Poll::Pending => false,
    };
    (0..limit).take_while(take).count()
}

/// What a busy task has done.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<AtomicUsize>);

impl Tally {
    /// One operation more.
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Runs a future that is always ready, and counts its operations, beside a task that only yields.
/// Fails if that one was ever kept waiting for more operations than [`BUDGET`].
pub(crate) async fn assert_lets_a_neighbour_run<F>(busy: impl FnOnce(Tally) -> F)
where
    F: Future<Output = ()>,
{
    let (tally, is_over) = (Tally::default(), Arc::new(AtomicBool::new(false)));
    let (seen, over) = (tally.clone(), Arc::clone(&is_over));
    let neighbour = mainspring::spawn(async move {
        let (mut before, mut longest) = (0, 0);
        while !over.load(Ordering::SeqCst) {
            let now = seen.operations();
            longest = longest.max(now - before);
            before = now;
            yield_now().await;
        }
        longest.max(seen.operations() - before)
    });
    // The neighbour begins.
    yield_now().await;
    busy(tally.clone()).await;
    is_over.store(true, Ordering::SeqCst);
    let longest = neighbour.await.expect("it only counts");
    assert!(
        tally.operations() > BUDGET,
        "too little was done to tell: {} operations",
        tally.operations()
    );
    assert!(
        longest <= BUDGET,
        "{longest} operations without a turn of the neighbour"
    );
}
