//! Names of files: whether they are there, giving them others, taking them away.

use std::io;
use std::path::{Path, PathBuf};

use super::run;

/// Whether there is something of that name, a symbolic link's target included; see
/// [`std::fs::exists`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost.
///
/// # Errors
///
/// If that cannot be told, because a directory on the way may not be looked at.
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    run(move || path.try_exists()).await
}

/// The absolute path, without symbolic links and dots; see [`std::fs::canonicalize`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost.
///
/// # Errors
///
/// If there is nothing of that name, or a part of it is no directory.
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::canonicalize(path)).await
}

/// Gives a file or directory another name, in place of what had that name; see
/// [`std::fs::rename`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is nothing of the old name, or the new one would be on a different file system.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || std::fs::rename(from, to)).await
}

/// Removes a file; see [`std::fs::remove_file`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is no such file, or it is a directory, or not ours to remove.
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::remove_file(path)).await
}
