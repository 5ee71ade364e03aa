//! Making and removing directories.

use std::io;
use std::path::Path;

use super::run;

/// Makes an empty directory; see [`std::fs::create_dir`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is something of that name, or no directory for it to be in.
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::create_dir(path)).await
}

/// Makes a directory and those around it that are missing; see [`std::fs::create_dir_all`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If one of them can neither be made nor is there already. Others may have been made.
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::create_dir_all(path)).await
}

/// Removes an empty directory; see [`std::fs::remove_dir`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is no such directory, or it is not empty.
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_dir(path)).await
}

/// Removes a directory with all that is in it; see [`std::fs::remove_dir_all`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is no such directory, or something in it cannot be removed. Other things may have been.
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_dir_all(path)).await
}
