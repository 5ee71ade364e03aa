//! What the program shows when there is nothing to download: a slow server of its own, and how
//! little the slowness matters when downloads wait side by side.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, process};

use mainspring::task;

use crate::batch::Batch;
use crate::connect::Connector;
use crate::download::Outcome;
use crate::progress::Progress;
use crate::report;
use crate::server::{self, Server};

/// The longest silence of the server; far more than it ever has.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How many small files there are in the last part.
const SMALL_FILES: usize = 200;

/// How many of them are downloaded at once.
const SMALL_JOBS: usize = 16;

/// Runs the demonstration; `Ok(true)` if every byte was right.
///
/// # Errors
///
/// The server cannot be started.
pub(crate) async fn run() -> io::Result<bool> {
    let server = Server::start().await?;
    let directory = env::temp_dir().join(format!("mainspring-fetch-{}", process::id()));
    let demo = Demo {
        connector: Arc::new(Connector::new(TIMEOUT, None)?),
        server,
        directory,
    };
    say(&format!(
        "There is no URL to download (see --help), so here is a demonstration.\n\
         A server on {} answers slowly on purpose; every file below comes from it.\n",
        demo.server.address()
    ));
    let right = demo.slow_files().await & demo.small_files().await;
    let directory = demo.directory;
    drop(task::spawn_blocking(move || fs::remove_dir_all(directory)).await);
    say(if right {
        "Every file has been compared with what the server meant to send: all bytes are right."
    } else {
        "Something went wrong; see above."
    });
    Ok(right)
}

/// What all parts use.
struct Demo {
    /// The connections, kept from one part to the next.
    connector: Arc<Connector>,
    /// The other side.
    server: Server,
    /// Where the files go.
    directory: PathBuf,
}

impl Demo {
    /// The same three files, first one by one, then together.
    async fn slow_files(&self) -> bool {
        let paths: Vec<_> = (1..=3)
            .map(|number| format!("/slow/{number}.bin"))
            .collect();
        let (one_by_one, right) = self.download(&paths, 1, "one-by-one").await;
        say(&format!(
            "Three files that take the server 2 s each, one after another:  {:.2} s",
            one_by_one.as_secs_f64()
        ));
        let (together, also_right) = self.download(&paths, 3, "together").await;
        say(&format!(
            "The same three files at the same time:                         {:.2} s\n",
            together.as_secs_f64()
        ));
        right && also_right
    }

    /// Many small files, some of which fail at first.
    async fn small_files(&self) -> bool {
        let paths: Vec<_> = (0..SMALL_FILES)
            .map(|number| format!("/small/{number}.bin"))
            .collect();
        let (elapsed, right) = self.download(&paths, SMALL_JOBS, "small").await;
        let counts = self.server.counts();
        say(&format!(
            "{SMALL_FILES} small files, for each of which the server waits 100 ms, through \
             {SMALL_JOBS} jobs:  {:.2} s\n\
             (One by one the waiting alone would take {} s. The server saw {} requests, at most {} \
             at once;\nit refused {} of them with 503 and cut off {} in the middle, and those were \
             tried again.)\n",
            elapsed.as_secs_f64(),
            SMALL_FILES / 10,
            counts.small_requests,
            counts.most_at_once,
            counts.refused,
            counts.cut,
        ));
        right
    }

    /// Downloads `paths` into a folder of their own; how long it took, and whether all is right.
    async fn download(&self, paths: &[String], at_once: usize, folder: &str) -> (Duration, bool) {
        let out = self.directory.join(folder);
        let batch = Batch {
            out,
            at_once,
            retries: 5,
        };
        let address = self.server.address();
        let urls = paths
            .iter()
            .map(|path| format!("http://{address}{path}"))
            .collect();
        let progress = Progress::on_terminal(paths.len());
        let begin = Instant::now();
        let outcomes = batch.run(&self.connector, &progress, urls).await;
        let elapsed = begin.elapsed();
        progress.clear();
        let mut right = outcomes.len() == paths.len();
        for (outcome, path) in outcomes.iter().zip(paths) {
            right &= is_right(outcome, path).await;
        }
        if !right {
            report::print(&report::lines(&outcomes, elapsed));
        }
        (elapsed, right)
    }
}

/// Whether the file has arrived and is the one that the server has under `path`.
async fn is_right(outcome: &Outcome, path: &str) -> bool {
    let (Ok(saved), Some(wanted)) = (&outcome.result, server::content(path)) else {
        return false;
    };
    matches!(read(&saved.path).await, Ok(bytes) if bytes == wanted)
}

async fn read(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    task::spawn_blocking(move || fs::read(path)).await?
}

fn say(text: &str) {
    report::print(&[text.to_owned()]);
}
