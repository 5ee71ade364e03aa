//! [`UCred`]: who is at the other end of a Unix socket, by the kernel's word.
//!
//! rustix has the call too, but its type holds the process in a number that cannot be 0, and 0 is
//! what the kernel says for a process outside of this PID namespace.

use super::{gid_t, pid_t, uid_t};

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "ucred/linux.rs"]
mod system;

#[cfg(any(
    target_os = "macos",
    target_os = "ios",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "dragonfly",
))]
#[path = "ucred/bsd.rs"]
mod system;

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "dragonfly",
)))]
#[path = "ucred/unsupported.rs"]
mod system;

pub(super) use system::peer_cred;

/// Who a process was when it made its end of a Unix socket.
///
/// The kernel vouches for it, so it serves to decide who may do what.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub struct UCred {
    /// The process, where the system says it.
    pid: Option<pid_t>,
    /// The process's effective user.
    uid: uid_t,
    /// The process's effective group.
    gid: gid_t,
}

impl UCred {
    /// The effective user of the process.
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// The effective group of the process.
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// The process; only Linux and Android tell it, and not when the process is outside of the
    /// caller's PID namespace.
    ///
    /// Do not decide anything by it: a process may end and its number may be given to another.
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }
}
