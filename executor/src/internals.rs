//! The protocols, laid open for the models of `loom-tests`. Only under `mainspring_loom`.
//!
//! Each type wraps one that the executor uses and forwards to it; no logic lives here.
#![expect(missing_debug_implementations, reason = "used by models only")]

#[expect(unsafe_code, reason = "memory that is handed on")]
pub mod depot;
pub mod offload;
pub mod park;
pub mod schedule;
pub mod task;
