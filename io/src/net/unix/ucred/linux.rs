//! The peer's identity by `SO_PEERCRED`.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::{io, ptr};

use super::UCred;

pub(in crate::net::unix) fn peer_cred(socket: BorrowedFd<'_>) -> io::Result<UCred> {
    let mut cred = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open, as it is borrowed. `cred` is writable and `len` is its size,
    // so the kernel writes within it; any bit pattern is a valid `ucred`. Both outlive the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            ptr::from_mut(&mut cred).cast(),
            &raw mut len,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // The kernel says 0 for a process that this PID namespace does not contain.
    let pid = Some(cred.pid).filter(|&pid| pid != 0);
    Ok(UCred {
        pid,
        uid: cred.uid,
        gid: cred.gid,
    })
}
