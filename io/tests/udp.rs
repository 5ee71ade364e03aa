//! UDP sockets, on real sockets of the loopback interface.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use mainspring_io::Interest;
use mainspring_io::net::UdpSocket;
use tokio::io::ReadBuf;
use tokio::join;

mod support;
use support::block_on;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

async fn bound() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Two sockets that are connected to each other.
async fn connected() -> io::Result<(UdpSocket, UdpSocket)> {
    let (one, other) = (bound().await?, bound().await?);
    one.connect(other.local_addr()?).await?;
    other.connect(one.local_addr()?).await?;
    Ok((one, other))
}

/// A peer that blocks, so that nothing of the crate under test is on its side.
fn std_peer() -> io::Result<std::net::UdpSocket> {
    let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    peer.set_read_timeout(Some(LONG))?;
    Ok(peer)
}

#[test]
fn an_unconnected_socket_echoes_to_a_thread() -> io::Result<()> {
    block_on(async {
        let socket = bound().await?;
        let addr = socket.local_addr()?;
        let peer = std::thread::spawn(move || -> io::Result<Vec<u8>> {
            let peer = std_peer()?;
            peer.send_to(b"hello", addr)?;
            let mut buf = [0; 16];
            let (n, from) = peer.recv_from(&mut buf)?;
            assert_eq!(from, addr);
            Ok(buf[..n].to_vec())
        });
        let mut buf = [0; 16];
        let (n, from) = socket.recv_from(&mut buf).await?;
        assert_eq!(socket.send_to(&buf[..n], from).await?, 5);
        assert_eq!(peer.join().expect("the peer does not panic")?, b"hello");
        Ok(())
    })
}

#[test]
fn connected_sockets_talk_without_addresses() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        assert_eq!(one.peer_addr()?, other.local_addr()?);
        let mut buf = [0; 16];
        for round in 0..100_u8 {
            one.send(&[round]).await?;
            assert_eq!(other.recv(&mut buf).await?, 1);
            other.send(&buf[..1]).await?;
            assert_eq!(one.recv(&mut buf).await?, 1);
            assert_eq!(buf[0], round);
        }
        Ok(())
    })
}

#[test]
fn a_connected_socket_ignores_strangers() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        std_peer()?.send_to(b"stranger", one.local_addr()?)?;
        other.send(b"friend").await?;
        let mut buf = [0; 16];
        let n = one.recv(&mut buf).await?;
        assert_eq!(&buf[..n], b"friend");
        Ok(())
    })
}

#[test]
fn several_receivers_share_a_socket_and_each_gets_one_datagram() -> io::Result<()> {
    block_on(async {
        let socket = bound().await?;
        let addr = socket.local_addr()?;
        let receive = async || -> io::Result<u8> {
            let mut buf = [0; 4];
            let (n, _) = socket.recv_from(&mut buf).await?;
            assert_eq!(n, 1);
            Ok(buf[0])
        };
        let sender = std_peer()?;
        let send = async {
            // The receivers are polled before this future, and so all of them wait by now.
            assert_eq!(
                socket.try_recv_from(&mut [0]).unwrap_err().kind(),
                WOULD_BLOCK
            );
            (1..=4).try_for_each(|id| sender.send_to(&[id], addr).map(drop))
        };
        let (a, b, c, d, sent) = join!(receive(), receive(), receive(), receive(), send);
        sent?;
        let mut got = [a?, b?, c?, d?];
        got.sort_unstable();
        assert_eq!(got, [1, 2, 3, 4]);
        Ok(())
    })
}

const WOULD_BLOCK: io::ErrorKind = io::ErrorKind::WouldBlock;

#[test]
fn a_receiver_that_is_dropped_takes_nothing_with_it() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        let mut buf = [0; 16];
        {
            let mut waiting = pin!(one.recv(&mut buf));
            poll_fn(|cx| {
                assert!(waiting.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            other.send(b"kept").await?;
        }
        let n = one.recv(&mut buf).await?;
        assert_eq!(&buf[..n], b"kept");
        Ok(())
    })
}

#[test]
fn short_datagrams_in_a_row_are_all_received() -> io::Result<()> {
    // A short count must not be taken for an empty queue: no event comes for what waits already.
    block_on(async {
        let (one, other) = connected().await?;
        for id in 0..8_u8 {
            other.send(&[id]).await?;
        }
        let mut buf = [0; 1500];
        for id in 0..8_u8 {
            assert_eq!(one.recv(&mut buf).await?, 1);
            assert_eq!(buf[0], id);
        }
        assert_eq!(one.try_recv(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        Ok(())
    })
}

#[test]
#[cfg_attr(windows, ignore = "Windows reports an error instead of cutting off")]
fn a_datagram_longer_than_the_buffer_is_cut_off_and_the_next_is_whole() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        other.send(b"0123456789").await?;
        other.send(b"next").await?;
        let mut buf = [0; 4];
        assert_eq!(one.recv(&mut buf).await?, 4);
        assert_eq!(&buf, b"0123");
        assert_eq!(one.recv(&mut buf).await?, 4);
        assert_eq!(&buf, b"next");
        Ok(())
    })
}

