//! Looking names up, on the offload pool.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mainspring::net::{TcpListener, TcpStream, lookup_host};
use mainspring::time::timeout;

use crate::each::{in_each_runtime, on_each_runtime};

#[test]
fn the_name_of_this_machine_is_found() {
    in_each_runtime(|| async {
        let found: Vec<_> = lookup_host("localhost:80")
            .await
            .expect("it is known")
            .collect();
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|addr| addr.ip().is_loopback() && addr.port() == 80),
            "{found:?}"
        );
    });
}

#[test]
fn addresses_need_no_look_up() {
    on_each_runtime(|runtime| {
        let metrics = runtime.metrics();
        runtime.block_on(async {
            let expected = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7);
            let found: Vec<_> = lookup_host("127.0.0.1:7")
                .await
                .expect("it is one")
                .collect();
            assert_eq!(found, [expected]);
            let found: Vec<_> = lookup_host(("127.0.0.1", 7))
                .await
                .expect("it is one")
                .collect();
            assert_eq!(found, [expected]);
            let found: Vec<_> = lookup_host(expected).await.expect("it is one").collect();
            assert_eq!(found, [expected]);
        });
        assert_eq!(metrics.num_blocking_threads(), 0);
    });
}

#[test]
fn a_connection_is_made_by_name() {
    in_each_runtime(|| async {
        let listener = TcpListener::bind("localhost:0")
            .await
            .expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (stream, accepted) =
            mainspring::join!(TcpStream::connect(("localhost", port)), listener.accept());
        stream.expect("one of the addresses listens");
        accepted.expect("it has connected");
    });
}

#[test]
fn what_is_no_name_is_an_error() {
    in_each_runtime(|| async {
        for wrong in ["localhost", "localhost:port", "127.0.0.1:99999", ""] {
            assert!(lookup_host(wrong).await.is_err(), "{wrong:?}");
        }
    });
}

#[test]
fn a_look_up_can_be_given_up() {
    in_each_runtime(|| async {
        for _ in 0..20 {
            let _ = timeout(Duration::from_micros(1), lookup_host("localhost:80")).await;
        }
        let found = lookup_host("localhost:80")
            .await
            .expect("it is known")
            .count();
        assert!(found > 0);
    });
}
