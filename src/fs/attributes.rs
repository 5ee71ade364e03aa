//! What is known of a file besides what is in it.

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::Path;

use super::run;

/// The attributes of a file or directory; those of its target, if it is a symbolic link. See
/// [`std::fs::metadata`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost.
///
/// # Errors
///
/// If there is nothing of that name, or it cannot be looked at.
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::metadata(path)).await
}

/// The attributes of a file, directory or symbolic link itself; see [`std::fs::symlink_metadata`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost.
///
/// # Errors
///
/// If there is nothing of that name, or it cannot be looked at.
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::symlink_metadata(path)).await
}

/// Changes the permissions of a file or directory; see [`std::fs::set_permissions`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is nothing of that name, or it is not ours to change.
pub async fn set_permissions(path: impl AsRef<Path>, perm: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::set_permissions(path, perm)).await
}
