//! The example `fetch` as its users meet it: the built program, against servers in this process.

#[path = "fetch/answer.rs"]
mod answer;
#[path = "fetch/arriving.rs"]
mod arriving;
#[path = "fetch/command_line.rs"]
mod command_line;
#[path = "fetch/drawing.rs"]
mod drawing;
#[path = "../examples/fetch/ended.rs"]
mod ended;
#[path = "fetch/failing.rs"]
mod failing;
#[path = "fetch/lost.rs"]
mod lost;
#[path = "fetch/retrying.rs"]
mod retrying;
#[path = "fetch/run.rs"]
mod run;
#[path = "fetch/server.rs"]
mod server;

use std::future::ready;

use hyper::Response;

use crate::answer::Answer;
use crate::server::Server;

/// A server on which every path has the path itself as its content.
fn echo_server() -> Server {
    Server::start(|asked| ready(Answer::bytes(asked.path).with(200, None)))
}

/// A server that always gives the same answer.
fn fixed_server(make: impl Fn() -> Response<Answer> + Send + Sync + 'static) -> Server {
    Server::start(move |_| ready(make()))
}

/// Bytes that are worth comparing.
fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    (0..length).map(|_| random.u8(..)).collect()
}