#[test]
fn an_empty_datagram_is_a_datagram() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        assert_eq!(other.send(b"").await?, 0);
        let mut buf = [0; 4];
        assert_eq!(one.recv(&mut buf).await?, 0);
        Ok(())
    })
}

#[test]
fn peeking_leaves_the_datagram_in_the_queue() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        let from = other.local_addr()?;
        other.send(b"look").await?;
        let mut buf = [0; 16];
        assert_eq!(one.peek(&mut buf).await?, 4);
        assert_eq!(one.peek_from(&mut buf).await?, (4, from));
        assert_eq!(one.peek_sender().await?, from);
        assert_eq!(one.try_peek(&mut buf)?, 4);
        assert_eq!(one.try_peek_from(&mut buf)?, (4, from));
        assert_eq!(one.try_peek_sender()?, from);
        let mut room = [0; 16];
        let mut room = ReadBuf::new(&mut room);
        poll_fn(|cx| one.poll_peek(cx, &mut room)).await?;
        assert_eq!(poll_fn(|cx| one.poll_peek_from(cx, &mut room)).await?, from);
        assert_eq!(poll_fn(|cx| one.poll_peek_sender(cx)).await?, from);
        assert_eq!(room.filled(), b"looklook");
        assert_eq!(one.recv(&mut buf).await?, 4);
        assert_eq!(one.try_peek(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        Ok(())
    })
}

#[test]
fn the_poll_methods_do_what_the_async_ones_do() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        let to = other.local_addr()?;
        poll_fn(|cx| one.poll_send_ready(cx)).await?;
        assert_eq!(poll_fn(|cx| one.poll_send(cx, b"ab")).await?, 2);
        let mut room = [0; 16];
        let mut room = ReadBuf::new(&mut room);
        poll_fn(|cx| other.poll_recv_ready(cx)).await?;
        poll_fn(|cx| other.poll_recv(cx, &mut room)).await?;
        let free = bound().await?;
        other.connect(free.local_addr()?).await?;
        assert_eq!(poll_fn(|cx| free.poll_send_to(cx, b"cd", to)).await?, 2);
        let from = poll_fn(|cx| other.poll_recv_from(cx, &mut room)).await?;
        assert_eq!(from, free.local_addr()?);
        assert_eq!(room.filled(), b"abcd");
        Ok(())
    })
}

#[test]
fn growing_buffers_are_filled_without_being_zeroed_first() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        let mut buf = Vec::with_capacity(64);
        buf.extend_from_slice(b"head ");
        other.send(b"body").await?;
        assert_eq!(one.recv_buf(&mut buf).await?, 4);
        other.send(b" tail").await?;
        assert_eq!(one.recv_buf_from(&mut buf).await?, (5, other.local_addr()?));
        assert_eq!(buf, b"head body tail");
        assert_eq!(one.try_recv_buf(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        assert_eq!(
            one.try_recv_buf_from(&mut buf).unwrap_err().kind(),
            WOULD_BLOCK
        );
        assert_eq!(buf.len(), 14);
        Ok(())
    })
}

#[test]
fn trying_tells_at_once_whether_there_is_something() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        let mut buf = [0; 4];
        assert_eq!(one.try_recv(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        other.writable().await?;
        assert_eq!(other.try_send(b"x")?, 1);
        assert_eq!(
            other
                .try_send_to(b"y", one.local_addr()?)
                .map_err(|e| e.kind())
                .unwrap_or(1),
            1
        );
        one.readable().await?;
        assert_eq!(one.try_recv_from(&mut buf)?, (1, other.local_addr()?));
        let ready = one.ready(Interest::WRITABLE).await?;
        assert!(ready.is_writable());
        Ok(())
    })
}

