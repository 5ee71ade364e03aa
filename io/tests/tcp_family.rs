//! Connecting and binding where the system has no IPv6.
//!
//! A filter of this thread's system calls stands for such a system: it refuses sockets of that kind
//! as a kernel without IPv6 does. It ends with the thread.
#![cfg(all(target_os = "linux", target_endian = "little"))]

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use mainspring_io::net::{TcpListener, TcpStream, UdpSocket};

mod support;
use support::block_on;

/// Makes each further `socket(AF_INET6, ..)` of this thread fail with `EAFNOSUPPORT`.
fn switch_ipv6_off() -> io::Result<()> {
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    let compare = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    let give_back = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, k, jf| libc::sock_filter { code, jt: 0, jf, k };
    // The number of the call is the first word of what the filter sees, the first argument's lower
    // half the fifth.
    let mut steps = [
        step(load, 0, 0),
        step(compare, libc::SYS_socket as u32, 3),
        step(load, 16, 0),
        step(compare, libc::AF_INET6 as u32, 1),
        step(
            give_back,
            libc::SECCOMP_RET_ERRNO | libc::EAFNOSUPPORT as u32,
            0,
        ),
        step(give_back, libc::SECCOMP_RET_ALLOW, 0),
    ];
    let program = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: it takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the program and its steps live until the call returns; the kernel copies them.
    let result = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let refused = std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0));
    let error = refused.expect_err("the filter refuses it").raw_os_error();
    assert_eq!(error, Some(libc::EAFNOSUPPORT));
    Ok(())
}

#[test]
fn an_address_of_a_kind_that_the_system_lacks_leaves_the_next_one_to_be_tried() -> io::Result<()> {
    switch_ipv6_off()?;
    block_on(async {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let no_port = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(&[no_port, free][..]).await?;
        let addr = listener.local_addr()?;
        let lacking = SocketAddr::from((Ipv6Addr::LOCALHOST, addr.port()));
        let stream = TcpStream::connect(&[lacking, addr][..]).await?;
        assert_eq!(stream.peer_addr()?, addr);
        assert!(UdpSocket::bind(&[no_port, free][..]).await.is_ok());
        let error = TcpStream::connect(lacking)
            .await
            .expect_err("there are no sockets of its kind");
        assert_eq!(error.raw_os_error(), Some(libc::EAFNOSUPPORT));
        Ok(())
    })
}
