//! Tokio's glue to hyper: that of `hyper-util`, which nearly everybody uses.

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mainspring_benches::Tokio;
use tokio::net::TcpStream;

use crate::HttpRuntime;

impl HttpRuntime for Tokio {
    type Io = TokioIo<TcpStream>;
    type Executor = TokioExecutor;
    type Timer = TokioTimer;

    fn io(stream: Self::Stream) -> Self::Io {
        TokioIo::new(stream)
    }

    fn executor() -> Self::Executor {
        TokioExecutor::new()
    }

    fn timer() -> Self::Timer {
        TokioTimer::new()
    }
}
