//! Sockets that come from the standard library, and go back to it.

use std::io::{Read, Write};
use std::net::UdpSocket as StdUdpSocket;
use std::net::{TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::os::unix::net::UnixStream as StdUnixStream;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use mainspring::task::spawn_blocking;

use crate::each::in_each_runtime;

#[test]
fn a_tcp_stream_of_std_becomes_ours_and_goes_back() {
    in_each_runtime(|| async {
        let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let near = StdTcpStream::connect(addr).expect("it listens");
        let (mut far, _) = listener.accept().expect("it has connected");
        near.set_nonblocking(true).expect("it can be set");
        let mut ours = TcpStream::from_std(near).expect("there is a driver");
        far.write_all(b"in").expect("there is room");
        let mut block = [0; 2];
        ours.read_exact(&mut block).await.expect("it was sent");
        assert_eq!(&block, b"in");
        ours.write_all(b"out").await.expect("there is room");
        let mut theirs = ours.into_std().expect("it is ours alone");
        theirs.set_nonblocking(false).expect("it can be set");
        let job = spawn_blocking(move || {
            let mut block = [0; 3];
            far.read_exact(&mut block).expect("it was sent");
            far.write_all(b"back").expect("there is room");
            block
        });
        assert_eq!(&job.await.expect("no panic"), b"out");
        let mut block = [0; 4];
        theirs.read_exact(&mut block).expect("it was sent");
        assert_eq!(&block, b"back");
    });
}

#[test]
fn a_listener_and_a_udp_socket_of_std_become_ours() {
    in_each_runtime(|| async {
        let listener = StdTcpListener::bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        listener.set_nonblocking(true).expect("it can be set");
        let listener = TcpListener::from_std(listener).expect("there is a driver");
        let (stream, accepted) = mainspring::join!(TcpStream::connect(addr), listener.accept());
        let stream = stream.expect("it listens");
        let peer = accepted.expect("it has connected").1;
        assert_eq!(stream.local_addr().expect("it is bound"), peer);
        let back = listener.into_std().expect("it is ours alone");
        assert_eq!(back.local_addr().expect("it is bound"), addr);

        let socket = StdUdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.set_nonblocking(true).expect("it can be set");
        let socket = UdpSocket::from_std(socket).expect("there is a driver");
        let addr = socket.local_addr().expect("it is bound");
        socket.send_to(b"me", addr).await.expect("there is room");
        assert_eq!(socket.recv(&mut [0; 8]).await.expect("it was sent"), 2);
    });
}

#[test]
fn a_stream_goes_from_runtime_to_runtime_by_way_of_std() {
    in_each_runtime(|| async {
        let (near, far) = StdUnixStream::pair().expect("the system has descriptors");
        near.set_nonblocking(true).expect("it can be set");
        far.set_nonblocking(true).expect("it can be set");
        let mut far = UnixStream::from_std(far).expect("there is a driver");
        let mut passed = near;
        for round in 0..5 {
            let job = spawn_blocking(move || {
                crate::runtimes::current_thread().block_on(async move {
                    let mut stream = UnixStream::from_std(passed).expect("there is a driver");
                    stream.write_u8(round).await.expect("there is room");
                    assert_eq!(stream.read_u8().await.expect("it is answered"), round + 1);
                    stream.into_std().expect("it is ours alone")
                })
            });
            assert_eq!(far.read_u8().await.expect("it was sent"), round);
            far.write_u8(round + 1).await.expect("there is room");
            passed = job.await.expect("no assertion fails");
        }
    });
}
