//! The runtimes that the tests run on.

use mainspring::runtime::{Builder, Runtime};

/// A runtime without threads of its own.
pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has descriptors")
}

/// A runtime with this many worker threads.
pub(crate) fn multi_thread(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(workers)
        .enable_all()
        .build()
        .expect("the system has threads")
}
