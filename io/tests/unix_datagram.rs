//! Unix datagram sockets.

#![cfg(unix)]

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainspring_io::Interest;
use mainspring_io::net::{UnixDatagram, UnixSocket};
use tokio::io::ReadBuf;
use tokio::join;

mod support;
use support::block_on;

const WOULD_BLOCK: io::ErrorKind = io::ErrorKind::WouldBlock;

/// A path that nobody else uses; what is there is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = format!("mainspring-datagram-{}-{number}-{name}", std::process::id());
        Self(std::env::temp_dir().join(file))
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_bound_socket_answers_a_bound_sender() -> io::Result<()> {
    let (server_path, client_path) = (Scratch::new("server"), Scratch::new("client"));
    block_on(async {
        let server = UnixDatagram::bind(&server_path)?;
        let client = UnixDatagram::bind(&client_path)?;
        assert_eq!(client.send_to(b"ping", &server_path).await?, 4);
        let mut buf = [0; 16];
        let (n, sender) = server.recv_from(&mut buf).await?;
        let sender = sender
            .as_pathname()
            .expect("the client is bound")
            .to_owned();
        assert_eq!(sender, client_path.as_ref());
        assert_eq!(server.send_to(&buf[..n], sender).await?, 4);
        client.connect(&server_path)?;
        assert_eq!(
            client.peer_addr()?.as_pathname(),
            Some(server_path.as_ref())
        );
        assert_eq!(client.recv(&mut buf).await?, 4);
        assert_eq!(&buf[..4], b"ping");
        assert_eq!(
            server.local_addr()?.as_pathname(),
            Some(server_path.as_ref())
        );
        Ok(())
    })
}

