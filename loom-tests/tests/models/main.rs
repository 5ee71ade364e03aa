//! The models, one file a protocol.
#![cfg(mainspring_loom)]

mod accept;
mod bare;
mod block_on;
mod brief;
mod clock;
mod depot;
mod driver;
mod duplex;
mod grace;
mod join_set;
mod local_set;
mod monitor;
mod mutants;
mod offload;
mod park;
mod pool;
mod readiness;
mod runtime;
mod shutdown;
mod sleep;
mod slot;
mod standby;
mod support;
mod task;
mod task_list;
mod task_state;
mod timer;
mod worker;
