//! What a runtime promises about tasks, threads and its own end.

#[path = "../support/attempts.rs"]
mod attempts;
#[path = "../support/bounded.rs"]
mod bounded;
#[path = "../support/counted.rs"]
mod counted;
#[path = "../support/each.rs"]
mod each;
#[path = "../support/lone.rs"]
mod lone;
#[path = "../support/panics.rs"]
mod panics;
#[path = "../support/runtimes.rs"]
mod runtimes;
#[path = "../support/wakers.rs"]
mod wakers;

mod best;
mod block_on;
mod budget;
mod busy_poll;
mod cancel;
mod dropped;
mod dropped_late;
mod ended;
mod ended_table;
mod fairness;
mod filled;
mod hooks;
mod join_set;
mod local;
mod metrics;
mod misuse;
mod neighbours;
mod nested;
mod offload;
mod offload_abort;
mod offload_lanes;
mod offload_nested;
mod offload_refused;
mod offload_reserve;
mod offload_threads;
mod panic;
mod shutdown;
mod shutdown_cycles;
mod shutdown_inside;
mod shutdown_report;
mod spawn;
mod stalls;
mod task_panics;
mod yielding;
