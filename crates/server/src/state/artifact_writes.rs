//! Writing artifacts. What may be written, and when, is in `artifacts`.

use runlake_types::{ProjectPath, RunPath, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction};

use super::Writer;
use super::artifact_rows::{ArtifactRow, CollectionRow, Role, by_id, collection, select};
use super::blobs::{Arrived, Blob, by_md5};
use crate::{Error, ErrorKind};

/// A version that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewArtifact {
    pub(crate) project: ProjectPath,
    /// The name of its collection, which is made if need be.
    pub(crate) name: String,
    pub(crate) artifact_type: String,
    pub(crate) digest: String,
    pub(crate) description: Option<String>,
    /// JSON text.
    pub(crate) metadata: Option<String>,
    /// The run that makes it.
    pub(crate) run_id: Option<String>,
    pub(crate) history_step: Option<i64>,
    /// What makes a repeated call known.
    pub(crate) client_id: Option<String>,
    /// Whether a committed version with the same digest will do.
    pub(crate) is_deduplicated: bool,
    pub(crate) aliases: Vec<String>,
    pub(crate) tags: Vec<String>,
}

/// A file of a manifest, as it is committed.
#[derive(Clone, Debug)]
pub(crate) struct CommittedFile {
    pub(crate) path: String,
    /// In base64.
    pub(crate) md5: String,
}

/// The alias that a new version takes from the one before.
const LATEST: &str = "latest";

