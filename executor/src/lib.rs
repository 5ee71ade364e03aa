//! The scheduler of [Mainspring](https://docs.rs/mainspring): tasks, workers that steal from one
//! another, `block_on`, and the offload pool.
//!
//! Applications use the crate `mainspring`, which composes this executor with I/O and timers. This
//! crate knows neither: a worker without work parks on the [`Driver`] it was given, and what else
//! its threads need comes from the [`Environment`].
//!
//! # Where things are
//!
//! | file | what |
//! |---|---|
//! | `task` | the task cell, its state word, JoinHandle |
//! | `queue`, `slot` | where runnable tasks wait |
//! | `worker` | the loop that each worker turns |
//! | `pace` | whether a worker's backlog is worth the help of others |
//! | `patience`, `worker/lookout` | how long a thread looks around before it sleeps; a look into the driver |
//! | `idle`, `park` | who sleeps, who wakes whom, who is in the driver |
//! | `scheduler`, `seat` | what the threads share, what each has for itself |
//! | `block_on` | a calling thread becomes a worker |
//! | `coop` | how much a task may do in one poll |
//! | `monitor` | what a stuck worker holds up goes elsewhere |
//! | `standby`, `block_in_place` | who goes on where a thread blocks |
//! | `trust` | which tasks a thread in `block_on` may run |
//! | `offload` | threads for jobs that block or compute |
//! | `shutdown` | how it ends |
//! | `fork` | what is left of it in the child of a fork |
//! | `task_panic`, `unwind` | who is told of a panic; foreign code that panics |
//! | `local`, `join_set` | tasks that stay on a thread; sets of tasks |
#![deny(unsafe_code)]

mod block_in_place;
mod block_on;
#[expect(
    unsafe_code,
    reason = "a thread-local pointer to the worker on this thread's stack"
)]
mod context;
pub mod coop;
mod driver;
mod executor;
pub mod fork;
mod handle;
mod hooks;
mod idle;
#[cfg(mainspring_loom)]
#[doc(hidden)]
pub mod internals;
mod join_set;
mod local;
mod monitor;
mod offload;
mod pace;
mod park;
mod patience;
mod queue;
mod rest;
mod scheduler;
mod seat;
mod shutdown;
#[cfg(all(test, not(mainspring_loom), target_pointer_width = "64"))]
mod sizes;
#[expect(unsafe_code, reason = "a queue entry in an atomic pointer")]
mod slot;
mod spawn;
mod standby;
mod sync;
mod task;
mod task_panic;
mod trust;
mod unwind;
mod worker;
mod yield_now;

pub use block_in_place::block_in_place;
pub use context::EnterGuard;
pub use driver::{Driver, Environment};
pub use executor::{Config, Executor};
pub use handle::Handle;
pub use hooks::Hook;
pub use join_set::JoinSet;
pub use local::{LocalEnterGuard, LocalSet, spawn_local};
pub use offload::{
    JobContext, OffloadPermit, ReserveError, ReserveOffload, Reserved, ReservedJob, offload,
    reserve_offload, run_reserved, spawn_blocking,
};
pub use shutdown::{Shutdown, ShutdownReport, ShutdownSignal};
pub use spawn::{id, is_large, spawn, try_id};
pub use task::{AbortHandle, Builder, Id, JoinError, JoinHandle, TaskMeta};
pub use task_panic::{PanicAction, PanicHook, TaskPanic};
pub use yield_now::yield_now;
