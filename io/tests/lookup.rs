//! Looking up names and addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use mainspring_io::net::{ToSocketAddrs, UdpSocket, lookup_host};

mod support;
use support::{block_on, block_on_with_pool};

async fn all(host: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    Ok(lookup_host(host).await?.collect())
}

#[test]
fn localhost_is_this_machine() -> io::Result<()> {
    block_on_with_pool(async {
        for found in [all("localhost:80").await?, all(("localhost", 80)).await?] {
            assert!(!found.is_empty());
            for addr in found {
                assert!(addr.ip().is_loopback(), "{addr}");
                assert_eq!(addr.port(), 80);
            }
        }
        Ok(())
    })
}

#[test]
fn a_literal_needs_no_pool() -> io::Result<()> {
    // There is no pool here: a look-up that wanted a thread would panic.
    block_on(async {
        let v4 = SocketAddr::from(([127, 0, 0, 1], 7));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 7));
        assert_eq!(all("127.0.0.1:7").await?, [v4]);
        assert_eq!(all(("127.0.0.1", 7)).await?, [v4]);
        assert_eq!(all((IpAddr::V4(Ipv4Addr::LOCALHOST), 7)).await?, [v4]);
        assert_eq!(all("[::1]:7").await?, [v6]);
        assert_eq!(all(("::1", 7)).await?, [v6]);
        assert_eq!(all(v6).await?, [v6]);
        assert_eq!(all(&[v6, v4][..]).await?, [v6, v4]);
        Ok(())
    })
}

#[test]
fn an_unknown_host_is_named_by_the_error() {
    block_on_with_pool(async {
        let begin = Instant::now();
        let error = all("nobody.invalid:80")
            .await
            .expect_err("`invalid` is never delegated");
        assert!(error.to_string().contains("nobody.invalid"), "{error}");
        let source = std::error::Error::source(error.get_ref().expect("an error of our own"));
        assert!(source.is_some(), "the resolver's own error is kept");
        // The resolver's time-outs are its own; this only bounds what we add.
        assert!(begin.elapsed() < Duration::from_secs(60));
        let error = UdpSocket::bind("nobody.invalid:0").await.unwrap_err();
        assert!(error.to_string().contains("nobody.invalid"), "{error}");
    });
}

#[test]
fn a_name_with_a_zero_byte_is_an_error() {
    block_on_with_pool(async {
        let error = all("a\0b:80").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn text_without_a_port_and_an_empty_list_are_errors() {
    block_on(async {
        for text in ["localhost", "localhost:http", "127.0.0.1:70000"] {
            let error = all(text).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(text), "{error}");
        }
        let error = all(&[][..]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn a_look_up_is_independent_of_the_text_that_it_was_given() -> io::Result<()> {
    block_on_with_pool(async {
        let found = {
            let text = String::from("localhost:80");
            lookup_host(text).await?
        };
        assert!(found.count() > 0);
        Ok(())
    })
}

#[test]
fn many_look_ups_go_side_by_side() -> io::Result<()> {
    block_on_with_pool(async {
        let (a, b, c, d) = tokio::join!(
            all("localhost:1"),
            all("localhost:2"),
            all("localhost:3"),
            all("localhost:4"),
        );
        for (port, found) in (1..).zip([a?, b?, c?, d?]) {
            assert!(found.iter().all(|addr| addr.port() == port));
        }
        Ok(())
    })
}