impl Writer<'_> {
    /// Makes a version, or finds the one that is meant: that of the same call before, or a committed one with the same digest. Answers
    /// with it and with the newest committed version of before.
    pub(crate) async fn create_artifact(&self, new: NewArtifact) -> Result<(ArtifactRow, Option<i64>), Error> {
        let now = Timestamp::now().micros();
        let written = self.state.database.write(move |transaction| {
            let collection = made_collection(transaction, &new, now)?;
            let newest = transaction
                .query_row(
                    "SELECT id FROM artifacts WHERE collection = ?1 AND state = 'COMMITTED' ORDER BY version_index DESC LIMIT 1",
                    [collection.id],
                    |row| row.get(0),
                )
                .optional()?;
            let known = select(
                transaction,
                "WHERE a.collection = ?1 AND ((?4 AND a.digest = ?2 AND a.state = 'COMMITTED') OR a.client_id = ?3) \
                 ORDER BY a.state, a.version_index DESC LIMIT 1",
                &[&collection.id, &new.digest, &new.client_id, &new.is_deduplicated],
            )?;
            let id = if let Some(known) = known.first() {
                for alias in new.aliases.iter().filter(|_| known.state == "COMMITTED") {
                    put_alias(transaction, collection.id, alias, known.id)?;
                }
                known.id
            } else {
                insert(transaction, collection.id, &new, now)?
            };
            if let Some(run_id) = &new.run_id {
                put_run(transaction, &new.project.run(run_id), id, Role::Output, None, now)?;
            }
            for tag in &new.tags {
                transaction.execute("INSERT OR IGNORE INTO artifact_tags (artifact, tag) VALUES (?1, ?2)", (id, tag))?;
            }
            Ok((found(transaction, id)?, newest))
        });
        written.await
    }

    /// Notes what contents a version is to have at each path, and says which of them are there already.
    pub(crate) async fn announce_files(&self, artifact: i64, files: Vec<CommittedFile>) -> Result<Vec<bool>, Error> {
        let written = self.state.database.write(move |transaction| {
            let mut there = Vec::with_capacity(files.len());
            for file in &files {
                transaction.execute(
                    "INSERT INTO artifact_files (artifact, path, md5) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET md5 = excluded.md5",
                    (artifact, &file.path, &file.md5),
                )?;
                there.push(by_md5(transaction, &file.md5)?.is_some());
            }
            Ok(there)
        });
        written.await
    }

    /// Keeps the manifest of a version that is not committed yet.
    pub(crate) async fn put_manifest(&self, artifact: i64, arrived: Arrived) -> Result<(), Error> {
        let kept = self.keep(arrived, move |transaction, blob| {
            let query = "UPDATE artifacts SET manifest = ?2, updated_at = ?3 WHERE id = ?1 AND state = 'PENDING'";
            transaction.execute(query, (artifact, &blob.sha256, Timestamp::now().micros()))?;
            Ok(())
        });
        kept.await
    }

    /// Commits a version that consists of `files` and of as many references as are left of `file_count`: gives it the next number and
    /// the alias `latest`.
    pub(crate) async fn commit_artifact(&self, artifact: i64, files: Vec<CommittedFile>, file_count: usize) -> Result<ArtifactRow, Error> {
        let written = self.state.database.write(move |transaction| {
            let row = found(transaction, artifact)?;
            if row.state == "COMMITTED" {
                return Ok(row);
            }
            transaction.execute("DELETE FROM artifact_files WHERE artifact = ?1", [artifact])?;
            let mut size_bytes: u64 = 0;
            for file in &files {
                let Some(Blob { sha256, size_bytes: size, .. }) = by_md5(transaction, &file.md5)? else {
                    let message = format!("`{}` of the artifact was not uploaded", file.path);
                    return Err(ErrorKind::Conflict { message }.into());
                };
                let row = (artifact, &file.path, &file.md5, sha256);
                transaction.execute("INSERT INTO artifact_files (artifact, path, md5, blob) VALUES (?1, ?2, ?3, ?4)", row)?;
                size_bytes += size;
            }
            let counted = (i64::try_from(size_bytes).unwrap_or(i64::MAX), i64::try_from(file_count).unwrap_or(i64::MAX));
            transaction.execute(
                "UPDATE artifacts SET state = 'COMMITTED', size_bytes = ?3, file_count = ?4, updated_at = ?5,
                 version_index = (SELECT COALESCE(MAX(version_index) + 1, 0) FROM artifacts WHERE collection = ?2) WHERE id = ?1",
                (artifact, row.collection.id, counted.0, counted.1, Timestamp::now().micros()),
            )?;
            let query = "SELECT wanted_aliases FROM artifacts WHERE id = ?1";
            let wanted: String = transaction.query_row(query, [artifact], |row| row.get(0))?;
            let wanted: Vec<String> = serde_json::from_str(&wanted).map_err(|error| damaged("the aliases of an artifact", &error))?;
            for alias in wanted.iter().map(String::as_str).chain([LATEST]) {
                put_alias(transaction, row.collection.id, alias, artifact)?;
            }
            found(transaction, artifact)
        });
        written.await
    }

    /// Notes that a run uses a version.
    pub(crate) async fn use_artifact(&self, run: &RunPath, artifact: i64, used_as: Option<String>) -> Result<ArtifactRow, Error> {
        let run = run.clone();
        let written = self.state.database.write(move |transaction| {
            put_run(transaction, &run, artifact, Role::Input, used_as.as_deref(), Timestamp::now().micros())?;
            found(transaction, artifact)
        });
        written.await
    }

    /// Gives a version aliases, which other versions lose, and takes others from it.
    pub(crate) async fn change_aliases(&self, artifact: i64, added: Vec<String>, removed: Vec<String>) -> Result<(), Error> {
        let written = self.state.database.write(move |transaction| {
            let collection = found(transaction, artifact)?.collection.id;
            for alias in &added {
                put_alias(transaction, collection, alias, artifact)?;
            }
            for alias in &removed {
                transaction.execute("DELETE FROM artifact_aliases WHERE artifact = ?1 AND alias = ?2", (artifact, alias))?;
            }
            Ok(())
        });
        written.await
    }

    /// Writes what people say of a version. What is `None` stays.
    pub(crate) async fn update_artifact(
        &self,
        artifact: i64,
        description: Option<String>,
        metadata: Option<String>,
        tags_added: Vec<String>,
        tags_removed: Vec<String>,
    ) -> Result<ArtifactRow, Error> {
        let written = self.state.database.write(move |transaction| {
            transaction.execute(
                "UPDATE artifacts SET description = COALESCE(?2, description), metadata = COALESCE(?3, metadata), updated_at = ?4
                 WHERE id = ?1",
                (artifact, description, metadata, Timestamp::now().micros()),
            )?;
            for tag in &tags_added {
                transaction.execute("INSERT OR IGNORE INTO artifact_tags (artifact, tag) VALUES (?1, ?2)", (artifact, tag))?;
            }
            for tag in &tags_removed {
                transaction.execute("DELETE FROM artifact_tags WHERE artifact = ?1 AND tag = ?2", (artifact, tag))?;
            }
            found(transaction, artifact)
        });
        written.await
    }

    /// Deletes versions: their numbers are not given out again, their contents go unless something else holds them.
    pub(crate) async fn delete_artifacts(&self, artifacts: Vec<i64>) -> Result<(), Error> {
        let deleted = self.let_go(move |transaction| {
            let mut freed = Vec::new();
            for artifact in artifacts {
                let manifest: Option<Option<String>> =
                    transaction.query_row("SELECT manifest FROM artifacts WHERE id = ?1", [artifact], |row| row.get(0)).optional()?;
                freed.extend(manifest.flatten());
                let mut statement = transaction.prepare_cached("DELETE FROM artifact_files WHERE artifact = ?1 RETURNING blob")?;
                let blobs: Vec<Option<String>> = statement.query_map([artifact], |row| row.get(0))?.collect::<Result<_, _>>()?;
                freed.extend(blobs.into_iter().flatten());
                for table in ["artifact_aliases", "artifact_tags", "artifact_runs"] {
                    transaction.execute(&format!("DELETE FROM {table} WHERE artifact = ?1"), [artifact])?;
                }
                let query = "UPDATE artifacts SET state = 'DELETED', manifest = NULL, client_id = NULL, updated_at = ?2 WHERE id = ?1";
                transaction.execute(query, (artifact, Timestamp::now().micros()))?;
            }
            Ok(((), freed))
        });
        deleted.await
    }

    /// Forgets what a run made and uses, and answers with the versions that it alone made.
    pub(crate) async fn forget_artifact_runs(&self, run: &RunPath) -> Result<Vec<i64>, Error> {
        let run = run.clone();
        let written = self.state.database.write(move |transaction| {
            let mut statement = transaction
                .prepare("DELETE FROM artifact_runs WHERE entity = ?1 AND project = ?2 AND run_id = ?3 RETURNING artifact, is_output")?;
            let rows = statement.query_map((run.entity, run.project, run.run_id), |row| Ok((row.get(0)?, row.get(1)?)))?;
            let forgotten: Vec<(i64, bool)> = rows.collect::<Result<_, _>>()?;
            let made = forgotten.into_iter().filter_map(|(artifact, is_output)| is_output.then_some(artifact));
            let mut alone = Vec::new();
            for artifact in made {
                let query = "SELECT EXISTS (SELECT 1 FROM artifact_runs WHERE artifact = ?1 AND is_output = 1)";
                if !transaction.query_row(query, [artifact], |row| row.get::<_, bool>(0))? {
                    alone.push(artifact);
                }
            }
            Ok(alone)
        });
        written.await
    }
}

