//! The models, one file a protocol.
#![cfg(mainspring_loom)]

mod monitor;
mod mutants;
mod offload;
mod park;
mod shutdown;
mod sleep;
mod standby;
mod task;
mod task_state;
mod timer;
