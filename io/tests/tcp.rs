//! What goes over TCP connections, on real sockets of the loopback interface.

use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mainspring_io::Interest;
use mainspring_io::net::{TcpListener, TcpStream};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::join;

mod support;
use support::block_on;

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

/// A stream of this crate, and a peer that blocks: nothing of the crate under test is on its side.
async fn with_std_peer() -> io::Result<(TcpStream, std::net::TcpStream)> {
    let (listener, addr) = listener().await?;
    let peer = std::net::TcpStream::connect(addr)?;
    peer.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok((listener.accept().await?.0, peer))
}

#[test]
fn messages_are_echoed_many_times() -> io::Result<()> {
    block_on(async {
        let (mut client, mut server) = connected().await?;
        let echo = async {
            let mut buf = [0; 4096];
            loop {
                match server.read(&mut buf).await? {
                    0 => return io::Result::Ok(()),
                    n => server.write_all(&buf[..n]).await?,
                }
            }
        };
        let ask = async {
            let mut buf = [0; 64];
            for round in 0..1000_u32 {
                let message = [round as u8; 64];
                client.write_all(&message).await?;
                client.read_exact(&mut buf).await?;
                assert_eq!(buf, message);
            }
            client.shutdown().await
        };
        let (echoed, asked) = join!(echo, ask);
        echoed.and(asked)
    })
}

#[test]
fn the_traits_of_futures_io_work_as_well() -> io::Result<()> {
    use futures_util::io::{AsyncReadExt, AsyncWriteExt};

    block_on(async {
        let (mut client, mut server) = connected().await?;
        AsyncWriteExt::write_all(&mut client, b"hello").await?;
        AsyncWriteExt::close(&mut client).await?;
        let mut text = String::new();
        AsyncReadExt::read_to_string(&mut server, &mut text).await?;
        assert_eq!(text, "hello");
        Ok(())
    })
}

#[test]
fn futures_io_reads_into_several_buffers_at_once() -> io::Result<()> {
    /// How many bytes one read puts into buffers of two, none and nine.
    async fn read(mut reader: impl futures_util::io::AsyncRead + Unpin) -> io::Result<usize> {
        use futures_util::io::AsyncReadExt;

        let (mut first, mut last) = ([0; 2], [0; 9]);
        let mut bufs = [&mut first[..], &mut [], &mut last[..]].map(IoSliceMut::new);
        let n = reader.read_vectored(&mut bufs).await?;
        assert_eq!((&first, &last[..3]), (b"he", &b"llo"[..]));
        Ok(n)
    }

    block_on(async {
        let (mut client, mut server) = connected().await?;
        client.write_all(b"hello").await?;
        assert_eq!(read(&mut server).await?, 5);
        // Nothing is left: this waits for what is written then.
        let (n, sent) = join!(read(server.split().0), client.write_all(b"hello"));
        sent?;
        assert_eq!(n?, 5);
        let (half, _write) = server.into_split();
        client.write_all(b"hello").await?;
        assert_eq!(read(half).await?, 5);
        Ok(())
    })
}

#[test]
fn more_than_the_buffers_hold_goes_both_ways_at_once() -> io::Result<()> {
    const LEN: usize = 4 << 20;
    async fn exchange(stream: TcpStream, byte: u8) -> io::Result<()> {
        let (mut read, mut write) = stream.into_split();
        let send = async {
            write.write_all(&vec![byte; LEN]).await?;
            write.shutdown().await
        };
        let mut received = Vec::new();
        let (sent, count) = join!(send, read.read_to_end(&mut received));
        sent?;
        assert_eq!(count?, LEN);
        assert!(received.iter().all(|b| *b == 3 - byte));
        Ok(())
    }
    block_on(async {
        let (client, server) = connected().await?;
        let (one, other) = join!(exchange(client, 1), exchange(server, 2));
        one.and(other)
    })
}

#[test]
fn several_buffers_are_written_and_read_at_once() -> io::Result<()> {
    block_on(async {
        let (mut client, server) = connected().await?;
        let n = client
            .write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cde")])
            .await?;
        assert_eq!(n, 5);
        assert!(tokio::io::AsyncWrite::is_write_vectored(&client));
        let (mut one, mut other) = ([0; 3], [0; 8]);
        server.readable().await?;
        let mut bufs = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut other)];
        assert_eq!(server.try_read_vectored(&mut bufs)?, 5);
        assert_eq!((&one, &other[..2]), (b"abc", &b"de"[..]));
        assert_eq!(
            server.try_write_vectored(&[IoSlice::new(b"x"), IoSlice::new(b"y")])?,
            2
        );
        let mut answer = [0; 2];
        client.read_exact(&mut answer).await?;
        assert_eq!(&answer, b"xy");
        Ok(())
    })
}

