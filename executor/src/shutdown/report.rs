//! What came of a shutdown.

use std::fmt;

use crate::task::TaskMeta;

/// How the tasks and jobs of a runtime have ended.
///
/// The root futures of `block_on` are not tasks, nor are those of a `LocalSet`, which ends with its
/// owner. A task that asks for the shutdown itself is not counted.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// let runtime = mainspring::runtime::Runtime::new()?;
/// runtime.spawn(async { mainspring::time::sleep(Duration::from_millis(5)).await });
/// runtime.spawn(std::future::pending::<()>());
/// let report = runtime.shutdown(Duration::from_millis(500));
/// assert_eq!((report.finished, report.aborted), (1, 1));
/// assert!(report.stuck.is_empty(), "{report}");
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Tasks that ended by themselves, or by an abort of the program's, before the grace was over:
    /// those that were alive at its beginning, and those that they spawned.
    pub finished: usize,
    /// Tasks and queued jobs that were alive when the grace was over, and that ended then: their
    /// futures and closures were dropped. A task that was in a poll at that moment and finished in
    /// it is counted here.
    pub aborted: usize,
    /// Tasks that could not be ended, because a thread is stuck in their poll, or in one before
    /// them; and jobs of the offload pool that are still running. They go on in the background.
    pub stuck: Vec<TaskMeta>,
}

/// How many stuck tasks the text of a report names.
const STUCK_SHOWN: usize = 20;

/// `12 tasks finished, 2 aborted, 1 stuck: task 7 "reader" (spawned at src/main.rs:3:5)`.
impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (finished, aborted, stuck) = (self.finished, self.aborted, self.stuck.len());
        write!(
            f,
            "{finished} tasks finished, {aborted} aborted, {stuck} stuck"
        )?;
        for (number, task) in self.stuck.iter().take(STUCK_SHOWN).enumerate() {
            let before = if number == 0 { ": " } else { "; " };
            write!(f, "{before}{task}")?;
        }
        match stuck.checked_sub(STUCK_SHOWN) {
            None | Some(0) => Ok(()),
            Some(others) => write!(f, "; and {others} more"),
        }
    }
}
