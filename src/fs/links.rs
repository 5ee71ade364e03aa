//! Second names for files.

use std::io;
use std::path::{Path, PathBuf};

use super::run;

/// Gives a file a second name; see [`std::fs::hard_link`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is no such file, there is something of the second name, or the two would be on
/// different file systems.
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    run(move || std::fs::hard_link(original, link)).await
}

/// Where a symbolic link points to; see [`std::fs::read_link`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost.
///
/// # Errors
///
/// If there is nothing of that name, or it is no symbolic link.
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read_link(path)).await
}

/// Makes a symbolic link, `link`, that points to `original`; see [`std::os::unix::fs::symlink`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is something of the link's name, or no directory for it to be in.
#[cfg(unix)]
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    run(move || std::os::unix::fs::symlink(original, link)).await
}

/// Makes a symbolic link, `link`, that points to the directory `original`; see
/// `std::os::windows::fs::symlink_dir`.
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is something of the link's name, or we may not make links.
#[cfg(windows)]
pub async fn symlink_dir(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    run(move || std::os::windows::fs::symlink_dir(original, link)).await
}

/// Makes a symbolic link, `link`, that points to the file `original`; see
/// `std::os::windows::fs::symlink_file`.
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is something of the link's name, or we may not make links.
#[cfg(windows)]
pub async fn symlink_file(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    run(move || std::os::windows::fs::symlink_file(original, link)).await
}
