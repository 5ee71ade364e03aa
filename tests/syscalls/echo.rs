//! A message that is echoed costs one wait, one read and one write; more waits only where busy polling is
//! asked for.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::thread;
use std::time::Duration;

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::TcpListener;

use crate::attempts::within;
use crate::bounded::{LIMIT, bounded};
use crate::trace::{self, BUSY_FLAVOURS, FLAVOURS, Trace, Traced};

/// What the client says.
#[derive(Clone, Copy)]
struct Talk {
    /// So many messages count.
    messages: usize,
    /// The client's pause before each.
    pause: Duration,
}

/// Of 64 bytes, which the server reads into a buffer that would hold many of them.
const MESSAGE: [u8; 64] = [42; 64];

/// After this one the messages count.
const FIRST: [u8; 64] = [1; 64];

/// After this one they do not.
const LAST: [u8; 64] = [2; 64];

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
    loop {
        let count = stream.read(&mut block).await.expect("the test is well");
        if count == 0 {
            return;
        }
        stream
            .write_all(&block[..count])
            .await
            .expect("there is room");
        if block[0] == FIRST[0] {
            trace::begin();
        } else if block[0] == LAST[0] {
            trace::end();
        }
    }
}

#[test]
fn under_strace_a_server() {
    if let Some(runtime) = trace::flavour() {
        runtime.block_on(async { mainspring::spawn(serve()).await.expect("no panic") });
    }
}

fn trace_of_echo(flavour: &'static str, talk: Talk) -> Trace {
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
        let mut say = |message: [u8; 64], times: usize| {
            for _ in 0..times {
                thread::sleep(talk.pause);
                stream.write_all(&message).expect("there is room");
                let mut answer = [0; MESSAGE.len()];
                stream.read_exact(&mut answer).expect("it is echoed");
                assert_eq!(answer, message);
            }
        };
        // Some to warm up.
        say(MESSAGE, 100);
        say(FIRST, 1);
        say(MESSAGE, talk.messages - 1);
        say(LAST, 1);
        drop(stream);
        server.finish()
    })
}

/// How many calls of these there were for a message.
fn each(count: usize, talk: Talk) -> f64 {
    count as f64 / talk.messages as f64
}

#[test]
fn an_echoed_message_costs_one_wait_and_two_transfers() {
    if !trace::is_possible() {
        return;
    }
    let talk = Talk {
        messages: 10_000,
        pause: Duration::ZERO,
    };
    for flavour in FLAVOURS {
        let measure = move || {
            let trace = trace_of_echo(flavour, talk);
            let waits = each(trace.count(&WAITS), talk);
            let transfers = each(trace.count(&TRANSFERS), talk);
            println!(
                "{flavour}: {waits:.3} waits, {transfers:.3} transfers, {:.3} calls in all for a message",
                each(trace.total(), talk),
            );
            let summary = format!("{flavour}: {:?}", trace.summary());
            // At least as many as the work takes: the trace has seen the server.
            assert!(transfers >= 1.99, "{summary}");
            assert_eq!(
                trace.count(&["epoll_ctl", "timerfd_settime", "timerfd_create"]),
                0,
                "{summary}"
            );
            // The server's reads are all of `recv`: a plain one would be of an eventfd or a timerfd.
            assert_eq!(trace.count(&["read", "readv"]), 0, "{summary}");
            (waits, transfers, summary)
        };
        // To the monitor a thread that the system stops looks stuck, and another one waits as well.
        within(measure, |(waits, transfers, _summary)| {
            *transfers <= 2.05 && *waits <= 1.05
        });
    }
}

#[test]
fn a_server_that_polls_busily_looks_for_the_next_message_instead_of_sleeping() {
    if !trace::is_possible() {
        return;
    }
    let talk = Talk {
        messages: 200,
        pause: Duration::from_millis(4),
    };
    for flavour in BUSY_FLAVOURS {
        let trace = trace_of_echo(flavour, talk);
        let waits = each(trace.count(&WAITS), talk);
        println!("{flavour}: {waits:.3} waits for a message");
        // A look takes some 50 to 250 us under strace.
        assert!(waits >= 3.0, "{flavour}: {:?}", trace.summary());
    }
}
