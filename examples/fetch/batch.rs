//! Many downloads side by side, a limited number at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mainspring::sync::Semaphore;
use mainspring::task::JoinSet;
use url::Url;

use crate::connect::Connector;
use crate::download::{Download, Outcome, parse_url};
use crate::failure::Failure;
use crate::names::Names;
use crate::progress::Progress;

/// What the downloads of one run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// The directory for the files.
    pub(crate) out: PathBuf,
    /// How many downloads run at once.
    pub(crate) at_once: usize,
    /// How often each is tried again.
    pub(crate) retries: u32,
}

impl Batch {
    /// Downloads everything and tells how each URL fared, in the order of `urls`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops all downloads; temporary files stay behind.
    pub(crate) async fn run(
        &self,
        connector: &Arc<Connector>,
        progress: &Progress,
        urls: Vec<String>,
    ) -> Vec<Outcome> {
        let permits = Arc::new(Semaphore::new(self.at_once));
        let mut names = Names::default();
        let mut tasks = JoinSet::new();
        // What the tasks below do not replace.
        let mut outcomes: Vec<_> = urls.into_iter().map(unfinished).collect();
        for (index, outcome) in outcomes.iter_mut().enumerate() {
            let url = match parse_url(&outcome.url) {
                Ok(url) => url,
                Err(failure) => {
                    outcome.result = Err(failure);
                    progress.count_one();
                    continue;
                }
            };
            let name = names.give(&url);
            // Waiting here, not in the task, keeps the number of tasks as small as that of jobs.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                unreachable!("nobody closes the semaphore");
            };
            let (batch, connector, progress) =
                (self.clone(), Arc::clone(connector), progress.clone());
            tasks.spawn(async move {
                let outcome = batch.one(&url, &name, &connector, &progress).await;
                drop(permit);
                (index, outcome)
            });
        }
        // A task that panics is not among the results, and its outcome stays unfinished; the
        // panic itself has been printed.
        while let Some(result) = tasks.join_next().await {
            if let Ok((index, outcome)) = result {
                let url = std::mem::take(&mut outcomes[index].url);
                outcomes[index] = Outcome { url, ..outcome };
            }
        }
        outcomes
    }

    async fn one(
        &self,
        url: &Url,
        name: &str,
        connector: &Connector,
        progress: &Progress,
    ) -> Outcome {
        let bar = progress.begin(name);
        let download = Download {
            url,
            out: &self.out,
            name,
            retries: self.retries,
        };
        download.run(connector, &bar).await
    }
}

fn unfinished(url: String) -> Outcome {
    Outcome {
        url,
        result: Err(Failure::Internal("the download did not end".to_owned())),
        attempts: 0,
        elapsed: Duration::ZERO,
    }
}
