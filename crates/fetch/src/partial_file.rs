//! A file that is being downloaded: beside its final place under a name of its own, until it is whole.
//!
//! With a known digest the name is made of it, so that another process finds what a killed one left and goes on from there. A lock on the
//! file keeps two processes from writing into one.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _, BufWriter};

use crate::digest::{Algorithm, Digest, Hasher};
use crate::error::ErrorKind;

const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct PartialFile {
    file: BufWriter<File>,
    path: PathBuf,
    hasher: Hasher,
    received: u64,
    /// Whether a later download could go on from here.
    is_resumable: bool,
    /// Whether it stays when it is dropped.
    keep: bool,
}

impl PartialFile {
    /// Opens the file in `folder`, which is made when there is none, with what an earlier attempt left of it.
    pub(crate) async fn open(folder: &Path, digest: Option<Digest>) -> Result<Self, ErrorKind> {
        let folder = folder.to_owned();
        let opened = in_background(move || {
            fs_err::create_dir_all(&folder)?;
            let algorithm = digest.map_or(Algorithm::Md5, |digest| digest.algorithm);
            let named = digest.map(|digest| folder.join(format!(".{}.runlake-partial", digest.to_hex())));
            if let Some(path) = named {
                let file = fs_err::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
                match file.file().try_lock() {
                    Ok(()) if is_at(file.file(), &path) => {
                        let mut hasher = Hasher::new(algorithm);
                        let received = hasher.read(&mut file.file())?;
                        return Ok((file, path, hasher, received, true));
                    }
                    // Another download writes it, or has just put it into its place.
                    Ok(()) | Err(TryLockError::WouldBlock) => {}
                    // A file system without locks.
                    Err(TryLockError::Error(_)) => fs_err::remove_file(&path)?,
                }
            }
            let path = folder.join(format!(".{:016x}.runlake-partial", rand::random::<u64>()));
            let file = fs_err::OpenOptions::new().create_new(true).write(true).open(&path)?;
            Ok((file, path, Hasher::new(algorithm), 0, false))
        });
        let (file, path, hasher, received, is_resumable) =
            opened.await.map_err(|source| ErrorKind::LocalFile { operation: "stage a download", source })?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::from_std(file.into_parts().0));
        Ok(Self { file, path, hasher, received, is_resumable, keep: is_resumable })
    }

    /// How many bytes are there.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    pub(crate) async fn append(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        self.file.write_all(bytes).await.map_err(|source| self.failed("write a download", source))?;
        self.hasher.update(bytes);
        self.received += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Forgets all that came.
    pub(crate) async fn start_again(&mut self) -> Result<(), ErrorKind> {
        let done = async {
            self.file.flush().await?;
            let file = self.file.get_mut();
            file.set_len(0).await?;
            file.seek(io::SeekFrom::Start(0)).await
        };
        done.await.map_err(|source| self.failed("stage a download", source))?;
        self.received = 0;
        self.hasher = Hasher::new(match &self.hasher {
            Hasher::Md5(_) => Algorithm::Md5,
            Hasher::Xxh128(_) => Algorithm::Xxh128,
        });
        Ok(())
    }

    /// The digest of what came so far.
    pub(crate) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Nothing of this is worth going on from: the file is deleted when it is dropped.
    pub(crate) fn discard(&mut self) {
        self.keep = false;
    }

    /// Puts the file into its place, whole or not at all.
    pub(crate) async fn persist(mut self, target: &Path) -> Result<(), ErrorKind> {
        let done = async {
            self.file.flush().await?;
            self.file.get_ref().sync_all().await?;
            let (from, to) = (self.path.clone(), target.to_owned());
            in_background(move || {
                if let Some(parent) = to.parent() {
                    fs_err::create_dir_all(parent)?;
                }
                fs_err::rename(from, to)
            })
            .await
        };
        done.await.map_err(|source| self.failed("put a download into its place", source))?;
        // The name is gone: there is nothing to delete.
        self.keep = true;
        Ok(())
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> ErrorKind {
        // Errors of open files do not say which.
        let named = if source.to_string().contains('`') {
            source
        } else {
            io::Error::new(source.kind(), format!("{source} at `{}`", self.path.display()))
        };
        ErrorKind::LocalFile { operation, source: named }
    }
}

/// Whether the open file is still the one of this name: it may have been renamed between opening and locking it.
#[cfg(unix)]
fn is_at(file: &std::fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let same = |a: &std::fs::Metadata, b: &std::fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    file.metadata().is_ok_and(|open| path.metadata().is_ok_and(|named| same(&open, &named)))
}

/// Elsewhere a locked file cannot be renamed.
#[cfg(not(unix))]
fn is_at(_file: &std::fs::File, path: &Path) -> bool {
    path.exists()
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        let is_worth_keeping = self.keep && (!self.is_resumable || self.received > 0);
        if !is_worth_keeping && let Err(error) = fs_err::remove_file(&self.path) {
            tracing::debug!(%error, "a partial download stays behind");
        }
    }
}

/// File systems have no asynchronous calls: they would hold up the runtime.
pub(crate) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs_err::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[tokio::test]
    async fn what_was_received_is_found_again_by_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::parse(Algorithm::Md5, "5d41402abc4b2a76b9719d911017c592");
        let mut first = PartialFile::open(folder.path(), digest).await.unwrap();
        first.append(b"hel").await.unwrap();
        first.file.flush().await.unwrap();

        let mut beside = PartialFile::open(folder.path(), digest).await.unwrap();
        assert_eq!(beside.received(), 0, "the first still writes");
        beside.append(b"x").await.unwrap();
        drop(beside);
        drop(first);
        assert_eq!(names(folder.path()), [".5d41402abc4b2a76b9719d911017c592.runlake-partial"]);

        let mut second = PartialFile::open(folder.path(), digest).await.unwrap();
        assert_eq!(second.received(), 3);
        second.append(b"lo").await.unwrap();
        assert_eq!(Some(second.digest()), digest);
        second.persist(&folder.path().join("a/b")).await.unwrap();
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(fs_err::read_to_string(folder.path().join("a/b")).unwrap(), "hello");
    }

    #[tokio::test]
    async fn what_cannot_be_gone_on_from_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut unnamed = PartialFile::open(folder.path(), None).await.unwrap();
        unnamed.append(b"x").await.unwrap();
        let digest = Digest::parse(Algorithm::Md5, "5d41402abc4b2a76b9719d911017c592");
        let mut wrong = PartialFile::open(folder.path(), digest).await.unwrap();
        wrong.append(b"xyz").await.unwrap();
        wrong.start_again().await.unwrap();
        wrong.append(b"xy").await.unwrap();
        wrong.discard();
        drop((unnamed, wrong, PartialFile::open(folder.path(), digest).await.unwrap()));
        assert_eq!(names(folder.path()), Vec::<String>::new());
    }
}
