//! The models, one file a protocol.
#![cfg(mainspring_loom)]

mod bare;
mod block_on;
mod driver;
mod duplex;
mod grace;
mod monitor;
mod mutants;
mod offload;
mod park;
mod runtime;
mod shutdown;
mod sleep;
mod standby;
mod task_state;
mod timer;
