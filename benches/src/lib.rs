//! Benchmarks of Mainspring beside tokio and smol.
//!
//! Every workload is written once, against the trait [`Runtime`], and is run on each runtime that
//! implements it: nobody can tune one side. Channels and locks are tokio's own on all sides, since
//! Mainspring re-exports them and they need no runtime.
//!
//! # Ways to run them
//!
//! * `cargo run --release -p mainspring-benches --bin compare`: a table of all runtimes. Each
//!   measurement is a fresh process. It writes `RESULTS.md` and `results.svg`.
//! * `cargo bench -p mainspring-benches -- FILTER`: the same workloads under Criterion, for those
//!   of their figures that are times.
//! * `cargo run --release -p mainspring-benches --bin instructions`: [`instructions`] instead of
//!   time, under valgrind; with `--check`, against those of `INSTRUCTIONS.md`.
//! * `cargo run --release -p mainspring-benches --bin echo_floor`: an echo without any runtime, which
//!   is the least that one can take.
//! * `benches/http/run`: a server on hyper, loaded by `wrk` and `h2load`.
//!
//! # What is kept fair
//!
//! * Whatever a runtime must do for the work is inside the timed part. Outside it are connecting,
//!   starting threads, and spawning the tasks that a workload only keeps running, unless that is
//!   what the workload is about.
//! * In the workloads with workers the main thread waits in `block_on`, as a program's does. Mainspring's
//!   works for the runtime there, tokio's and smol's do not: three threads may run Mainspring's tasks, two
//!   the others', on two cores. Some tasks of `spawn/worker` may so be run by that thread.
//! * There is no special case for any runtime in a workload, and an adapter only calls the
//!   runtime's public functions. Where a runtime lacks something, its adapter is what a user of it
//!   would write: smol's parts have no `spawn` without an executor, no time-out, and streams with
//!   other traits.
//! * Tokio is built with all its features, which Cargo then unifies: Mainspring's re-exported
//!   channels carry tokio's co-operative budget here, as they would not in a program of their own.
//!   It costs Mainspring, and smol, a thread-local look-up in each channel operation.
//! * Smol's reactor, with its thread, and its pool for blocking jobs belong to the process and not
//!   to a runtime. Starting and ending a runtime of smol's therefore does less.
//!
//! # To add
//!
//! A runtime: implement [`Runtime`], and name it in `measure.rs`, `benches/workloads.rs` and
//! `tests/workloads.rs`. A workload: a function in `workloads/` and a line in that file's `all`. A
//! ratio that must be reached: a line in `required.rs`.

pub mod comparison;
pub mod instructions;
pub mod measure;
pub mod metric;
pub mod report;
pub mod required;
pub mod workloads;

mod mainspring_runtime;
mod process;
mod smol_runtime;
mod tokio_runtime;

pub use mainspring_runtime::Mainspring;
pub use smol_runtime::{Lost, Smol, SmolJoin, SmolSleep, SmolStream, TimedOut};
pub use tokio_runtime::Tokio;

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

/// The runtime that is to be judged.
pub const OURS: &str = Mainspring::NAME;

/// The runtime that it must be better than.
pub const TOKIO: &str = Tokio::NAME;

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

    /// A socket for datagrams.
    type Udp: Send + Sync + 'static;

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

    /// Runs a job that computes on whatever the runtime has for it: [`spawn_blocking`] where it has
    /// nothing else.
    ///
    /// [`spawn_blocking`]: Self::spawn_blocking
    fn offload<F, T>(job: F) -> Self::Join<T>
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
        F: Future + Send,
        F::Output: Send;

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

    /// Binds a socket for datagrams to a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If the system refuses the socket.
    fn udp() -> impl Future<Output = io::Result<Self::Udp>> + Send;

    /// The address of `socket`.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    fn udp_addr(socket: &Self::Udp) -> io::Result<SocketAddr>;

    /// Sends a datagram.
    ///
    /// # Errors
    ///
    /// If the system does not take it.
    fn send_to(
        socket: &Self::Udp,
        bytes: &[u8],
        to: SocketAddr,
    ) -> impl Future<Output = io::Result<usize>> + Send;

    /// Receives a datagram and says whose it is.
    ///
    /// # Errors
    ///
    /// If the system has an error to report instead.
    fn recv_from(
        socket: &Self::Udp,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send;
}
