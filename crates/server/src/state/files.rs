//! Files that were uploaded to runs, and the source's files that were deleted.

use std::collections::BTreeMap;

use runlake_types::{RunPath, Timestamp};

use super::blobs::{Arrived, Blob, blob_of};
use super::{State, Writer};
use crate::Error;

/// What was written to a file of a run.
#[derive(Clone, Debug)]
pub(crate) enum FileChange {
    Uploaded { blob: Blob, updated_at: Timestamp },
    Deleted,
}

impl State {
    /// What was written to the files of a run, by name.
    pub(crate) async fn files(&self, run: &RunPath) -> Result<BTreeMap<String, FileChange>, Error> {
        let run = run.clone();
        let read = self.database.read(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT name, updated_at, sha256, md5, size_bytes FROM files LEFT JOIN blobs ON blob = sha256
                 WHERE entity = ?1 AND project = ?2 AND run_id = ?3",
            )?;
            let mut rows = statement.query((run.entity, run.project, run.run_id))?;
            let mut files = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let change = match row.get::<_, Option<String>>(2)? {
                    Some(_) => FileChange::Uploaded { blob: blob_of(row, 2)?, updated_at: Timestamp::from_micros(row.get(1)?) },
                    None => FileChange::Deleted,
                };
                files.insert(row.get(0)?, change);
            }
            Ok(files)
        });
        read.await
    }
}

impl Writer<'_> {
    /// Makes contents a file of a run, in place of what was there under the name.
    pub(crate) async fn put_file(&self, run: &RunPath, name: &str, arrived: Arrived) -> Result<(), Error> {
        let (run, name) = (run.clone(), name.to_owned());
        let before = (run.clone(), name.clone());
        let now = Timestamp::now().micros();
        let freed = self.keep(arrived, move |transaction, blob| {
            let key = (&run.entity, &run.project, &run.run_id, &name);
            let mut statement =
                transaction.prepare("SELECT blob FROM files WHERE entity = ?1 AND project = ?2 AND run_id = ?3 AND name = ?4")?;
            let replaced: Vec<Option<String>> = statement.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
            transaction.execute(
                "INSERT INTO files (entity, project, run_id, name, blob, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET blob = excluded.blob, updated_at = excluded.updated_at",
                (key.0, key.1, key.2, key.3, &blob.sha256, now),
            )?;
            Ok(replaced.into_iter().flatten().collect::<Vec<_>>())
        });
        let freed = freed.await?;
        tracing::debug!(run = %before.0, name = before.1, "file kept");
        self.let_go(move |_transaction| Ok(((), freed))).await
    }

    /// Deletes files of a run. Those of `in_source` stay known as deleted, since the source has them still.
    pub(crate) async fn delete_files(&self, run: &RunPath, names: Vec<(String, bool)>) -> Result<(), Error> {
        let run = run.clone();
        let now = Timestamp::now().micros();
        let deleted = self.let_go(move |transaction| {
            let mut freed = Vec::new();
            for (name, in_source) in &names {
                let key = (&run.entity, &run.project, &run.run_id, name);
                let mut statement = transaction
                    .prepare_cached("DELETE FROM files WHERE entity = ?1 AND project = ?2 AND run_id = ?3 AND name = ?4 RETURNING blob")?;
                let blobs: Vec<Option<String>> = statement.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
                freed.extend(blobs.into_iter().flatten());
                if *in_source {
                    transaction.execute(
                        "INSERT INTO files (entity, project, run_id, name, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                        (key.0, key.1, key.2, key.3, now),
                    )?;
                }
            }
            Ok(((), freed))
        });
        deleted.await
    }

    /// Lets go of everything that was uploaded to a run.
    pub(crate) async fn forget_files(&self, run: &RunPath) -> Result<(), Error> {
        let run = run.clone();
        let forgotten = self.let_go(move |transaction| {
            let mut statement =
                transaction.prepare("DELETE FROM files WHERE entity = ?1 AND project = ?2 AND run_id = ?3 RETURNING blob")?;
            let blobs = statement.query_map((run.entity, run.project, run.run_id), |row| row.get::<_, Option<String>>(0))?;
            Ok(((), blobs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()))
        });
        forgotten.await
    }
}
