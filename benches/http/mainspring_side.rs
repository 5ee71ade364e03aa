//! Mainspring's glue to hyper, which is its own.

use mainspring::hyper::{Executor, Io, Timer};
use mainspring::net::TcpStream;
use mainspring_benches::Mainspring;

use crate::HttpRuntime;

impl HttpRuntime for Mainspring {
    type Io = Io<TcpStream>;
    type Executor = Executor;
    type Timer = Timer;

    fn io(stream: Self::Stream) -> Self::Io {
        Io::new(stream)
    }

    fn executor() -> Self::Executor {
        Executor
    }

    fn timer() -> Self::Timer {
        Timer
    }
}
