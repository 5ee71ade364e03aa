//! Spawning, joining, aborting and offloading.
//!
//! A task is spawned on the current runtime and runs whether or not its handle is awaited. Its
//! panic reaches whoever awaits the handle, and nobody else; one that nobody can see, because the
//! handle was dropped, is a line on standard error, or what
//! [`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic) makes of it.

pub mod coop;

#[doc(inline)]
pub use coop::{Unconstrained, consume_budget, unconstrained};
#[doc(inline)]
pub use mainspring_executor::{
    AbortHandle, Builder, Id, JobContext, JoinError, JoinHandle, JoinSet, LocalEnterGuard,
    LocalSet, OffloadPermit, ReserveError, ReserveOffload, TaskMeta, block_in_place, id, offload,
    reserve_offload, spawn, spawn_blocking, spawn_local, try_id, yield_now,
};
