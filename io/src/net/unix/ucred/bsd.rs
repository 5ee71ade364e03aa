//! The peer's identity by `getpeereid`, which does not tell the process.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::UCred;

pub(in crate::net::unix) fn peer_cred(socket: BorrowedFd<'_>) -> io::Result<UCred> {
    let mut uid = 0;
    let mut gid = 0;
    // SAFETY: the descriptor is open, as it is borrowed. Both numbers are writable, of the type
    // that the system writes, and outlive the call.
    let result = unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(UCred {
        pid: None,
        uid,
        gid,
    })
}
