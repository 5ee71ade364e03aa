//! A message that is echoed costs one wait, one read and one write.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as StdTcpStream};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::TcpListener;

use crate::bounded::{LIMIT, bounded};
use crate::trace::{self, FLAVOURS, Trace, Traced};

const MESSAGES: usize = 10_000;

/// Of 64 bytes, which the server reads into a buffer that would hold many of them.
const MESSAGE: [u8; 64] = [42; 64];

const WAITS: [&str; 4] = ["epoll_wait", "epoll_pwait", "epoll_pwait2", "poll"];
const TRANSFERS: [&str; 10] = [
    "read", "readv", "recvfrom", "recvmsg", "recvmmsg", "write", "writev", "sendto", "sendmsg",
    "sendmmsg",
];

/// Serves one connection until its end.
async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    println!(
        "\nlistening on {}",
        listener.local_addr().expect("it is bound")
    );
    let (mut stream, _) = listener.accept().await.expect("the test connects");
    let mut block = [0; 4096];
    let mut messages = 0;
    loop {
        let count = stream.read(&mut block).await.expect("the test is well");
        if count == 0 {
            return;
        }
        stream
            .write_all(&block[..count])
            .await
            .expect("there is room");
        messages += 1;
        match messages {
            // Some to warm up.
            100 => trace::begin(),
            n if n == 100 + MESSAGES => trace::end(),
            _ => {}
        }
    }
}

#[test]
fn under_strace_a_server() {
    if let Some(runtime) = trace::flavour() {
        runtime.block_on(async { mainspring::spawn(serve()).await.expect("no panic") });
    }
}

fn trace_of_echo(flavour: &'static str) -> Trace {
    bounded("an observed server", move || {
        let mut server = Traced::start("echo::under_strace_a_server", flavour);
        let addr: SocketAddr = server
            .answer("listening on ")
            .parse()
            .expect("it is an address");
        let mut stream = StdTcpStream::connect(addr).expect("it listens");
        stream.set_nodelay(true).expect("it can be set");
        stream
            .set_read_timeout(Some(LIMIT / 2))
            .expect("it can be set");
        for _ in 0..100 + MESSAGES {
            stream.write_all(&MESSAGE).expect("there is room");
            let mut answer = [0; MESSAGE.len()];
            stream.read_exact(&mut answer).expect("it is echoed");
            assert_eq!(answer, MESSAGE);
        }
        drop(stream);
        server.finish()
    })
}

#[test]
fn an_echoed_message_costs_one_wait_and_two_transfers() {
    if !trace::is_possible() {
        return;
    }
    for flavour in FLAVOURS {
        let trace = trace_of_echo(flavour);
        let (waits, transfers) = (trace.count(&WAITS), trace.count(&TRANSFERS));
        let each = |count: usize| count as f64 / MESSAGES as f64;
        println!(
            "{flavour}: {:.3} waits, {:.3} transfers, {:.3} calls in all for a message",
            each(waits),
            each(transfers),
            each(trace.total()),
        );
        let summary = format!("{flavour}: {:?}", trace.summary());
        // At least as many as the work takes: the trace has seen the server.
        assert!(each(transfers) >= 1.99, "{summary}");
        assert!(each(transfers) <= 2.05, "{summary}");
        assert!(each(waits) <= 1.05, "{summary}");
        assert_eq!(
            trace.count(&["epoll_ctl", "timerfd_settime", "timerfd_create"]),
            0,
            "{summary}"
        );
        // The server's reads are all of `recv`: a plain one would be of an eventfd or a timerfd.
        assert_eq!(trace.count(&["read", "readv"]), 0, "{summary}");
    }
}
