//! UDP between tasks and threads.

use std::net::UdpSocket as StdUdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainspring::net::UdpSocket;
use mainspring::task::JoinSet;
use mainspring::time::{sleep, timeout};

use crate::bounded::LIMIT;
use crate::each::{in_each_runtime, on_each_runtime};

#[test]
fn datagrams_are_echoed_to_where_they_came_from() {
    in_each_runtime(|| async {
        let server = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = server.local_addr().expect("it is bound");
        let echo = mainspring::spawn(async move {
            let mut block = [0; 1500];
            loop {
                let (count, peer) = server.recv_from(&mut block).await.expect("it is bound");
                server
                    .send_to(&block[..count], peer)
                    .await
                    .expect("there is room");
            }
        });
        let mut clients = JoinSet::new();
        for client in 0..10_u8 {
            clients.spawn(async move {
                let socket = UdpSocket::bind("127.0.0.1:0")
                    .await
                    .expect("a port is free");
                socket.connect(addr).await.expect("it is an address");
                for round in 0..50_u8 {
                    // One at a time, so that no buffer overflows and nothing is lost.
                    socket.send(&[client, round]).await.expect("there is room");
                    let mut answer = [0; 8];
                    let count = socket.recv(&mut answer).await.expect("it is echoed");
                    assert_eq!(answer[..count], [client, round]);
                }
            });
        }
        clients.join_all().await;
        echo.abort();
        assert!(echo.await.expect_err("it was aborted").is_cancelled());
    });
}

#[test]
fn a_datagram_from_a_plain_thread_wakes_the_task_that_waits() {
    on_each_runtime(|runtime| {
        let socket = runtime
            .block_on(UdpSocket::bind("127.0.0.1:0"))
            .expect("a port is free");
        let addr = socket.local_addr().expect("it is bound");
        let sending = thread::spawn(move || {
            let peer = StdUdpSocket::bind("127.0.0.1:0").expect("a port is free");
            peer.set_read_timeout(Some(LIMIT / 2))
                .expect("it can be set");
            for round in 0..50 {
                peer.send_to(&[round], addr).expect("there is room");
                let mut answer = [0; 2];
                assert_eq!(peer.recv(&mut answer).expect("it is answered"), 1);
                assert_eq!(answer[0], round);
            }
        });
        let serving = runtime.spawn(async move {
            let mut block = [0; 8];
            for _ in 0..50 {
                let (count, peer) = socket.recv_from(&mut block).await.expect("it is bound");
                socket
                    .send_to(&block[..count], peer)
                    .await
                    .expect("there is room");
            }
        });
        runtime.block_on(serving).expect("no panic");
        sending.join().expect("no assertion fails");
    });
}

#[test]
fn one_socket_is_sent_from_and_received_by_several_tasks() {
    in_each_runtime(|| async {
        let near = Arc::new(
            UdpSocket::bind("127.0.0.1:0")
                .await
                .expect("a port is free"),
        );
        let far = Arc::new(
            UdpSocket::bind("127.0.0.1:0")
                .await
                .expect("a port is free"),
        );
        let addr = far.local_addr().expect("it is bound");
        let mut receiving = JoinSet::new();
        for _ in 0..5 {
            let far = Arc::clone(&far);
            receiving.spawn(async move {
                let mut block = [0; 8];
                far.recv(&mut block).await.expect("it is bound");
                block[0]
            });
        }
        let mut sending = JoinSet::new();
        for n in 0..5 {
            let near = Arc::clone(&near);
            sending.spawn(async move { near.send_to(&[n], addr).await.expect("there is room") });
        }
        sending.join_all().await;
        let mut got = receiving.join_all().await;
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_receive_that_is_given_up_loses_no_datagram() {
    in_each_runtime(|| async {
        let near = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let far = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = far.local_addr().expect("it is bound");
        let sending = mainspring::spawn(async move {
            for n in 0..100 {
                sleep(Duration::from_micros(150)).await;
                near.send_to(&[n], addr).await.expect("there is room");
            }
        });
        let mut got = Vec::new();
        let mut block = [0; 8];
        while got.len() < 100 {
            if let Ok(count) = timeout(Duration::from_micros(100), far.recv(&mut block)).await {
                assert_eq!(count.expect("it is bound"), 1);
                got.push(block[0]);
            }
        }
        sending.await.expect("no panic");
        assert_eq!(got, (0..100).collect::<Vec<_>>());
    });
}
