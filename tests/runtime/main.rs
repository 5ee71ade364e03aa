//! What a runtime promises about tasks, threads and its own end.

#[path = "../support/bounded.rs"]
mod bounded;
#[path = "../support/counted.rs"]
mod counted;
#[path = "../support/each.rs"]
mod each;
#[path = "../support/panics.rs"]
mod panics;
#[path = "../support/runtimes.rs"]
mod runtimes;
#[path = "../support/wakers.rs"]
mod wakers;

mod block_on;
mod cancel;
mod dropped;
mod ended;
mod fairness;
mod filled;
mod hooks;
mod join_set;
mod local;
mod metrics;
mod misuse;
mod neighbours;
mod offload;
mod panic;
mod shutdown;
mod spawn;
mod stalls;
mod yielding;