#[test]
fn own_system_calls_wait_through_the_socket() -> io::Result<()> {
    block_on(async {
        let (one, other) = connected().await?;
        let mut calls = 0;
        let mut buf = [0; 4];
        let receive = one.async_io(Interest::READABLE, || {
            calls += 1;
            socket2::SockRef::from(&one).peek_sender()
        });
        let send = async { other.send(b"x").await };
        let (sender, sent) = join!(receive, send);
        assert_eq!(sender?.as_socket(), Some(other.local_addr()?));
        assert_eq!(sent?, 1);
        assert!(calls <= 3, "{calls} calls for one datagram");
        assert_eq!(one.recv(&mut buf).await?, 1);
        let refused = one.try_io(Interest::READABLE, || Err::<(), _>(WOULD_BLOCK.into()));
        assert_eq!(refused.unwrap_err().kind(), WOULD_BLOCK);
        Ok(())
    })
}

#[test]
fn nobody_at_the_other_end_is_an_error_of_the_next_call() -> io::Result<()> {
    block_on(async {
        let socket = bound().await?;
        let gone = std_peer()?;
        let addr = gone.local_addr()?;
        drop(gone);
        socket.connect(addr).await?;
        socket.send(b"anybody?").await?;
        let error = socket.recv(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    })
}

#[test]
fn several_addresses_are_tried_in_turn() -> io::Result<()> {
    block_on(async {
        let taken = std_peer()?.local_addr()?;
        // Nobody has this address: it is set aside for documentation.
        let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
        let own = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket = UdpSocket::bind(&[foreign, own][..]).await?;
        assert_eq!(socket.local_addr()?.ip(), Ipv4Addr::LOCALHOST);
        socket.connect(&[taken][..]).await?;
        assert_eq!(socket.peer_addr()?, taken);
        let error = UdpSocket::bind(&[foreign][..]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
        let error = UdpSocket::bind(&[][..]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        Ok(())
    })
}

#[test]
fn an_address_in_use_is_an_error() -> io::Result<()> {
    block_on(async {
        let socket = bound().await?;
        let error = UdpSocket::bind(socket.local_addr()?).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        Ok(())
    })
}

#[test]
fn options_are_kept_by_the_system() -> io::Result<()> {
    block_on(async {
        let socket = bound().await?;
        assert!(!socket.broadcast()?);
        socket.set_broadcast(true)?;
        assert!(socket.broadcast()?);
        socket.set_ttl(17)?;
        assert_eq!(socket.ttl()?, 17);
        socket.set_multicast_ttl_v4(3)?;
        assert_eq!(socket.multicast_ttl_v4()?, 3);
        socket.set_multicast_loop_v4(false)?;
        assert!(!socket.multicast_loop_v4()?);
        assert!(socket.take_error()?.is_none());
        assert_eq!(
            socket.peer_addr().unwrap_err().kind(),
            io::ErrorKind::NotConnected
        );
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn options_that_linux_has_are_kept() -> io::Result<()> {
    block_on(async {
        let socket = bound().await?;
        socket.set_tos_v4(0x10)?;
        assert_eq!(socket.tos_v4()?, 0x10);
        assert_eq!(socket.device()?, None);
        if let Ok(socket) = UdpSocket::bind("[::1]:0").await {
            socket.set_tclass_v6(0x20)?;
            assert_eq!(socket.tclass_v6()?, 0x20);
            socket.set_multicast_loop_v6(false)?;
            assert!(!socket.multicast_loop_v6()?);
        }
        Ok(())
    })
}

#[test]
fn broadcasting_needs_the_option() -> io::Result<()> {
    block_on(async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let error = socket.send_to(b"x", "255.255.255.255:9").await.unwrap_err();
        // Without a network the system may find no way before it looks at the option.
        assert!(
            matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::NetworkUnreachable
            ),
            "{error}"
        );
        Ok(())
    })
}

#[test]
fn a_group_is_joined_once_and_left_once() -> io::Result<()> {
    block_on(async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let group = Ipv4Addr::new(239, 1, 2, 3);
        socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        assert!(
            socket
                .join_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        assert!(
            socket
                .leave_multicast_v4(group, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        assert!(
            socket
                .join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        Ok(())
    })
}

#[test]
fn a_socket_goes_to_the_standard_library_and_back() -> io::Result<()> {
    block_on(async {
        // It is blocking, which must not stop the thread.
        let socket = UdpSocket::from_std(std_peer()?)?;
        let addr = socket.local_addr()?;
        assert_eq!(socket.try_recv(&mut [0]).unwrap_err().kind(), WOULD_BLOCK);
        let socket = socket.into_std()?;
        assert_eq!(socket.local_addr()?, addr);
        assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), WOULD_BLOCK);
        let socket = UdpSocket::try_from(socket)?;
        std_peer()?.send_to(b"again", addr)?;
        let mut buf = [0; 16];
        assert_eq!(socket.recv(&mut buf).await?, 5);
        assert!(format!("{socket:?}").contains(&addr.port().to_string()));
        Ok(())
    })
}
