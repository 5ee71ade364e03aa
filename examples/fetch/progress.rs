//! The bars on the terminal: one for each running download, and one for all of them.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A download whose length is known. All lines fit into 80 columns: wrapped ones are not erased.
const KNOWN: &str = "{prefix:20!} [{bar:18}] {bytes:>10}/{total_bytes:>10} {bytes_per_sec:>11}";

/// A download whose length is not known.
const UNKNOWN: &str = "{prefix:20!} {spinner} {bytes:>10} {bytes_per_sec:>11} {msg}";

/// The line at the bottom.
const TOTAL: &str = "{pos} of {len} done, {elapsed}";

/// How often the line at the bottom is drawn at least.
const SECOND: Duration = Duration::from_secs(1);

/// All bars.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Draws the bars as one block.
    bars: MultiProgress,
    /// How many downloads have ended.
    total: ProgressBar,
}

impl Progress {
    /// Bars for `count` downloads on standard error; invisible if that is not a terminal.
    pub(crate) fn on_terminal(count: usize) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = if is_terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bars = MultiProgress::with_draw_target(target);
        let total = bars.add(ProgressBar::new(count as u64).with_style(style(TOTAL)));
        if is_terminal {
            // Otherwise it would be drawn for the first time when the first download ends.
            total.enable_steady_tick(SECOND);
        }
        Self { bars, total }
    }

    /// Shows another download; its bar goes away when the value is dropped.
    pub(crate) fn begin(&self, name: &str) -> Bar {
        let bar = self
            .bars
            .insert_before(&self.total, ProgressBar::new_spinner());
        bar.set_style(style(UNKNOWN));
        bar.set_prefix(name.to_owned());
        Bar {
            bar,
            progress: self.clone(),
        }
    }

    /// Counts a download that ended.
    pub(crate) fn count_one(&self) {
        self.total.inc(1);
    }

    /// Takes the block off the screen.
    pub(crate) fn clear(&self) {
        self.total.finish_and_clear();
    }
}

/// The bar of one download.
#[derive(Debug)]
pub(crate) struct Bar {
    /// The bar itself.
    bar: ProgressBar,
    /// The block it is part of.
    progress: Progress,
}

impl Bar {
    /// Begins at zero, with a message.
    pub(crate) fn restart(&self, message: &str) {
        self.bar.set_style(style(UNKNOWN));
        self.bar.set_position(0);
        self.bar.set_message(message.to_owned());
    }

    /// Announces the length, if it is known.
    pub(crate) fn expect(&self, length: Option<u64>) {
        if let Some(length) = length {
            self.bar.set_length(length);
            self.bar.set_style(style(KNOWN));
        }
        // The speed counts from the first byte, not from the attempt before.
        self.bar.reset();
    }

    /// Counts bytes that have arrived.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.progress.bars.remove(&self.bar);
        self.progress.count_one();
    }
}

/// The style of a template; a plain one if the template is wrong, for it is only decoration.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}
