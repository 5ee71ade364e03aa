//! `fetch`: downloads many files at once.
//!
//! ```text
//! fetch --jobs 16 --out files https://example.com/a.bin https://example.com/b.bin
//! generate-urls | fetch --out files -
//! fetch                                  shows what it does, on a server of its own
//! ```
//!
//! One task for each download and a semaphore in front of them; hyper and rustls on Mainspring's
//! sockets; a timer for every wait; the offload pool for the files. Try `fetch --help`.
//!
//! The parts: `cli` reads the command line, `batch` runs the downloads side by side, `download`
//! brings in one file, over `connect` (connections), `partial` (the file on disk), `retry` (when
//! to try again) and `failure` (why not); `progress` draws the bars and `report` prints the end.
//! `demo` is what happens when there is nothing to download, with a `server` to download from.

#[path = "fetch/batch.rs"]
mod batch;
#[path = "fetch/cli.rs"]
mod cli;
#[path = "fetch/connect.rs"]
mod connect;
#[path = "fetch/demo.rs"]
mod demo;
#[path = "fetch/download.rs"]
mod download;
#[path = "fetch/ended.rs"]
mod ended;
#[path = "fetch/failure.rs"]
mod failure;
#[path = "fetch/link.rs"]
mod link;
#[path = "fetch/names.rs"]
mod names;
#[path = "fetch/partial.rs"]
mod partial;
#[path = "fetch/progress.rs"]
mod progress;
#[path = "fetch/report.rs"]
mod report;
#[path = "fetch/retry.rs"]
mod retry;
#[path = "fetch/server.rs"]
mod server;

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use crate::batch::Batch;
use crate::cli::{Arguments, Command};
use crate::connect::Connector;
use crate::progress::Progress;

/// Some download failed.
const EXIT_FAILED: u8 = 1;

/// The command line asked for something that cannot be done; clap exits with the same.
const EXIT_USAGE: u8 = 2;

#[mainspring::main]
async fn main() -> ExitCode {
    let result = match Arguments::read() {
        Command::Demo => demo::run().await,
        Command::Fetch(arguments) => fetch(arguments).await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(EXIT_FAILED),
        Err(error) => {
            report::complain(&format!("error: {error}"));
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Downloads what the command line names; `Ok(true)` if all of it arrived.
async fn fetch(arguments: Arguments) -> io::Result<bool> {
    let begin = Instant::now();
    let connector = Connector::new(arguments.timeout, arguments.cacert.as_deref())?;
    let urls = arguments.all_urls().await?;
    let batch = Batch {
        out: arguments.out,
        at_once: arguments.jobs.into(),
        retries: arguments.retries,
    };
    let progress = Progress::on_terminal(urls.len());
    let outcomes = batch.run(&connector.into(), &progress, urls).await;
    progress.clear();
    report::print(&report::lines(&outcomes, begin.elapsed()));
    Ok(outcomes.iter().all(|outcome| outcome.result.is_ok()))
}