/// The id of a new version, which is not committed.
fn insert(transaction: &Transaction<'_>, collection: i64, new: &NewArtifact, now: i64) -> Result<i64, Error> {
    let aliases = serde_json::json!(new.aliases).to_string();
    transaction.execute(
        "INSERT INTO artifacts (collection, state, digest, description, metadata, run_id, history_step, client_id, created_at, \
         updated_at, wanted_aliases) VALUES (?1, 'PENDING', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)",
        (collection, &new.digest, &new.description, &new.metadata, &new.run_id, new.history_step, &new.client_id, now, aliases),
    )?;
    Ok(transaction.last_insert_rowid())
}

fn made_collection(transaction: &Transaction<'_>, new: &NewArtifact, now: i64) -> Result<CollectionRow, Error> {
    if let Some(known) = collection(transaction, &new.project, &new.name)? {
        if known.artifact_type != new.artifact_type {
            let message = format!(
                "the artifact `{}` of {} is of the type `{}`, and cannot be of `{}` too",
                new.name, new.project, known.artifact_type, new.artifact_type
            );
            return Err(ErrorKind::Conflict { message }.into());
        }
        return Ok(known);
    }
    transaction.execute(
        "INSERT INTO collections (entity, project, name, type, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (&new.project.entity, &new.project.project, &new.name, &new.artifact_type, now),
    )?;
    collection(transaction, &new.project, &new.name)?.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}

/// The version that a write is about, which a check has found before.
fn found(transaction: &Transaction<'_>, artifact: i64) -> Result<ArtifactRow, Error> {
    by_id(transaction, artifact)?.ok_or_else(|| ErrorKind::NotFound { what: format!("artifact with the number {artifact}") }.into())
}

fn damaged(what: &'static str, reason: &serde_json::Error) -> Error {
    ErrorKind::StateDamaged { what, reason: reason.to_string() }.into()
}

fn put_alias(transaction: &Transaction<'_>, collection: i64, alias: &str, artifact: i64) -> Result<(), Error> {
    transaction.execute(
        "INSERT INTO artifact_aliases (collection, alias, artifact) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET artifact = excluded.artifact",
        (collection, alias, artifact),
    )?;
    Ok(())
}

fn put_run(transaction: &Transaction<'_>, run: &RunPath, artifact: i64, role: Role, used_as: Option<&str>, now: i64) -> Result<(), Error> {
    transaction.execute(
        "INSERT INTO artifact_runs (entity, project, run_id, artifact, is_output, used_as, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET used_as = excluded.used_as",
        (&run.entity, &run.project, &run.run_id, artifact, role == Role::Output, used_as, now),
    )?;
    Ok(())
}
