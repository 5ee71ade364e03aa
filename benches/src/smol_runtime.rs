//! The adapter of smol: of the crates that it is made of.

mod stream;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_executor::{Executor, FallibleTask, Task};
use async_io::{Async, Timer};
use tokio::sync::oneshot;

pub use stream::SmolStream;

use crate::Runtime;

/// An executor of smol's, run by threads or by the one in `block_on`.
///
/// Its reactor and its pool of blocking threads are the process's: they outlive it.
#[derive(Debug)]
pub struct Smol {
    executor: Arc<Executor<'static>>,
    /// None in the current-thread flavour.
    workers: Vec<Worker>,
}

/// A thread that runs the executor.
#[derive(Debug)]
struct Worker {
    /// Dropped to end it.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

thread_local! {
    /// What `spawn` spawns on.
    static CURRENT: RefCell<Option<Arc<Executor<'static>>>> = const { RefCell::new(None) };
}

/// Makes an executor the current one of this thread until it is dropped.
struct Entered {
    /// What was current before.
    outer: Option<Arc<Executor<'static>>>,
}

impl Entered {
    fn new(executor: &Arc<Executor<'static>>) -> Self {
        let outer = CURRENT.replace(Some(Arc::clone(executor)));
        Self { outer }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.outer.take());
    }
}

impl Smol {
    fn without_workers() -> Self {
        Self {
            executor: Arc::new(Executor::new()),
            workers: Vec::new(),
        }
    }
}

impl Drop for Smol {
    fn drop(&mut self) {
        let workers = self.workers.drain(..);
        // All are told before one is waited for.
        let threads: Vec<_> = workers
            .map(|Worker { stop, thread }| {
                drop(stop);
                thread
            })
            .collect();
        for thread in threads {
            // One that failed has said so, and its tasks' joins have failed.
            let _ = thread.join();
        }
    }
}

/// A task that goes on when this is dropped, as those of the others do.
#[derive(Debug)]
pub struct SmolJoin<T>(Option<FallibleTask<T>>);

/// The task panicked, or its executor has ended.
#[derive(Debug)]
pub struct Lost;

impl<T> From<Task<T>> for SmolJoin<T> {
    fn from(task: Task<T>) -> Self {
        Self(Some(task.fallible()))
    }
}

impl<T> Future for SmolJoin<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.0.as_mut().expect("only the drop takes it");
        Pin::new(task)
            .poll(context)
            .map(|output| output.ok_or(Lost))
    }
}

impl<T> Drop for SmolJoin<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// A timer without its output, which nobody needs.
#[derive(Debug)]
pub struct SmolSleep(Timer);

impl Future for SmolSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(drop)
    }
}

/// A future took longer than it may.
#[derive(Debug)]
pub struct TimedOut;

impl Runtime for Smol {
    const NAME: &'static str = "smol";

    type Join<T: Send + 'static> = SmolJoin<T>;
    type JoinError = Lost;
    type Handle = Arc<Executor<'static>>;
    type Sleep = SmolSleep;
    type Elapsed = TimedOut;
    type Listener = Async<TcpListener>;
    type Stream = SmolStream;
    type Udp = Async<UdpSocket>;

    fn multi_thread(workers: usize) -> io::Result<Self> {
        let mut smol = Self::without_workers();
        for number in 0..workers {
            let executor = Arc::clone(&smol.executor);
            let (stop, stopped) = oneshot::channel();
            let thread = thread::Builder::new()
                .name(format!("smol-{number}"))
                .spawn(move || {
                    let _entered = Entered::new(&executor);
                    // An error: the sender is dropped, which is what it is for.
                    let _ = async_io::block_on(executor.run(stopped));
                })?;
            smol.workers.push(Worker { stop, thread });
        }
        Ok(smol)
    }

    fn current_thread() -> io::Result<Self> {
        Ok(Self::without_workers())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = Entered::new(&self.executor);
        if self.workers.is_empty() {
            async_io::block_on(self.executor.run(future))
        } else {
            async_io::block_on(future)
        }
    }

    fn handle(&self) -> Self::Handle {
        Arc::clone(&self.executor)
    }

    fn spawn_on<F>(handle: &Self::Handle, future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.spawn(future).into()
    }

    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        CURRENT.with_borrow(|current| {
            let executor = current
                .as_ref()
                .expect("`spawn` outside an executor of smol");
            executor.spawn(future).into()
        })
    }

    fn spawn_blocking<F, T>(job: F) -> Self::Join<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        blocking::unblock(job).into()
    }

    fn offload<F, T>(job: F) -> Self::Join<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Self::spawn_blocking(job)
    }

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        futures_lite::future::yield_now()
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        SmolSleep(Timer::after(duration))
    }

    fn reset(sleep: Pin<&mut Self::Sleep>, duration: Duration) {
        sleep.get_mut().0.set_after(duration);
    }

    fn timeout<F>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Self::Elapsed>> + Send
    where
        F: Future + Send,
        F::Output: Send,
    {
        futures_lite::future::or(async { Ok(future.await) }, async move {
            Timer::after(duration).await;
            Err(TimedOut)
        })
    }

    async fn listen() -> io::Result<Self::Listener> {
        Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))
    }

    fn local_addr(listener: &Self::Listener) -> io::Result<SocketAddr> {
        listener.get_ref().local_addr()
    }

    async fn accept(listener: &Self::Listener) -> io::Result<Self::Stream> {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(SmolStream(stream))
    }

    async fn connect(address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = Async::<TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(SmolStream(stream))
    }

    async fn udp() -> io::Result<Self::Udp> {
        Async::<UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))
    }

    fn udp_addr(socket: &Self::Udp) -> io::Result<SocketAddr> {
        socket.get_ref().local_addr()
    }

    async fn send_to(socket: &Self::Udp, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        socket.send_to(bytes, to).await
    }

    async fn recv_from(socket: &Self::Udp, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        socket.recv_from(buffer).await
    }
}
