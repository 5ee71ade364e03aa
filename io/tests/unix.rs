//! Unix sockets: streams, listeners, halves, addresses.

#![cfg(unix)]

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use mainspring_io::Interest;
use mainspring_io::net::{UnixListener, UnixSocket, UnixStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
        let file = format!("mainspring-{}-{number}-{name}", std::process::id());
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
fn a_listener_serves_a_blocking_client() -> io::Result<()> {
    let path = Scratch::new("echo");
    block_on(async {
        let listener = UnixListener::bind(&path)?;
        assert_eq!(listener.local_addr()?.as_pathname(), Some(path.as_ref()));
        let client = std::os::unix::net::UnixStream::connect(&path)?;
        let peer = std::thread::spawn(move || -> io::Result<String> {
            let mut client = client;
            client.write_all(b"hello")?;
            client.shutdown(std::net::Shutdown::Write)?;
            let mut answer = String::new();
            client.read_to_string(&mut answer)?;
            Ok(answer)
        });
        let (mut stream, addr) = listener.accept().await?;
        assert!(addr.is_unnamed());
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        stream.write_all(text.to_uppercase().as_bytes()).await?;
        drop(stream);
        assert_eq!(peer.join().expect("the peer does not panic")?, "HELLO");
        Ok(())
    })
}

#[test]
fn a_client_connects_before_the_listener_accepts() -> io::Result<()> {
    let path = Scratch::new("connect");
    block_on(async {
        let listener = UnixListener::bind(&path)?;
        let mut client = UnixStream::connect(&path).await?;
        assert_eq!(client.peer_addr()?.as_pathname(), Some(path.as_ref()));
        assert!(client.local_addr()?.is_unnamed());
        client.write_all(b"first").await?;
        let (mut server, _) = poll_fn(|cx| listener.poll_accept(cx)).await?;
        let mut buf = [0; 5];
        server.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"first");
        let again = UnixStream::connect_addr(&listener.local_addr()?).await?;
        let (other, _) = listener.accept().await?;
        assert_eq!(other.local_addr()?.as_pathname(), Some(path.as_ref()));
        assert!(again.take_error()?.is_none());
        Ok(())
    })
}