#[test]
fn an_unbound_sender_is_unnamed_to_every_method() -> io::Result<()> {
    let path = Scratch::new("unnamed");
    block_on(async {
        let server = UnixDatagram::bind(&path)?;
        let client = UnixDatagram::unbound()?;
        client.connect(&path)?;
        for id in 0..5_u8 {
            assert_eq!(client.send(&[id]).await?, 1);
        }
        let mut buf = [0; 4];
        let mut grown = Vec::with_capacity(8);
        let mut room = [0; 4];
        let mut room = ReadBuf::new(&mut room);
        assert!(server.recv_from(&mut buf).await?.1.is_unnamed());
        assert!(server.try_recv_from(&mut buf)?.1.is_unnamed());
        assert!(
            poll_fn(|cx| server.poll_recv_from(cx, &mut room))
                .await?
                .is_unnamed()
        );
        assert!(server.recv_buf_from(&mut grown).await?.1.is_unnamed());
        assert!(server.try_recv_buf_from(&mut grown)?.1.is_unnamed());
        assert_eq!((room.filled(), &*grown), (&[2][..], &[3, 4][..]));
        assert_eq!(
            server.try_recv_buf(&mut grown).unwrap_err().kind(),
            WOULD_BLOCK
        );
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_serves_as_an_address() -> io::Result<()> {
    block_on(async {
        let name = format!("mainspring-datagram-{}", std::process::id());
        let path = format!("\0{name}");
        let server = UnixDatagram::bind(&path)?;
        let client = UnixDatagram::bind(format!("{path}-client"))?;
        client.connect(&path)?;
        client.send(b"a").await?;
        client.send_to(b"b", &path).await?;
        let mut buf = [0; 4];
        let (_, sender) = server.recv_from(&mut buf).await?;
        assert_eq!(
            sender.as_abstract_name(),
            Some(format!("{name}-client").as_bytes())
        );
        let mut grown = Vec::with_capacity(4);
        let (_, sender) = server.recv_buf_from(&mut grown).await?;
        assert_eq!(
            sender.as_abstract_name(),
            Some(format!("{name}-client").as_bytes())
        );
        assert_eq!((buf[0], &*grown), (b'a', &b"b"[..]));
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn a_sender_whose_path_is_too_long_for_std_does_no_harm() -> io::Result<()> {
    let path = Scratch::new("long");
    let server_path = Scratch::new("short");
    block_on(async {
        let server = UnixDatagram::bind(&server_path)?;
        // 108 bytes are the most that fit, without a zero at the end; std and socket2 refuse them.
        let long = format!("{:x<108}", path.0.display());
        let mut addr = libc::sockaddr_un {
            sun_family: libc::AF_UNIX as libc::sa_family_t,
            sun_path: [0; 108],
        };
        for (to, from) in addr.sun_path.iter_mut().zip(long.bytes()) {
            *to = from as libc::c_char;
        }
        let client = std::os::unix::net::UnixDatagram::unbound()?;
        let len = size_of::<libc::sockaddr_un>() as libc::socklen_t;
        // SAFETY: the descriptor is open, and `addr` is an initialised address of `len` bytes.
        let bound = unsafe {
            libc::bind(
                std::os::fd::AsRawFd::as_raw_fd(&client),
                std::ptr::from_ref(&addr).cast(),
                len,
            )
        };
        assert_eq!(bound, 0, "{}", io::Error::last_os_error());
        let _scratch = Scratch(PathBuf::from(long));
        client.send_to(b"one", &server_path)?;
        client.send_to(b"two", &server_path)?;
        let mut buf = Vec::with_capacity(16);
        assert_eq!(server.recv_buf_from(&mut buf).await?.0, 3);
        let mut room = [0; 4];
        let mut room = ReadBuf::new(&mut room);
        poll_fn(|cx| server.poll_recv_from(cx, &mut room)).await?;
        assert_eq!((&*buf, room.filled()), (&b"one"[..], &b"two"[..]));
        Ok(())
    })
}

#[test]
fn a_full_receiver_makes_the_sender_wait_and_nothing_is_lost() -> io::Result<()> {
    block_on(async {
        let (one, other) = UnixDatagram::pair()?;
        let message = [9; 512];
        let mut sent = 0_usize;
        while sent < 100_000 {
            match one.try_send(&message) {
                Ok(_) => sent += 1,
                Err(error) if error.kind() == WOULD_BLOCK => break,
                Err(error) => return Err(error),
            }
        }
        assert!(sent > 0, "there is room for some");
        let more = 50;
        let send = async {
            for _ in 0..more {
                one.send(&message).await?;
            }
            io::Result::Ok(())
        };
        let receive = async {
            let mut buf = [0; 1024];
            for _ in 0..sent + more {
                assert_eq!(other.recv(&mut buf).await?, message.len());
            }
            assert_eq!(other.try_recv(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
            io::Result::Ok(())
        };
        let (sent, received) = join!(send, receive);
        sent.and(received)
    })
}

#[test]
#[cfg(target_os = "linux")]
fn a_sender_waits_without_spinning_for_a_receiver_that_others_have_filled() -> io::Result<()> {
    let path = Scratch::new("full");
    let receiver = std::os::unix::net::UnixDatagram::bind(&path)?;
    let other = std::os::unix::net::UnixDatagram::unbound()?;
    other.set_nonblocking(true)?;
    let mut filled = 0_usize;
    while other.send_to(b"other", &path).is_ok() {
        filled += 1;
    }
    let drain = std::thread::spawn(move || -> io::Result<usize> {
        std::thread::sleep(Duration::from_millis(200));
        receiver.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut buf = [0; 8];
        (0..=filled).try_fold(0, |ours, _| {
            let n = receiver.recv(&mut buf)?;
            Ok(ours + usize::from(&buf[..n] == b"ours"))
        })
    });
    let mut polls = 0;
    let sent = block_on(async {
        let sender = UnixDatagram::unbound()?;
        let mut sending = std::pin::pin!(sender.send_to(b"ours", &path));
        poll_fn(|cx| {
            polls += 1;
            sending.as_mut().poll(cx)
        })
        .await
    });
    assert_eq!(sent?, 4);
    assert_eq!(drain.join().expect("the receiver does not panic")?, 1);
    // Each poll is an attempt or the news of an event; a spinning sender makes thousands.
    assert!((2..=20).contains(&polls), "{polls} polls for one datagram");
    Ok(())
}

#[test]
fn short_datagrams_in_a_row_are_all_received() -> io::Result<()> {
    // A short count must not be taken for an empty queue: no event comes for what waits already.
    block_on(async {
        let (one, other) = UnixDatagram::pair()?;
        for id in 0..8_u8 {
            one.send(&[id]).await?;
        }
        let mut buf = [0; 64];
        let mut grown = Vec::with_capacity(64);
        for id in 0..4_u8 {
            assert_eq!(other.recv(&mut buf).await?, 1);
            assert_eq!(buf[0], id);
        }
        for _ in 4..8 {
            assert_eq!(other.recv_buf(&mut grown).await?, 1);
        }
        assert_eq!(grown, [4, 5, 6, 7]);
        Ok(())
    })
}

#[test]
fn a_datagram_longer_than_the_buffer_is_cut_off_and_the_next_is_whole() -> io::Result<()> {
    block_on(async {
        let (one, other) = UnixDatagram::pair()?;
        one.send(b"0123456789").await?;
        one.send(b"next").await?;
        let mut buf = [0; 4];
        assert_eq!(other.recv(&mut buf).await?, 4);
        assert_eq!(&buf, b"0123");
        assert_eq!(other.recv(&mut buf).await?, 4);
        assert_eq!(&buf, b"next");
        Ok(())
    })
}

#[test]
fn the_poll_methods_do_what_the_async_ones_do() -> io::Result<()> {
    let path = Scratch::new("poll");
    block_on(async {
        let server = UnixDatagram::bind(&path)?;
        let client = UnixDatagram::unbound()?;
        poll_fn(|cx| client.poll_send_ready(cx)).await?;
        assert_eq!(
            poll_fn(|cx| client.poll_send_to(cx, b"ab", &path)).await?,
            2
        );
        assert_eq!(client.try_send_to(b"cd", &path)?, 2);
        client.connect(&path)?;
        assert_eq!(poll_fn(|cx| client.poll_send(cx, b"ef")).await?, 2);
        poll_fn(|cx| server.poll_recv_ready(cx)).await?;
        let mut room = [0; 8];
        let mut room = ReadBuf::new(&mut room);
        for _ in 0..3 {
            poll_fn(|cx| server.poll_recv(cx, &mut room)).await?;
        }
        assert_eq!(room.filled(), b"abcdef");
        server.writable().await?;
        assert!(client.ready(Interest::WRITABLE).await?.is_writable());
        Ok(())
    })
}

#[test]
fn a_receiver_that_is_gone_is_an_error() -> io::Result<()> {
    let path = Scratch::new("gone");
    block_on(async {
        let client = UnixDatagram::unbound()?;
        let error = client.send_to(b"x", &path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        drop(UnixDatagram::bind(&path)?);
        let error = client.send_to(b"x", &path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(
            UnixDatagram::bind(&path).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        assert_eq!(
            client.peer_addr().unwrap_err().kind(),
            io::ErrorKind::NotConnected
        );
        assert!(client.take_error()?.is_none());
        Ok(())
    })
}

#[test]
fn after_the_shutdown_nothing_is_sent_and_what_waits_is_received() -> io::Result<()> {
    block_on(async {
        let (one, other) = UnixDatagram::pair()?;
        one.send(b"last").await?;
        other.shutdown(Shutdown::Both)?;
        assert_eq!(
            one.send(b"x").await.unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
        assert_eq!(
            other.send(b"x").await.unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
        let mut buf = [0; 8];
        assert_eq!(other.recv(&mut buf).await?, 4);
        assert_eq!(other.try_recv(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        // The system calls the socket ready for good now, and `recv` finds nothing: one poll must
        // come to an end all the same.
        let mut waiting = std::pin::pin!(other.recv(&mut buf));
        poll_fn(|cx| {
            assert!(waiting.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        Ok(())
    })
}

#[test]
fn a_socket_goes_to_the_standard_library_and_back() -> io::Result<()> {
    block_on(async {
        let (one, other) = std::os::unix::net::UnixDatagram::pair()?;
        // It is blocking, which must not stop the thread.
        let one = UnixDatagram::from_std(one)?;
        assert_eq!(one.try_recv(&mut [0]).unwrap_err().kind(), WOULD_BLOCK);
        let one = UnixDatagram::try_from(one.into_std()?)?;
        other.send(b"x")?;
        one.readable().await?;
        assert_eq!(
            one.async_io(Interest::READABLE, || one.try_recv(&mut [0]))
                .await?,
            1
        );
        assert!(format!("{one:?}").contains("UnixDatagram"));
        let by_hand = UnixSocket::new_datagram()?.datagram()?;
        assert!(by_hand.local_addr()?.is_unnamed());
        Ok(())
    })
}
