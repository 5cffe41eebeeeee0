//! Uploaded contents: files beside the database, each once, named by their SHA-256 and put into their place whole. What they are called by
//! clients never becomes a path.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use md5::Md5;
use rusqlite::{OptionalExtension as _, Transaction};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::{State, Writer};
use crate::Error;
use crate::backend::blocking;

const FOLDER: &str = "blobs";
const BUFFER_BYTES: usize = 256 * 1024;

/// Contents that arrived, and are not kept yet: dropped, they are gone.
#[derive(Debug)]
pub(crate) struct Arrived {
    staged: NamedTempFile,
    pub(crate) blob: Blob,
}

/// What is known of contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    /// In hexadecimal digits.
    pub(crate) sha256: String,
    /// In base64.
    pub(crate) md5: String,
    pub(crate) size_bytes: u64,
}

impl State {
    fn blobs_folder(&self) -> PathBuf {
        self.database.folder().join(FOLDER)
    }

    /// Where contents lie.
    pub(crate) fn blob_path(&self, sha256: &str) -> PathBuf {
        let shelf = sha256.get(..2).unwrap_or(sha256);
        self.blobs_folder().join(shelf).join(sha256)
    }

    /// Takes contents in, to be kept or not.
    pub(crate) async fn receive<E>(&self, contents: impl Stream<Item = Result<Bytes, E>> + Send) -> Result<Arrived, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let folder = self.blobs_folder();
        let staged = blocking(move || {
            std::fs::create_dir_all(&folder).and_then(|()| NamedTempFile::new_in(&folder)).map_err(Error::io("stage an upload"))
        });
        let staged = staged.await?;
        let file = staged.reopen().map_err(Error::io("stage an upload"))?;
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::from_std(file));
        let (mut md5, mut sha256, mut size_bytes) = (Md5::new(), Sha256::new(), 0_u64);
        let mut contents = std::pin::pin!(contents.map_err(io::Error::other));
        while let Some(chunk) = contents.try_next().await.map_err(Error::io("receive an upload"))? {
            md5.update(&chunk);
            sha256.update(&chunk);
            size_bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            file.write_all(&chunk).await.map_err(Error::io("write an upload"))?;
        }
        file.flush().await.map_err(Error::io("write an upload"))?;
        file.get_ref().sync_all().await.map_err(Error::io("write an upload"))?;
        let blob = Blob { sha256: format!("{:x}", sha256.finalize()), md5: BASE64_STANDARD.encode(md5.finalize()), size_bytes };
        Ok(Arrived { staged, blob })
    }
}

impl Writer<'_> {
    /// Keeps contents: puts them into their place, and their row with what `write` says of them into the database.
    pub(crate) async fn keep<T: Send + 'static>(
        &self,
        arrived: Arrived,
        write: impl FnOnce(&Transaction<'_>, &Blob) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Arrived { staged, blob } = arrived;
        let place = self.state.blob_path(&blob.sha256);
        let placed = blocking(move || {
            place.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(Error::io("keep an upload"))?;
            staged.persist(&place).map_err(|error| Error::io("keep an upload")(error.error))?;
            sync_folder(&place).map_err(Error::io("keep an upload"))
        });
        placed.await?;
        let kept = self.state.database.write(move |transaction| {
            let size_bytes = i64::try_from(blob.size_bytes).unwrap_or(i64::MAX);
            let row = (&blob.sha256, &blob.md5, size_bytes);
            transaction.execute("INSERT OR IGNORE INTO blobs (sha256, md5, size_bytes) VALUES (?1, ?2, ?3)", row)?;
            write(transaction, &blob)
        });
        kept.await
    }

    /// Writes, and removes those of the contents that `write` lets go of and that nothing else holds.
    pub(crate) async fn let_go<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<(T, Vec<String>), Error> + Send + 'static,
    ) -> Result<T, Error> {
        let written = self.state.database.write(move |transaction| {
            let (value, freed) = write(transaction)?;
            let mut unheld = Vec::new();
            for sha256 in freed {
                if !is_held(transaction, &sha256)? && transaction.execute("DELETE FROM blobs WHERE sha256 = ?1", [&sha256])? > 0 {
                    unheld.push(sha256);
                }
            }
            Ok((value, unheld))
        });
        let (value, unheld) = written.await?;
        // Killed here, files stay that no row speaks of: they take room, and do no harm.
        let paths: Vec<PathBuf> = unheld.iter().map(|sha256| self.state.blob_path(sha256)).collect();
        let removed = blocking(move || {
            for path in paths {
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::warn!(%error, path = %path.display(), "contents that nothing holds stay on disk");
                }
            }
            Ok(())
        });
        removed.await?;
        Ok(value)
    }
}

fn is_held(transaction: &Transaction<'_>, sha256: &str) -> Result<bool, Error> {
    let held = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM files WHERE blob = ?1)
             OR EXISTS (SELECT 1 FROM artifacts WHERE manifest = ?1)
             OR EXISTS (SELECT 1 FROM artifact_files WHERE blob = ?1)
             OR EXISTS (SELECT 1 FROM artifact_files JOIN blobs USING (md5) WHERE sha256 = ?1 AND artifact_files.blob IS NULL)",
        [sha256],
        |row| row.get(0),
    )?;
    Ok(held)
}

/// Contents with this MD5 digest, in base64.
pub(super) fn by_md5(transaction: &Transaction<'_>, md5: &str) -> Result<Option<Blob>, Error> {
    let mut statement = transaction.prepare_cached("SELECT sha256, md5, size_bytes FROM blobs WHERE md5 = ?1 ORDER BY sha256 LIMIT 1")?;
    Ok(statement.query_row([md5], |row| blob_of(row, 0)).optional()?)
}

/// The blob in three columns of a row, from `first` on.
pub(super) fn blob_of(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Blob> {
    let size_bytes = u64::try_from(row.get::<_, i64>(first + 2)?).unwrap_or(0);
    Ok(Blob { sha256: row.get(first)?, md5: row.get(first + 1)?, size_bytes })
}

/// A name is on disk when its folder is.
fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _has_no_folders_to_sync = file;
    Ok(())
}