#[test]
fn an_accept_waits_and_a_dropped_one_loses_no_connection() -> io::Result<()> {
    let path = Scratch::new("accept");
    block_on(async {
        let listener = UnixListener::bind(&path)?;
        {
            let mut waiting = std::pin::pin!(listener.accept());
            poll_fn(|cx| {
                assert!(waiting.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
        }
        let (accepted, connected) = join!(listener.accept(), UnixStream::connect(&path));
        accepted?;
        connected?;
        Ok(())
    })
}

#[test]
fn a_path_in_use_is_an_error_even_when_nobody_listens() -> io::Result<()> {
    let path = Scratch::new("in-use");
    block_on(async {
        let listener = UnixListener::bind(&path)?;
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        std::fs::remove_file(&path)?;
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        UnixListener::bind(&path)?;
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_needs_no_file_and_vanishes() -> io::Result<()> {
    block_on(async {
        let name = format!("mainspring-test-{}", std::process::id());
        let path = format!("\0{name}");
        let listener = UnixListener::bind(&path)?;
        assert_eq!(
            listener.local_addr()?.as_abstract_name(),
            Some(name.as_bytes())
        );
        assert_eq!(listener.local_addr()?.as_pathname(), None);
        let client = UnixStream::connect(&path).await?;
        assert_eq!(
            client.peer_addr()?.as_abstract_name(),
            Some(name.as_bytes())
        );
        let again = UnixStream::connect_addr(&listener.local_addr()?).await?;
        drop((listener, client, again));
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        UnixListener::bind(&path)?;
        Ok(())
    })
}

#[test]
fn a_pair_is_connected_both_ways() -> io::Result<()> {
    block_on(async {
        let (mut one, mut other) = UnixStream::pair()?;
        assert!(one.peer_addr()?.is_unnamed());
        let mut buf = [0; 64];
        for round in 1..=64 {
            one.write_all(&[7; 64][..round]).await?;
            other.read_exact(&mut buf[..round]).await?;
            other.write_all(&buf[..round]).await?;
            one.read_exact(&mut buf[..round]).await?;
        }
        Ok(())
    })
}

#[test]
fn more_than_the_kernel_holds_goes_through() -> io::Result<()> {
    block_on(async {
        let (mut one, mut other) = UnixStream::pair()?;
        let sent: Vec<u8> = (0..4_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut got = Vec::new();
        let write = async {
            one.write_all(&sent).await?;
            one.shutdown().await
        };
        let (written, read) = join!(write, other.read_to_end(&mut got));
        written?;
        assert_eq!(read?, sent.len());
        assert!(got == sent, "the bytes came in another order");
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn bytes_behind_a_message_with_a_descriptor_are_not_overlooked() -> io::Result<()> {
    use std::mem::MaybeUninit;
    use std::os::fd::AsFd;

    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    // The kernel ends a read behind such a message, however much waits. A reader that took the
    // short count for an empty socket would wait for an event that has been and gone.
    block_on(async {
        let (one, mut other) = UnixStream::pair()?;
        for round in 0..3 {
            let passed = [one.as_fd()];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            assert!(control.push(SendAncillaryMessage::ScmRights(&passed)));
            sendmsg(
                &one,
                &[IoSlice::new(b"with ")],
                &mut control,
                SendFlags::empty(),
            )?;
            assert_eq!(one.try_write(b"without")?, 7, "round {round}");
            let mut got = Vec::new();
            let mut buf = [0; 64];
            while got.len() < 12 {
                let n = other.read(&mut buf).await?;
                got.extend_from_slice(&buf[..n]);
            }
            assert_eq!(got, b"with without");
        }
        Ok(())
    })
}

#[test]
fn closing_one_direction_leaves_the_other_open() -> io::Result<()> {
    block_on(async {
        let (mut one, mut other) = UnixStream::pair()?;
        one.write_all(b"last words").await?;
        one.shutdown().await?;
        let mut text = String::new();
        other.read_to_string(&mut text).await?;
        assert_eq!(text, "last words");
        other.write_all(b"an answer").await?;
        drop(other);
        text.clear();
        one.read_to_string(&mut text).await?;
        assert_eq!(text, "an answer");
        assert_eq!(
            one.write_all(b"x").await.unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
        Ok(())
    })
}

#[test]
fn the_halves_work_side_by_side() -> io::Result<()> {
    block_on(async {
        let (mut one, mut other) = UnixStream::pair()?;
        let (mut read, mut write) = one.split();
        assert!(read.peer_addr()?.is_unnamed() && write.local_addr()?.is_unnamed());
        let echo = async {
            let mut buf = [0; 4];
            other.read_exact(&mut buf).await?;
            other.write_all(&buf).await
        };
        let mut buf = [0; 4];
        let (got, sent, echoed) = join!(read.read_exact(&mut buf), write.write_all(b"ping"), echo);
        got?;
        sent?;
        echoed?;
        assert_eq!(&buf, b"ping");
        write.writable().await?;
        assert_eq!(write.try_write(b"x")?, 1);
        assert_eq!(write.try_write_vectored(&[IoSlice::new(b"yz")])?, 2);
        assert_eq!(read.try_read(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        assert!(write.ready(Interest::WRITABLE).await?.is_writable());
        assert_eq!(write.as_ref().as_raw_fd(), read.as_ref().as_raw_fd());
        Ok(())
    })
}

#[test]
fn dropping_the_half_that_writes_ends_the_stream_for_the_other_end() -> io::Result<()> {
    block_on(async {
        let (one, mut other) = UnixStream::pair()?;
        let (mut read, mut write) = one.into_split();
        write.write_all(b"bye").await?;
        drop(write);
        let mut text = String::new();
        other.read_to_string(&mut text).await?;
        assert_eq!(text, "bye");
        other.write_all(b"still here").await?;
        drop(other);
        text.clear();
        read.read_to_string(&mut text).await?;
        assert_eq!(text, "still here");
        Ok(())
    })
}

#[test]
fn a_forgotten_half_does_not_end_the_stream() -> io::Result<()> {
    block_on(async {
        let (one, other) = UnixStream::pair()?;
        let (read, write) = one.into_split();
        write.forget();
        let mut buf = [0; 1];
        assert_eq!(other.try_read(&mut buf).unwrap_err().kind(), WOULD_BLOCK);
        drop(read);
        other.readable().await?;
        assert_eq!(other.try_read(&mut buf)?, 0);
        Ok(())
    })
}

#[test]
fn only_halves_of_one_stream_are_put_together() -> io::Result<()> {
    block_on(async {
        let (one, mut other) = UnixStream::pair()?;
        let (one_read, one_write) = one.into_split();
        let (third, _fourth) = UnixStream::pair()?;
        let (third_read, third_write) = third.into_split();
        let error = one_read.reunite(third_write).unwrap_err();
        assert!(error.to_string().contains("same stream"));
        let (one_read, third_write) = (error.0, error.1);
        assert!(third_write.reunite(third_read).is_ok());
        let mut one = one_write.reunite(one_read).expect("they belong together");
        one.write_all(b"whole").await?;
        drop(one);
        let mut text = String::new();
        other.read_to_string(&mut text).await?;
        assert_eq!(text, "whole");
        Ok(())
    })
}

#[test]
fn several_buffers_go_in_one_call() -> io::Result<()> {
    block_on(async {
        let (mut one, mut other) = UnixStream::pair()?;
        assert!(tokio::io::AsyncWrite::is_write_vectored(&one));
        let bufs = [IoSlice::new(b"ab"), IoSlice::new(b"cde")];
        assert_eq!(one.write_vectored(&bufs).await?, 5);
        other.readable().await?;
        let (mut left, mut right) = ([0; 3], [0; 8]);
        let bufs = &mut [IoSliceMut::new(&mut left), IoSliceMut::new(&mut right)];
        assert_eq!(other.try_read_vectored(bufs)?, 5);
        assert_eq!((&left, &right[..2]), (b"abc", &b"de"[..]));
        assert_eq!(one.try_write(b"f")?, 1);
        other.readable().await?;
        let mut buf = Vec::with_capacity(8);
        assert_eq!(other.try_read_buf(&mut buf)?, 1);
        assert_eq!(
            other.try_read_buf(&mut buf).unwrap_err().kind(),
            WOULD_BLOCK
        );
        assert_eq!(buf, b"f");
        drop(one);
        assert_eq!(other.read_buf(&mut buf).await?, 0);
        Ok(())
    })
}

#[test]
fn the_traits_of_futures_io_do_the_same() -> io::Result<()> {
    block_on(async {
        let (mut one, other) = UnixStream::pair()?;
        let (mut read, mut write) = other.into_split();
        let mut pinned = std::pin::Pin::new(&mut one);
        let n =
            poll_fn(|cx| futures_io::AsyncWrite::poll_write(pinned.as_mut(), cx, b"abc")).await?;
        assert_eq!(n, 3);
        let mut buf = [0; 8];
        let mut half = std::pin::Pin::new(&mut read);
        let n = poll_fn(|cx| futures_io::AsyncRead::poll_read(half.as_mut(), cx, &mut buf)).await?;
        assert_eq!(&buf[..n], b"abc");
        let mut half = std::pin::Pin::new(&mut write);
        let bufs = [IoSlice::new(b"d"), IoSlice::new(b"e")];
        let n = poll_fn(|cx| futures_io::AsyncWrite::poll_write_vectored(half.as_mut(), cx, &bufs))
            .await?;
        assert_eq!(n, 2);
        poll_fn(|cx| futures_io::AsyncWrite::poll_flush(half.as_mut(), cx)).await?;
        poll_fn(|cx| futures_io::AsyncWrite::poll_close(half.as_mut(), cx)).await?;
        let n =
            poll_fn(|cx| futures_io::AsyncRead::poll_read(pinned.as_mut(), cx, &mut buf)).await?;
        assert_eq!(&buf[..n], b"de");
        let n =
            poll_fn(|cx| futures_io::AsyncRead::poll_read(pinned.as_mut(), cx, &mut buf)).await?;
        assert_eq!(n, 0);
        poll_fn(|cx| futures_io::AsyncWrite::poll_close(pinned.as_mut(), cx)).await?;
        Ok(())
    })
}

#[test]
#[cfg(target_os = "linux")]
fn the_kernel_tells_who_the_peer_is() -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    block_on(async {
        let (one, _other) = UnixStream::pair()?;
        let cred = one.peer_cred()?;
        // The owner of this process's own directory in `/proc` is its effective user and group.
        let own = std::fs::metadata("/proc/self")?;
        assert_eq!((cred.uid(), cred.gid()), (own.uid(), own.gid()));
        assert_eq!(cred.pid(), i32::try_from(std::process::id()).ok());
        Ok(())
    })
}

#[test]
fn a_stream_and_a_listener_go_to_the_standard_library_and_back() -> io::Result<()> {
    let path = Scratch::new("std");
    block_on(async {
        // Both are blocking, which must not stop the thread.
        let listener = UnixListener::from_std(std::os::unix::net::UnixListener::bind(&path)?)?;
        let listener = UnixListener::try_from(listener.into_std()?)?;
        let client = std::os::unix::net::UnixStream::connect(&path)?;
        let client = UnixStream::try_from(UnixStream::from_std(client)?.into_std()?)?;
        assert_eq!(client.try_read(&mut [0]).unwrap_err().kind(), WOULD_BLOCK);
        let (mut server, _) = listener.accept().await?;
        server.write_all(b"x").await?;
        client.readable().await?;
        assert_eq!(client.try_read(&mut [0])?, 1);
        assert!(listener.take_error()?.is_none());
        assert!(format!("{client:?}").contains("UnixStream"));
        Ok(())
    })
}

#[test]
fn a_socket_made_by_hand_becomes_what_it_can_be() -> io::Result<()> {
    let (path, own) = (Scratch::new("by-hand"), Scratch::new("by-hand-client"));
    block_on(async {
        let socket = UnixSocket::new_stream()?;
        socket.bind(&path)?;
        let listener = socket.listen(16)?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(&own)?;
        let _client = socket.connect(&path).await?;
        let (_server, addr) = listener.accept().await?;
        assert_eq!(addr.as_pathname(), Some(own.as_ref()));
        let wrong = [
            UnixSocket::new_datagram()?.listen(1).unwrap_err(),
            UnixSocket::new_datagram()?
                .connect(&path)
                .await
                .unwrap_err(),
            UnixSocket::new_stream()?.datagram().unwrap_err(),
        ];
        for error in wrong {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        }
        Ok(())
    })
}

#[test]
fn a_socket_that_was_made_elsewhere_listens_without_blocking() -> io::Result<()> {
    let path = Scratch::new("elsewhere");
    block_on(async {
        let blocking = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        // SAFETY: the descriptor is open, and has just been given away by its owner.
        let socket = unsafe { UnixSocket::from_raw_fd(blocking.into_raw_fd()) };
        socket.bind(&path)?;
        let listener = socket.listen(4)?;
        let client = UnixSocket::new_stream()?.into_raw_fd();
        // SAFETY: as above.
        let client = unsafe { UnixSocket::from_raw_fd(client) };
        let (accepted, mut client) = join!(listener.accept(), client.connect(&path));
        client
            .as_mut()
            .expect("a connection")
            .write_all(b"x")
            .await?;
        assert_eq!(accepted?.0.read_u8().await?, b'x');
        // The next one would have to wait.
        let mut cx = Context::from_waker(Waker::noop());
        assert!(listener.poll_accept(&mut cx).is_pending());
        Ok(())
    })
}

#[test]
fn futures_io_reads_into_several_buffers_at_once() -> io::Result<()> {
    /// How many bytes one read puts into buffers of two and nine.
    async fn read(mut reader: impl futures_io::AsyncRead + Unpin) -> io::Result<usize> {
        let (mut first, mut last) = ([0; 2], [0; 9]);
        let mut bufs = [&mut first[..], &mut last[..]].map(IoSliceMut::new);
        let mut reader = std::pin::Pin::new(&mut reader);
        let n = poll_fn(|cx| reader.as_mut().poll_read_vectored(cx, &mut bufs)).await?;
        assert_eq!((&first, &last[..3]), (b"he", &b"llo"[..]));
        Ok(n)
    }

    block_on(async {
        let (mut near, mut far) = UnixStream::pair()?;
        far.write_all(b"hello").await?;
        assert_eq!(read(&mut near).await?, 5);
        // Nothing is left: this waits for what is written then.
        let (n, sent) = join!(read(near.split().0), far.write_all(b"hello"));
        sent?;
        assert_eq!(n?, 5);
        let (half, _write) = near.into_split();
        far.write_all(b"hello").await?;
        assert_eq!(read(half).await?, 5);
        Ok(())
    })
}
