//! Making TCP connections: connecting, binding, accepting, and the options of sockets.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mainspring_io::net::{TcpListener, TcpSocket, TcpStream};
use mainspring_io::{Interest, Ready};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::join;

mod support;
use support::{block_on, park_on, with_driver_thread};

async fn listener() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// A client and the server's end of its connection.
async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let (listener, addr) = listener().await?;
    let (client, server) = join!(TcpStream::connect(addr), listener.accept());
    Ok((client?, server?.0))
}

fn refused_addr() -> io::Result<SocketAddr> {
    // Nobody listens on a port that was free a moment ago.
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}

#[test]
fn both_ends_know_each_others_address() -> io::Result<()> {
    block_on(async {
        let (listener, addr) = listener().await?;
        let (client, server) = join!(TcpStream::connect(addr), listener.accept());
        let (client, (server, peer)) = (client?, server?);
        assert_eq!(client.peer_addr()?, addr);
        assert_eq!(client.local_addr()?, peer);
        assert_eq!(server.peer_addr()?, peer);
        assert_eq!(server.local_addr()?, addr);
        assert!(client.take_error()?.is_none());
        Ok(())
    })
}

#[test]
fn nobody_listening_is_an_error_of_connect() -> io::Result<()> {
    block_on(async {
        let error = TcpStream::connect(refused_addr()?)
            .await
            .expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    })
}

#[test]
fn connect_tries_each_address() -> io::Result<()> {
    block_on(async {
        let (listener, addr) = listener().await?;
        let addrs = [refused_addr()?, addr];
        let (client, server) = join!(TcpStream::connect(&addrs[..]), listener.accept());
        assert_eq!(client?.peer_addr()?, addr);
        server?;
        Ok(())
    })
}

#[test]
fn bind_tries_each_address() -> io::Result<()> {
    block_on(async {
        let (_listener, taken) = listener().await?;
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let other = TcpListener::bind(&[taken, free][..]).await?;
        assert_ne!(other.local_addr()?, taken);
        let error = TcpListener::bind(taken).await.expect_err("it is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        Ok(())
    })
}

#[test]
fn a_connect_that_is_dropped_leaves_the_driver_working() -> io::Result<()> {
    block_on(async {
        // A test network: packets to it go nowhere, so that connecting takes long, or fails at
        // once.
        let nowhere = SocketAddr::from(([192, 0, 2, 1], 9));
        let mut connecting = Box::pin(TcpStream::connect(nowhere));
        poll_fn(|cx| {
            let _ = connecting.as_mut().poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
        drop(connecting);
        let (mut client, mut server) = connected().await?;
        client.write_all(b"x").await?;
        assert_eq!(server.read_u8().await?, b'x');
        Ok(())
    })
}

#[test]
fn each_of_many_accepts_gets_a_connection() {
    with_driver_thread(|handle| {
        let (listener, addr) = {
            let _entered = handle.enter();
            park_on(listener()).expect("a listener")
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                // The threads that accept are inside no runtime: the connection goes to the
                // listener's.
                scope.spawn(|| {
                    let (mut stream, _) = park_on(listener.accept()).expect("a connection");
                    park_on(stream.write_all(b"hi")).expect("room");
                });
            }
            for _ in 0..8 {
                let mut client = std::net::TcpStream::connect(addr).expect("a connection");
                let mut buf = [0; 2];
                client
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .expect("a timeout");
                client.read_exact(&mut buf).expect("a greeting");
                assert_eq!(&buf, b"hi");
            }
        });
    });
}

#[test]
fn accepting_can_be_polled() -> io::Result<()> {
    block_on(async {
        let (listener, addr) = listener().await?;
        let accept = poll_fn(|cx| listener.poll_accept(cx));
        let (client, server) = join!(TcpStream::connect(addr), accept);
        assert_eq!(client?.local_addr()?, server?.1);
        Ok(())
    })
}

#[test]
fn streams_of_std_are_made_non_blocking_and_given_back() -> io::Result<()> {
    block_on(async {
        let blocking = std::net::TcpListener::bind("127.0.0.1:0")?;
        let addr = blocking.local_addr()?;
        let listener = TcpListener::from_std(blocking)?;
        let client = TcpStream::try_from(std::net::TcpStream::connect(addr)?)?;
        let (server, _) = listener.accept().await?;
        let error = client.try_read(&mut [0; 8]).expect_err("nothing was sent");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);

        let mut client = client.into_std()?;
        client.set_nonblocking(false)?;
        client.write_all(b"x")?;
        server.readable().await?;
        assert_eq!(server.try_read(&mut [0; 8])?, 1);
        assert_eq!(listener.into_std()?.local_addr()?, addr);
        Ok(())
    })
}

#[test]
fn a_socket_keeps_the_options_that_are_set() -> io::Result<()> {
    block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        socket.set_recv_buffer_size(65_536)?;
        socket.set_send_buffer_size(65_536)?;
        socket.set_tos_v4(16)?;
        socket.set_zero_linger()?;
        assert!(socket.reuseaddr()? && socket.reuseport()? && socket.keepalive()?);
        assert!(socket.nodelay()?);
        assert!(socket.recv_buffer_size()? >= 65_536 && socket.send_buffer_size()? >= 65_536);
        assert_eq!(
            (socket.tos_v4()?, socket.linger()?),
            (16, Some(Duration::ZERO))
        );
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let own = socket.local_addr()?;

        let (listener, addr) = listener().await?;
        let (client, server) = join!(socket.connect(addr), listener.accept());
        let client = client?;
        assert_eq!(server?.1, own);
        assert!(client.nodelay()?);
        client.set_nodelay(false)?;
        client.set_ttl(40)?;
        assert_eq!((client.nodelay()?, client.ttl()?), (false, 40));
        listener.set_ttl(41)?;
        assert_eq!(listener.ttl()?, 41);
        Ok(())
    })
}

#[test]
fn a_socket_that_was_made_elsewhere_listens_without_blocking() -> io::Result<()> {
    block_on(async {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        let socket = TcpSocket::from_std_stream(socket.into());
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let listener = socket.listen(16)?;
        let connect = TcpStream::connect(listener.local_addr()?);
        let (client, server) = join!(connect, listener.accept());
        assert_eq!(client?.local_addr()?, server?.1);
        Ok(())
    })
}

#[test]
fn a_new_stream_is_ready_to_write() -> io::Result<()> {
    block_on(async {
        let (client, server) = connected().await?;
        for stream in [client, server] {
            let ready = stream.ready(Interest::WRITABLE).await?;
            assert_eq!(ready, Ready::WRITABLE);
        }
        Ok(())
    })
}

#[test]
#[should_panic(
    expected = "a `TcpListener` was made on a thread that is not inside a Mainspring runtime"
)]
fn a_listener_outside_a_runtime_says_what_to_do() {
    let _ = park_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
}
