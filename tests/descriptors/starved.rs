//! A server that may have 64 descriptors, and 200 clients.

use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write, stdin};
use std::iter;
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use mainspring::io::{AsyncReadExt, AsyncWriteExt};
use mainspring::net::TcpListener;

use crate::process::{Alone, alone, limit_descriptors, processor_time};
use crate::runtimes::multi_thread;

const DESCRIPTORS: u64 = 64;
const CLIENTS: usize = 200;

/// How long a client waits that is going to be served. No answer takes a tenth of it.
const LONG: Duration = Duration::from_secs(20);

/// Other processes want the machine, too.
const ATTEMPTS: usize = 5;

/// What the server writes before each of its answers, as the test harness writes, too.
const ANSWER: &str = "server: ";

#[test]
fn all_clients_are_served_and_waiting_costs_nothing() {
    let name = "starved::all_clients_are_served_and_waiting_costs_nothing";
    let Some(mut alone) = Alone::start(name) else {
        return serve();
    };
    let (stdin, stdout) = alone.pipes();
    let mut server = Server::new(stdin, stdout);

    let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::new(server.addr)).collect();
    let served = wait_until_starved(&mut clients);
    assert!(served < 64, "{served} clients were served at once");
    assert_cheap(&mut server);

    // The backlog is in the order of the connections, so the next one is known.
    let mut waits = Vec::new();
    for (leaving, next) in (0..).zip(served..CLIENTS) {
        clients[leaving].leave();
        let start = Instant::now();
        clients[next].expect_answer();
        waits.push(start.elapsed());
    }
    // Others may have the machine for a while, so one part of them counts.
    let medians = waits.chunks(waits.len().div_ceil(3)).map(|part| {
        let mut part = part.to_vec();
        part.sort();
        part[part.len() / 2]
    });
    let median = medians.min().expect("there are waits");
    let longest = waits.iter().max().expect("there are waits");
    println!("from a close to the next connection: {median:?}, {longest:?} at most");
    assert!(median <= Duration::from_millis(5), "{waits:?}");
    let (_, stalls) = server.report();
    assert!((1..=CLIENTS).contains(&stalls), "{stalls} stalls");
    server.finish();
    drop(clients);
    assert_warned_once(&alone.finish());
}

/// The server: greets each client, and keeps the connection until the client leaves.
fn serve() {
    limit_descriptors(DESCRIPTORS);
    let runtime = multi_thread(2);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a port");
    let addr = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("want is no error");
            mainspring::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    stream.write_u8(byte).await.expect("room");
                }
            });
        }
    });
    println!("\n{ANSWER}{addr}");
    for _request in stdin().lines() {
        let used = processor_time().as_micros();
        let stalls = runtime.metrics().accept_stalls();
        println!("\n{ANSWER}{used} {stalls}");
    }
}

/// The server, as the other process sees it.
struct Server {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    addr: SocketAddr,
}

impl Server {
    fn new(requests: ChildStdin, answers: ChildStdout) -> Self {
        let mut answers = BufReader::new(answers);
        let addr = next_answer(&mut answers);
        Self {
            requests,
            answers,
            addr: addr.parse().expect("an address"),
        }
    }

    /// The processor's time that it has used, and how many of its accepts had to wait.
    fn report(&mut self) -> (Duration, usize) {
        self.requests.write_all(b"report\n").expect("it reads");
        let answer = next_answer(&mut self.answers);
        let (used, stalls) = answer.split_once(' ').expect("two numbers");
        let used = Duration::from_micros(used.parse().expect("a number"));
        (used, stalls.parse().expect("a number"))
    }

    /// Lets it end.
    fn finish(self) {
        let Self {
            requests,
            mut answers,
            ..
        } = self;
        drop(requests);
        // Else it could not write that its test has passed.
        answers.read_to_end(&mut Vec::new()).expect("it ends");
    }
}

