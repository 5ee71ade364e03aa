//! Letting the others go first.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::context;

/// Lets every task that is ready on this worker, and one turn of the I/O and timer driver, go
/// before the caller.
///
/// That is a promise: a loop that awaits `yield_now` starves neither its neighbours nor sockets
/// nor timers. It holds for `block_on`'s future and for a [`LocalSet`](crate::LocalSet)'s tasks,
/// too. On a thread that is no worker of a Mainspring runtime it wakes the caller at once, and
/// what goes first is that executor's choice.
///
/// # Cancel safety
///
/// Dropping it before it is ready has no effect.
///
/// # Examples
///
/// ```
/// # #[mainspring::main(flavor = "current_thread")]
/// # async fn main() {
/// let first = mainspring::spawn(async { 1 });
/// mainspring::task::yield_now().await;
/// assert!(first.is_finished());
/// # }
/// ```
pub async fn yield_now() {
    YieldNow { yielded: false }.await;
}

/// Pending once.
struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context::with_worker(|worker| {
            if let Some(worker) = worker {
                worker.note_yield();
            }
        });
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