/// The system takes 1024 buffers in one call. That it leaves the rest is not for want of room, or
/// of data.
#[test]
fn more_buffers_than_the_system_takes_leave_the_stream_ready() -> io::Result<()> {
    block_on(async {
        let (mut client, server) = connected().await?;
        let bufs: Vec<_> = (0..2000).map(|_| IoSlice::new(b"z")).collect();
        let first = client.write_vectored(&bufs).await?;
        assert!((1..2000).contains(&first));
        client.writable().await?;
        let second = client.try_write_vectored(&bufs)?;
        client.writable().await?;
        let sent = first + second;

        let mut received = 0;
        while received < sent {
            let mut bytes = vec![[0]; 2000];
            let mut bufs: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
            server.readable().await?;
            match server.try_read_vectored(&mut bufs) {
                Ok(n) => received += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        assert_eq!(received, sent);
        Ok(())
    })
}

#[test]
fn what_is_peeked_at_is_still_there() -> io::Result<()> {
    block_on(async {
        let (mut client, mut server) = connected().await?;
        client.write_all(b"hello").await?;
        let mut buf = [0; 8];
        for _ in 0..3 {
            assert_eq!(server.peek(&mut buf).await?, 5);
        }
        let mut buf = ReadBuf::new(&mut buf);
        assert_eq!(poll_fn(|cx| server.poll_peek(cx, &mut buf)).await?, 5);
        assert_eq!(buf.filled(), b"hello");
        let mut buf = [0; 5];
        server.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"hello");
        Ok(())
    })
}

#[test]
fn one_direction_can_be_shut_down_before_the_other() -> io::Result<()> {
    block_on(async {
        let (mut client, mut server) = connected().await?;
        client.write_all(b"question").await?;
        client.shutdown().await?;
        let mut question = Vec::new();
        server.read_to_end(&mut question).await?;
        assert_eq!(question, b"question");
        assert!(
            server.ready(Interest::READABLE).await?.is_read_closed() || cfg!(mainspring_portable)
        );
        server.write_all(b"answer").await?;
        drop(server);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await?;
        assert_eq!(answer, b"answer");
        Ok(())
    })
}

/// The last words and the end are one event. A read that gets the words is short; the end must not
/// be forgotten.
#[test]
fn an_end_that_arrives_with_the_last_data_is_seen() -> io::Result<()> {
    block_on(async {
        for _ in 0..20 {
            let (mut stream, mut peer) = with_std_peer().await?;
            // The accepted stream is believed readable; this takes that away.
            let mut buf = [0; 4096];
            assert!(stream.try_read(&mut buf).is_err());
            peer.write_all(b"last words")?;
            drop(peer);
            // So that both have arrived before the driver looks.
            std::thread::sleep(Duration::from_millis(5));
            assert_eq!(stream.read(&mut buf).await?, 10);
            assert_eq!(stream.read(&mut buf).await?, 0);
            assert_eq!(stream.read(&mut buf).await?, 0);
        }
        Ok(())
    })
}

/// A read stops at the urgent byte though there is more behind it, so it is short without having
/// drained the stream.
#[test]
fn an_urgent_byte_does_not_hide_what_follows_it() -> io::Result<()> {
    block_on(async {
        let (mut stream, mut peer) = with_std_peer().await?;
        let mut buf = [0; 4096];
        assert!(stream.try_read(&mut buf).is_err());
        peer.write_all(b"ab")?;
        SockRef::from(&peer).send_out_of_band(b"!")?;
        peer.write_all(b"cd")?;
        std::thread::sleep(Duration::from_millis(20));
        let mut received = Vec::new();
        while received.len() < 4 {
            let n = stream.read(&mut buf).await?;
            received.extend_from_slice(&buf[..n]);
        }
        assert_eq!(received, b"abcd");
        Ok(())
    })
}

#[test]
fn a_reset_by_the_peer_is_an_error_of_the_waiting_read() -> io::Result<()> {
    block_on(async {
        let (mut stream, peer) = with_std_peer().await?;
        SockRef::from(&peer).set_linger(Some(Duration::ZERO))?;
        let reset = async {
            stream.writable().await?;
            drop(peer);
            stream.read(&mut [0; 8]).await
        };
        let error = reset.await.expect_err("the connection is gone");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        // What is left is not an end of the stream that one would wait for.
        assert!(stream.write_all(b"x").await.is_err());
        assert!(stream.shutdown().await.is_ok());
        Ok(())
    })
}

#[test]
fn zero_linger_resets_the_connection() -> io::Result<()> {
    block_on(async {
        let (mut client, server) = connected().await?;
        server.set_zero_linger()?;
        assert_eq!(server.linger()?, Some(Duration::ZERO));
        drop(server);
        let error = client
            .read(&mut [0; 8])
            .await
            .expect_err("the connection is gone");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        Ok(())
    })
}

#[test]
fn trying_says_would_block_instead_of_waiting() -> io::Result<()> {
    block_on(async {
        let (client, server) = connected().await?;
        let mut buf = vec![0; 1 << 16];
        let error = client.try_read(&mut buf).expect_err("nothing was sent");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);

        let mut sent = 0;
        let error = loop {
            match client.try_write(&buf) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);

        let drain = async {
            let mut received = 0;
            while received < sent {
                server.readable().await?;
                match server.try_read(&mut buf) {
                    Ok(n) => received += n,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        let (writable, drained) = join!(client.writable(), drain);
        writable.and(drained)?;
        assert!(client.try_write(b"x")? == 1);
        Ok(())
    })
}

#[test]
fn reading_goes_into_a_growing_buffer() -> io::Result<()> {
    block_on(async {
        let (mut client, server) = connected().await?;
        client.write_all(b"hello").await?;
        let mut buf = Vec::with_capacity(16);
        server.readable().await?;
        assert_eq!(server.try_read_buf(&mut buf)?, 5);
        assert_eq!(buf, b"hello");
        Ok(())
    })
}

#[test]
fn own_operations_wait_until_they_do_not_block() -> io::Result<()> {
    block_on(async {
        let (stream, mut peer) = with_std_peer().await?;
        let mut buf = [0; 8];
        let mut calls = 0;
        let receive = stream.async_io(Interest::READABLE, || {
            calls += 1;
            SockRef::from(&stream).recv(as_uninit(&mut buf))
        });
        let send = async { peer.write_all(b"abc") };
        let (received, sent) = join!(receive, send);
        sent?;
        assert_eq!(received?, 3);
        assert!((1..=2).contains(&calls), "{calls}");
        let again = stream.try_io(Interest::READABLE, || {
            SockRef::from(&stream).recv(as_uninit(&mut buf))
        });
        assert_eq!(
            again.expect_err("nothing more").kind(),
            io::ErrorKind::WouldBlock
        );
        Ok(())
    })
}

fn as_uninit(buf: &mut [u8]) -> &mut [std::mem::MaybeUninit<u8>] {
    // SAFETY: both types have the same layout, and only initialised bytes are written through it.
    unsafe { &mut *(std::ptr::from_mut(buf) as *mut [std::mem::MaybeUninit<u8>]) }
}

#[test]
fn lent_halves_read_and_write_at_the_same_time() -> io::Result<()> {
    block_on(async {
        let (mut client, mut server) = connected().await?;
        let (mut read, mut write) = client.split();
        let mut buf = [0; 2];
        let exchange = async {
            server.write_all(b"yo").await?;
            server.read_u8().await
        };
        let (got, sent, exchanged) =
            join!(read.read_exact(&mut buf), write.write_all(b"x"), exchange);
        got?;
        sent?;
        assert_eq!((&buf, exchanged?), (b"yo", b'x'));
        assert_eq!(read.peer_addr()?, write.peer_addr()?);
        Ok(())
    })
}

#[test]
fn dropping_the_owned_half_that_writes_ends_the_stream() -> io::Result<()> {
    block_on(async {
        let (client, mut server) = connected().await?;
        let (mut read, write) = client.into_split();
        drop(write);
        assert_eq!(server.read(&mut [0; 8]).await?, 0);
        server.write_all(b"x").await?;
        assert_eq!(read.peek(&mut [0; 8]).await?, 1);
        assert_eq!(read.read_u8().await?, b'x');
        Ok(())
    })
}

#[test]
fn halves_come_together_only_with_their_own() -> io::Result<()> {
    block_on(async {
        let (client, server) = connected().await?;
        let addr = client.local_addr()?;
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        let error = client_read
            .reunite(server_write)
            .expect_err("they are strangers");
        let mut client = error
            .0
            .reunite(client_write)
            .expect("they are of one stream");
        assert_eq!(client.local_addr()?, addr);
        let mut server = error
            .1
            .reunite(server_read)
            .expect("they are of one stream");
        server.write_all(b"x").await?;
        assert_eq!(client.read_u8().await?, b'x');
        Ok(())
    })
}