fn next_answer(answers: &mut impl BufRead) -> String {
    let mut lines = answers.lines().map(|line| line.expect("it is text"));
    let answer = lines.find_map(|line| Some(line.strip_prefix(ANSWER)?.to_owned()));
    answer.expect("the server answers")
}

struct Client(Option<TcpStream>);

impl Client {
    /// Connects and says something.
    fn new(addr: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(addr).expect("room in the backlog");
        stream.write_all(b"x").expect("room");
        Self(Some(stream))
    }

    /// Whether it has been answered.
    fn is_served(&self) -> bool {
        let stream = self.0.as_ref().expect("it has not left");
        stream.set_nonblocking(true).expect("a socket");
        let outcome = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("a socket");
        match outcome {
            Ok(count) => count == 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                false
            }
        }
    }

    fn expect_answer(&mut self) {
        let stream = self.0.as_mut().expect("it has not left");
        stream.set_read_timeout(Some(LONG)).expect("a socket");
        stream.read_exact(&mut [0]).expect("it is served");
    }

    fn leave(&mut self) {
        self.0 = None;
    }
}

/// Waits until no more clients are served. Returns how many are: the first ones.
fn wait_until_starved(clients: &mut [Client]) -> usize {
    let mut before = 0;
    loop {
        thread::sleep(Duration::from_millis(300));
        let served = clients.iter().filter(|client| client.is_served()).count();
        if served == before && served > 0 {
            assert!(clients[..served].iter().all(Client::is_served));
            return served;
        }
        before = served;
    }
}

/// Fails if a server that is starved uses 2 % of a processor or more.
fn assert_cheap(server: &mut Server) {
    let shares: Vec<_> = (0..ATTEMPTS)
        .map(|_| {
            let start = Instant::now();
            let (before, _) = server.report();
            thread::sleep(Duration::from_secs(1));
            let (after, _) = server.report();
            let share = (after - before).as_secs_f64() / start.elapsed().as_secs_f64();
            println!(
                "a starved server uses {:.2} % of a processor",
                100.0 * share
            );
            share
        })
        .take_while(|share| *share >= 0.02)
        .collect();
    assert!(shares.len() < ATTEMPTS, "it used {shares:?} of a processor");
}

fn assert_warned_once(errors: &str) {
    let warnings: Vec<_> = errors
        .lines()
        .filter(|line| line.starts_with("mainspring:"))
        .collect();
    assert_eq!(warnings.len(), 1, "{errors}");
    for part in ["accept", "64", "ulimit -n", "os error 24"] {
        assert!(warnings[0].contains(part), "{:?}: {part:?}", warnings[0]);
    }
}

/// What takes up the descriptors are files, of whose closing the runtime knows nothing: that the
/// listener goes on is due to the time alone.
#[test]
fn a_listener_that_another_executor_polls_tries_again_after_a_time() {
    alone(
        "starved::a_listener_that_another_executor_polls_tries_again_after_a_time",
        || {
            let runtime = multi_thread(1);
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
            let listener = listener.expect("a port");
            let addr = listener.local_addr().expect("an address");
            let _clients = [(); 2].map(|()| TcpStream::connect(addr).expect("room"));
            for by_polling in [false, true] {
                limit_descriptors(DESCRIPTORS);
                let files: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
                thread::scope(|scope| {
                    let accepting = scope.spawn(|| {
                        if by_polling {
                            block_on(poll_fn(|cx| listener.poll_accept(cx)))
                        } else {
                            block_on(listener.accept())
                        }
                    });
                    thread::sleep(Duration::from_millis(200));
                    assert!(!accepting.is_finished(), "want is no error");
                    drop(files);
                    let accepted = accepting.join().expect("no panic");
                    let (_stream, _) = accepted.expect("a connection");
                });
            }
        },
    );
}

/// An executor that knows nothing of the runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let start = Instant::now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(start.elapsed() < LONG, "it is not woken");
        thread::park_timeout(LONG);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
