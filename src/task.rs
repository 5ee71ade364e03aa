//! Spawning, joining, aborting and offloading.
//!
//! A task is spawned on the current runtime and runs whether or not its handle is awaited. Its
//! panic reaches whoever awaits the handle, and nobody else.

#[doc(inline)]
pub use mainspring_executor::{
    AbortHandle, Id, JobContext, JoinError, JoinHandle, JoinSet, LocalEnterGuard, LocalSet,
    TaskMeta, id, offload, spawn, spawn_blocking, spawn_local, try_id, yield_now,
};
