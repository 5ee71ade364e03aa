//! Files, without stopping a worker.
//!
//! Operating systems have no readiness for files, so each function is a job for a thread: one of a
//! few that the runtime keeps for this. Blocking jobs of the user's cannot take them, nor can
//! look-ups of names that are stuck, and they do not count against
//! [`Builder::max_blocking_threads`](crate::runtime::Builder::max_blocking_threads). What may block
//! for ever, such as a named pipe that nobody writes to, is better read in
//! [`spawn_blocking`](crate::task::spawn_blocking).
//!
//! Each call costs the way to a thread and back, some ten microseconds. Many small steps are
//! cheaper as one [`spawn_blocking`](crate::task::spawn_blocking) around functions of [`std::fs`].
//!
//! # Cancel safety
//!
//! A call whose future is dropped is not made, if it still waits for its thread. Once begun it goes
//! on to its end, as the system gives no means to stop it, and its result is thrown away. So after
//! a time-out it is not known whether, say, a file was renamed.
//!
//! # Errors
//!
//! The errors of the functions of the same names in [`std::fs`]; and, for each, an error when the
//! runtime shut down before the call was made, or the system refused it a thread.
//!
//! # Panics
//!
//! Each function panics when its future is polled outside a runtime.
//!
//! # Examples
//!
//! ```
//! use mainspring::fs;
//!
//! # #[mainspring::main]
//! # async fn main() -> std::io::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("mainspring-fs-{}", std::process::id()));
//! fs::create_dir_all(&folder).await?;
//! let path = folder.join("greeting.txt");
//! fs::write(&path, "hello").await?;
//! assert_eq!(fs::read_to_string(&path).await?, "hello");
//! assert_eq!(fs::metadata(&path).await?.len(), 5);
//! fs::remove_dir_all(&folder).await?;
//! assert!(!fs::try_exists(&path).await?);
//! # Ok(())
//! # }
//! ```

mod attributes;
mod contents;
mod folders;
mod links;
mod paths;

pub use attributes::{metadata, set_permissions, symlink_metadata};
pub use contents::{copy, read, read_to_string, write};
pub use folders::{create_dir, create_dir_all, remove_dir, remove_dir_all};
#[cfg(unix)]
pub use links::symlink;
pub use links::{hard_link, read_link};
#[cfg(windows)]
pub use links::{symlink_dir, symlink_file};
pub use paths::{canonicalize, remove_file, rename, try_exists};

use std::io;

use mainspring_executor::{Handle, Reserved};

/// Runs `job` on a thread for work on files.
async fn run<R: Send + 'static>(
    job: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<R> {
    let Some(executor) = Handle::try_current() else {
        panic!(
            "a function of `mainspring::fs` was polled outside a Mainspring runtime: await it \
             inside `Runtime::block_on`, `#[mainspring::main]`, or a spawned task"
        )
    };
    // The error of a job that did not finish keeps its kind.
    executor.run_reserved(Reserved::Files, job).await?
}
