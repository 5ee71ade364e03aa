//! The task cell: one allocation that holds a future, then its output, and all that surrounds it.
//!
//! # References
//!
//! | holder | counted | what it may do |
//! |---|---|---|
//! | the runtime (owner) | one, from spawn until completion | poll, complete |
//! | a queue entry ([`Notified`]) | none: NOTIFIED keeps the task from completing | begin a poll |
//! | a [`std::task::Waker`] | one each | wake |
//! | [`JoinHandle`], [`AbortHandle`] | one each | read the output; abort |
//!
//! A queue entry needs no reference of its own: while NOTIFIED is set nobody but the holder of the
//! entry can begin a poll, so the task cannot complete, so the owner's reference is still there.
//!
//! # Who touches which field, when
//!
//! | field | who | when |
//! |---|---|---|
//! | `state` | anybody with a reference or an entry | always |
//! | `links` | whoever holds the lock of the task's shard of [`list::TaskList`] | from spawn to completion |
//! | `stage` (future) | the thread that set RUNNING | until it sets COMPLETE |
//! | `stage` (output) | the JoinHandle, if JOIN_INTEREST stood when COMPLETE was set; else the thread that completed the task | after COMPLETE |
//! | `join_waker` | the JoinHandle while JOIN_WAKER is clear; the completing thread once it has seen JOIN_WAKER set together with its own COMPLETE | |
//!
//! The state word and its transitions are in [`state`]; the layout and the per-future functions in
//! [`cell`]; what is known without the future's type in [`raw`].

mod abort;
mod builder;
#[expect(
    unsafe_code,
    reason = "the task cell's layout and its per-future functions"
)]
mod cell;
#[expect(unsafe_code, reason = "memory that is used again")]
pub(crate) mod depot;
mod error;
mod header;
mod id;
#[expect(unsafe_code, reason = "reads the output through the type-erased cell")]
mod join;
#[expect(unsafe_code, reason = "an intrusive list of tasks")]
mod list;
#[expect(unsafe_code, reason = "memory that is used again")]
mod memory;
mod meta;
mod named;
#[expect(unsafe_code, reason = "a pointer to a cell whose type is erased")]
mod raw;
#[cfg_attr(
    not(mainspring_loom),
    expect(unreachable_pub, reason = "the models see the answers")
)]
mod state;
mod turn;
#[expect(
    unsafe_code,
    reason = "a RawWaker's functions are unsafe by their types"
)]
mod waker;

pub use abort::AbortHandle;
pub use builder::Builder;
pub use error::JoinError;
pub use id::Id;
pub use join::JoinHandle;
pub use meta::TaskMeta;

pub(crate) use cell::{new_job, new_task};
pub(crate) use header::TaskOrigin;
pub(crate) use id::next_id;
pub(crate) use list::{TaskCounts, TaskList};
pub(crate) use named::Named;
pub(crate) use raw::{JobEnd, Notified, RawTask, Schedule};
#[cfg(mainspring_loom)]
pub use state::{Begin, Completed, EndPending};
#[cfg(mainspring_loom)]
pub(crate) use state::{Claim, State};
pub(crate) use waker::abort_handle_of;
