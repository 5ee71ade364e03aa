//! The pieces of work: each is an `async fn` that does the same thing so many times.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::Runtime;

/// How often work is done in the shorter of two runs. A hundred thousand instructions by chance,
/// which is more than was ever seen, are ten for each.
const TIMES: u64 = 10_000;

/// The same for a round trip, which is four system calls' worth of work.
const ROUND_TRIPS: u64 = 1_000;

/// Tasks that are alive at once in a batch.
const BATCH: u64 = 100;

/// Timer operations between two yields: so many that the yield hardly counts.
const OPERATIONS: u64 = 100;

/// Longer than any run.
const HOUR: Duration = Duration::from_secs(3600);

const TASK_FAILED: &str = "a task of the work failed";

const SOCKET_FAILED: &str = "a socket of the loopback interface failed";

/// Something to do many times.
pub(super) struct Piece {
    /// The second part of the work's name.
    pub(super) what: &'static str,
    /// How often it is done in the shorter run.
    pub(super) times: u64,
    /// Does it so many times.
    pub(super) body: Body,
}

/// The work as a task: one allocation a process, which the difference of two counts leaves out.
pub(super) type Body = fn(u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Those that are also done in `block_on`.
pub(super) fn in_block_on<R: Runtime>() -> [Piece; 1] {
    [Piece::new("spawn", |times| Box::pin(spawn::<R>(times)))]
}

/// Those that are done in tasks.
pub(super) fn in_tasks<R: Runtime>() -> [Piece; 9] {
    [
        Piece::new("spawn", |times| Box::pin(spawn::<R>(times))),
        Piece::new("spawn_batch", |times| Box::pin(spawn_batch::<R>(times))),
        Piece::new("yield", |times| Box::pin(yields::<R>(times))),
        Piece::new("wake", |times| Box::pin(wakes::<R>(times))),
        Piece::new("channel_hop", |times| Box::pin(channel_hops::<R>(times))),
        Piece::new("timer_cancel", |times| Box::pin(timer_cancels::<R>(times))),
        Piece::new("timer_reset", |times| Box::pin(timer_resets::<R>(times))),
        Piece::new("timeout", |times| Box::pin(timeouts::<R>(times))),
        Piece {
            times: ROUND_TRIPS,
            ..Piece::new("echo", |times| Box::pin(echoes::<R>(times)))
        },
    ]
}

impl Piece {
    const fn new(what: &'static str, body: Body) -> Self {
        Self {
            what,
            times: TIMES,
            body,
        }
    }
}

/// Spawns a task and joins it.
async fn spawn<R: Runtime>(times: u64) {
    for input in 0..times {
        let task = R::spawn(trivial(black_box(input)));
        black_box(task.await.expect(TASK_FAILED));
    }
}

/// Spawns many tasks, and joins them when all are spawned.
async fn spawn_batch<R: Runtime>(times: u64) {
    let mut tasks = Vec::with_capacity(BATCH as usize);
    for _ in 0..times / BATCH {
        tasks.extend((0..BATCH).map(|input| R::spawn(trivial(black_box(input)))));
        for task in tasks.drain(..) {
            black_box(task.await.expect(TASK_FAILED));
        }
    }
}

/// One turn through the scheduler.
async fn yields<R: Runtime>(times: u64) {
    for _ in 0..times {
        R::yield_now().await;
    }
}

/// Two tasks wake each other in turns: one is a waker's clone, its wake, and a poll.
async fn wakes<R: Runtime>(times: u64) {
    let baton = Arc::new(Baton::default());
    let partner = R::spawn(hold_in_turns(Arc::clone(&baton), 1, times / 2));
    hold_in_turns(baton, 0, times / 2).await;
    partner.await.expect(TASK_FAILED);
}

/// From one task to another through tokio's channel, which is the same on both sides.
async fn channel_hops<R: Runtime>(times: u64) {
    let (requests, mut received) = mpsc::channel::<u64>(1);
    let (answers, mut answered) = mpsc::channel::<u64>(1);
    let partner = R::spawn(async move {
        while let Some(request) = received.recv().await {
            let sent = answers.send(black_box(request)).await;
            sent.expect("nobody waits for the answer");
        }
    });
    for request in 0..times / 2 {
        let sent = requests.send(black_box(request)).await;
        sent.expect("the partner is gone");
        black_box(answered.recv().await.expect("the partner is gone"));
    }
    drop(requests);
    partner.await.expect(TASK_FAILED);
}

/// A timer is registered by its first poll and cancelled by its drop.
async fn timer_cancels<R: Runtime>(times: u64) {
    for _ in 0..times / OPERATIONS {
        for _ in 0..OPERATIONS {
            let mut sleep = pin!(R::sleep(black_box(HOUR)));
            assert_pending::<R>(sleep.as_mut()).await;
        }
        R::yield_now().await;
    }
}

/// An idle time-out that each message puts off.
async fn timer_resets<R: Runtime>(times: u64) {
    let mut sleep = pin!(R::sleep(HOUR));
    assert_pending::<R>(sleep.as_mut()).await;
    for _ in 0..times / OPERATIONS {
        for _ in 0..OPERATIONS {
            R::reset(sleep.as_mut(), black_box(HOUR));
            assert_pending::<R>(sleep.as_mut()).await;
        }
        R::yield_now().await;
    }
}

/// A time-out round an operation that is not ready at once, but soon.
async fn timeouts<R: Runtime>(times: u64) {
    for input in 0..times {
        let output = R::timeout(black_box(HOUR), pending_once(black_box(input))).await;
        black_box(output.expect("an hour has not passed"));
    }
}

/// 64 bytes to another task by a TCP connection, and back: a round trip.
async fn echoes<R: Runtime>(times: u64) {
    echo_round_trips::<R>(times).await.expect(SOCKET_FAILED);
}

async fn echo_round_trips<R: Runtime>(times: u64) -> io::Result<()> {
    let listener = R::listen().await?;
    let address = R::local_addr(&listener)?;
    let partner = R::spawn(async move {
        let mut stream = R::accept(&listener).await?;
        let mut message = [0; 64];
        for _ in 0..times {
            stream.read_exact(&mut message).await?;
            stream.write_all(&message).await?;
        }
        io::Result::Ok(())
    });
    let mut stream = R::connect(address).await?;
    let mut message = [7; 64];
    for _ in 0..times {
        stream.write_all(black_box(&message)).await?;
        stream.read_exact(&mut message).await?;
    }
    partner.await.expect(TASK_FAILED)
}

async fn trivial(input: u64) -> u64 {
    black_box(input)
}

/// Polls `sleep` once.
async fn assert_pending<R: Runtime>(mut sleep: Pin<&mut R::Sleep>) {
    poll_fn(|context| match sleep.as_mut().poll(context) {
        Poll::Pending => Poll::Ready(()),
        Poll::Ready(()) => panic!("a timer of an hour fired"),
    })
    .await;
}

/// Wakes its task and is ready at the next poll.
async fn pending_once(output: u64) -> u64 {
    let mut polled = false;
    poll_fn(move |context| {
        if polled {
            return Poll::Ready(output);
        }
        polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Holds the baton so many times, and passes it on each time.
async fn hold_in_turns(baton: Arc<Baton>, me: usize, times: u64) {
    for _ in 0..times {
        poll_fn(|context| baton.poll_held(me, context)).await;
        baton.pass_on(me);
    }
}

/// What two tasks pass to each other, by as little as is possible beside the runtime's waker.
#[derive(Default)]
struct Baton {
    state: Mutex<BatonState>,
}

#[derive(Default)]
struct BatonState {
    /// Whose turn it is: 0 or 1.
    holder: usize,
    /// Of the one who waits for its turn.
    waiting: Option<Waker>,
}

impl Baton {
    fn poll_held(&self, me: usize, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.holder == me {
            return Poll::Ready(());
        }
        state.waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn pass_on(&self, me: usize) {
        let mut state = self.lock();
        state.holder = 1 - me;
        let other = state.waiting.take();
        drop(state);
        if let Some(waker) = other {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BatonState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
