//! The operating system's side of the driver, the same for all above it.
//!
//! [`Selector`] registers sources and waits for their events. On Linux it waits by `epoll` itself
//! (`sys/epoll.rs`), elsewhere, and on Linux under the private `--cfg mainspring_portable`, through
//! `polling` (`sys/portable.rs`). Under loom it waits for nothing but an unpark (`sys/model.rs`). All
//! have the same methods.

#[cfg(all(target_os = "linux", not(any(mainspring_portable, mainspring_loom))))]
#[expect(
    unsafe_code,
    reason = "`add` has the contract of every system, events are sent to other threads, and \
              `epoll_wait` of old kernels has no safe wrapper"
)]
mod epoll;
#[cfg(all(target_os = "linux", not(any(mainspring_portable, mainspring_loom))))]
pub(crate) use epoll::{Events, Selector};

#[cfg(not(any(all(target_os = "linux", not(mainspring_portable)), mainspring_loom)))]
#[expect(
    unsafe_code,
    reason = "`polling` must be told to forget a source before it is closed"
)]
mod portable;
#[cfg(not(any(all(target_os = "linux", not(mainspring_portable)), mainspring_loom)))]
pub(crate) use portable::{Events, Selector};

#[cfg(mainspring_loom)]
#[expect(unsafe_code, reason = "`add` has the contract of every system")]
mod model;
#[cfg(mainspring_loom)]
pub(crate) use model::{Events, Selector};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    REUSES_ADDRESSES, Source, descriptor_limit, has_begun_to_connect, is_exhaustion,
    is_of_one_connection, is_own_limit, lend,
};

#[cfg(all(
    unix,
    not(any(all(target_os = "linux", not(mainspring_portable)), mainspring_loom))
))]
pub(crate) use unix::raw_source;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    REUSES_ADDRESSES, Source, descriptor_limit, has_begun_to_connect, is_exhaustion,
    is_of_one_connection, is_own_limit, lend,
};

#[cfg(windows)]
pub(crate) use windows::raw_source;

#[cfg(all(target_os = "linux", not(mainspring_loom)))]
mod table_linux;
#[cfg(all(target_os = "linux", not(mainspring_loom)))]
pub(crate) use table_linux::{descriptor_table, take_and_give_back};

#[cfg(not(all(target_os = "linux", not(mainspring_loom))))]
mod table_other;
#[cfg(not(all(target_os = "linux", not(mainspring_loom))))]
pub(crate) use table_other::{descriptor_table, take_and_give_back};

#[cfg(all(target_os = "linux", not(mainspring_loom)))]
mod slack_linux;
#[cfg(all(target_os = "linux", not(mainspring_loom)))]
pub(crate) use slack_linux::{restore_timer_slack, set_timer_slack};

#[cfg(not(all(target_os = "linux", not(mainspring_loom))))]
mod slack_other;
#[cfg(not(all(target_os = "linux", not(mainspring_loom))))]
pub(crate) use slack_other::{restore_timer_slack, set_timer_slack};

#[cfg(target_os = "linux")]
mod sockets_linux;
#[cfg(target_os = "linux")]
pub(crate) use sockets_linux::{accept, has_connected, stream_socket};

#[cfg(not(target_os = "linux"))]
mod sockets_portable;
#[cfg(not(target_os = "linux"))]
pub(crate) use sockets_portable::{accept, has_connected, stream_socket};

#[cfg(target_os = "linux")]
mod transfer_linux;
#[cfg(target_os = "linux")]
pub(crate) use transfer_linux::{recv, recv_from, send, send_to};

#[cfg(not(target_os = "linux"))]
mod transfer_other;
#[cfg(not(target_os = "linux"))]
pub(crate) use transfer_other::{recv, recv_from, send, send_to};

#[cfg(not(any(unix, windows)))]
compile_error!("mainspring-io knows the sockets of Unix and Windows only");
