//! Benchmarks of Mainspring beside tokio.
//!
//! Every workload is written once, against the trait [`Runtime`], and is run on each runtime that
//! implements it: nobody can tune one side. Channels and locks are tokio's own on all sides, since
//! Mainspring re-exports them.
//!
//! # Ways to run them
//!
//! * `cargo run --release -p mainspring-benches --bin compare`: a table in a few minutes, for
//!   every day. Each measurement is a fresh process.
//! * `cargo bench -p mainspring-benches -- FILTER`: the same workloads under Criterion.
//! * `cargo run --release -p mainspring-benches --bin lateness`: how late sleeps end, which is a
//!   distribution and not a rate.
//! * `cargo run --release -p mainspring-benches --bin instructions`: [`instructions`] instead of
//!   time, under valgrind; with `--check`, against those of `INSTRUCTIONS.md`.
//!
//! # What is kept fair
//!
//! * Tokio is built with all its features, which Cargo then unifies: Mainspring's re-exported
//!   channels carry tokio's co-operative budget here, as they would not in a program of their own.
//!   It costs Mainspring a thread-local look-up in each channel operation.
//! * Whatever a runtime must do for the work is inside the timed part. Outside it are connecting,
//!   starting threads, and spawning the tasks that a workload only keeps running.
//! * There is no special case for any runtime in a workload, and no adapter does more than call
//!   the runtime's public function.
//!
//! To add a runtime: implement [`Runtime`], and name it in `bin/compare.rs`, `bin/lateness.rs`,
//! `benches/workloads.rs` and `tests/workloads.rs`.

pub mod instructions;
pub mod measure;
pub mod table;
pub mod workloads;

mod mainspring_runtime;
mod tokio_runtime;

pub use mainspring_runtime::Mainspring;
pub use tokio_runtime::Tokio;

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

/// What the workloads need of a runtime.
///
/// The functions without `self` act on the runtime whose task, or whose `block_on`, calls them.
/// An adapter only passes calls on: anything more would be measured as the runtime's.
pub trait Runtime: Sized + 'static {
    /// The name in tables.
    const NAME: &'static str;

    /// The other end of a spawned task or blocking job.
    type Join<T: Send + 'static>: Future<Output = Result<T, Self::JoinError>>
        + Send
        + Unpin
        + 'static;

    /// Why a task gave no output.
    type JoinError: Debug + Send + 'static;

    /// Spawns from threads that are not the runtime's.
    type Handle: Clone + Send + Sync + 'static;

    /// A timer.
    type Sleep: Future<Output = ()> + Send + 'static;

    /// The error of a time-out.
    type Elapsed: Debug + Send + 'static;

    /// A listening socket.
    type Listener: Send + Sync + 'static;

    /// A connected socket.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Starts a runtime with worker threads, sockets and timers.
    ///
    /// # Errors
    ///
    /// If the system refuses threads or descriptors.
    fn multi_thread(workers: usize) -> io::Result<Self>;

    /// Starts a runtime without threads of its own, with sockets and timers.
    ///
    /// # Errors
    ///
    /// If the system refuses descriptors.
    fn current_thread() -> io::Result<Self>;

    /// Runs `future` to its end on this thread.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// A handle for other threads.
    fn handle(&self) -> Self::Handle;

    /// Spawns a task from a thread that is not the runtime's.
    fn spawn_on<F>(handle: &Self::Handle, future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Spawns a task.
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Runs a blocking job on the runtime's pool.
    fn spawn_blocking<F, T>(job: F) -> Self::Join<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;

    /// Lets other tasks go first.
    fn yield_now() -> impl Future<Output = ()> + Send + 'static;

    /// A timer that ends after `duration`.
    fn sleep(duration: Duration) -> Self::Sleep;

    /// Makes `sleep` end `duration` from now.
    fn reset(sleep: Pin<&mut Self::Sleep>, duration: Duration);

    /// `future`, or an error if it takes longer than `duration`.
    fn timeout<F>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Self::Elapsed>> + Send
    where
        F: Future + Send;

    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If the system refuses the socket.
    fn listen() -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Where `listener` listens.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    fn local_addr(listener: &Self::Listener) -> io::Result<SocketAddr>;

    /// Takes a connection, without Nagle's delay.
    ///
    /// # Errors
    ///
    /// If the system refuses the socket.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Connects, without Nagle's delay.
    ///
    /// # Errors
    ///
    /// If nobody listens there, or the system refuses the socket.
    fn connect(address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}
