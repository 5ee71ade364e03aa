//! What is in a file.

use std::io;
use std::path::Path;

use super::run;

/// Reads a whole file; see [`std::fs::read`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost: it reads from the beginning.
///
/// # Errors
///
/// If there is no such file, or it cannot be read.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let manifest = mainspring::fs::read("Cargo.toml").await?;
/// assert!(!manifest.is_empty());
/// # Ok(())
/// # }
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read(path)).await
}

/// Reads a whole file of text; see [`std::fs::read_to_string`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety). Nothing is lost: it reads from the beginning.
///
/// # Errors
///
/// If there is no such file, it cannot be read, or it is not UTF-8.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// let manifest = mainspring::fs::read_to_string("Cargo.toml").await?;
/// assert!(manifest.contains("[package]"));
/// # Ok(())
/// # }
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    run(move || std::fs::read_to_string(path)).await
}

/// Writes a whole file, in place of what it held; see [`std::fs::write`]. The contents are copied.
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If the file cannot be created or written. Part of the contents may have been.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("mainspring-write-{}", std::process::id()));
/// mainspring::fs::write(&path, b"some bytes").await?;
/// assert_eq!(mainspring::fs::read(&path).await?, b"some bytes");
/// mainspring::fs::remove_file(&path).await
/// # }
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    let contents = contents.as_ref().to_owned();
    run(move || std::fs::write(path, contents)).await
}

/// Copies a file with its permissions, and gives its length; see [`std::fs::copy`].
///
/// # Cancel safety
///
/// As of [all functions here](super#cancel-safety): once begun, it goes on.
///
/// # Errors
///
/// If there is no such file, or the other cannot be created or written.
///
/// # Examples
///
/// ```
/// # #[mainspring::main]
/// # async fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("mainspring-copy-{}", std::process::id()));
/// let length = mainspring::fs::copy("Cargo.toml", &path).await?;
/// assert_eq!(mainspring::fs::metadata(&path).await?.len(), length);
/// mainspring::fs::remove_file(&path).await
/// # }
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    run(move || std::fs::copy(from, to)).await
}
