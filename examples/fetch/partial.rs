//! A file that is being downloaded: under a temporary name until it is complete.
//!
//! Disk operations block the thread, so each runs in the offload pool. Bytes are collected until
//! there are enough of them to be worth the trip.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::{mem, process};

use hyper::body::Bytes;
use mainspring::task;

use crate::failure::Failure;

/// How many bytes are collected before they are written. A write of this size takes the disk
/// cache longer than the trip to the pool takes; not tuned further.
const WRITE_BYTES_MIN: usize = 256 * 1024;

/// The file; `keep` or `discard` must end its life, or the temporary file stays.
#[derive(Debug)]
#[must_use = "a partial file must be kept or discarded"]
pub(crate) struct Partial {
    /// The open temporary file; it travels to the pool and back with each write.
    file: Option<File>,
    /// The temporary name.
    temporary: PathBuf,
    /// The name it is to have.
    path: PathBuf,
    /// What is to be written next.
    pending: Vec<Bytes>,
    /// The length of `pending`, in bytes.
    pending_bytes: usize,
}

impl Partial {
    /// Creates the temporary file in the directory of `path`, and that directory if need be.
    ///
    /// # Errors
    ///
    /// The directory or the file cannot be created, or a directory has the name already.
    pub(crate) async fn create(out: &Path, name: &str) -> Result<Self, Failure> {
        let path = out.join(name);
        // Two processes may download into one directory; within one, names are unique.
        let temporary = out.join(format!(".{name}.{}.part", process::id()));
        let places = (out.to_owned(), path.clone(), temporary.clone());
        let file = in_pool(&path, move || create(&places.0, &places.1, &places.2)).await?;
        Ok(Self {
            file: Some(file),
            temporary,
            path,
            pending: Vec::new(),
            pending_bytes: 0,
        })
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// Bytes that came earlier, or these, could not be written.
    pub(crate) async fn append(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.pending_bytes += bytes.len();
        self.pending.push(bytes);
        if self.pending_bytes < WRITE_BYTES_MIN {
            return Ok(());
        }
        let pending = self.take_pending();
        let Some(mut file) = self.file.take() else {
            return Err(self.failure(io::Error::other("an earlier write failed")));
        };
        let write = move || {
            write_all(&mut file, &pending)?;
            Ok(file)
        };
        self.file = Some(in_pool(&self.path, write).await?);
        Ok(())
    }

    /// Writes what is left and gives the file its name, which it returns.
    ///
    /// # Errors
    ///
    /// The rest cannot be written or the name cannot be given; then nothing is left behind.
    pub(crate) async fn keep(mut self) -> Result<PathBuf, Failure> {
        let pending = self.take_pending();
        let file = self.file.take();
        let (temporary, path) = (self.temporary.clone(), self.path.clone());
        let finish = move || {
            let Some(mut file) = file else {
                return Err(io::Error::other("an earlier write failed"));
            };
            write_all(&mut file, &pending)?;
            drop(file);
            fs::rename(&temporary, &path)
        };
        match in_pool(&self.path, finish).await {
            Ok(()) => Ok(self.path),
            Err(failure) => {
                self.discard().await;
                Err(failure)
            }
        }
    }

    /// Removes the file.
    pub(crate) async fn discard(mut self) {
        let file = self.file.take();
        let temporary = self.temporary;
        let remove = task::spawn_blocking(move || {
            drop(file);
            fs::remove_file(temporary)
        });
        // The download has failed already, and its own reason is the one to report.
        drop(remove.await);
    }

    fn take_pending(&mut self) -> Vec<Bytes> {
        self.pending_bytes = 0;
        mem::take(&mut self.pending)
    }

    fn failure(&self, error: io::Error) -> Failure {
        Failure::File {
            path: self.path.clone(),
            error,
        }
    }
}

fn create(out: &Path, path: &Path, temporary: &Path) -> io::Result<File> {
    fs::create_dir_all(out)?;
    if path.is_dir() {
        // Found out now, rather than after the whole download.
        return Err(ErrorKind::IsADirectory.into());
    }
    File::create(temporary)
}

fn write_all(file: &mut File, parts: &[Bytes]) -> io::Result<()> {
    parts.iter().try_for_each(|part| file.write_all(part))
}

/// Runs a disk operation on behalf of `path` in the offload pool.
async fn in_pool<T, F>(path: &Path, operation: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    match task::spawn_blocking(operation).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::File {
            path: path.to_owned(),
            error,
        }),
        Err(error) => Err(Failure::Internal(error.to_string())),
    }
}
