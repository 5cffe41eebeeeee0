//! Reading artifacts: collections of versions, what each version holds, and which runs made and use it.

use runlake_types::{ProjectPath, RunPath, Timestamp};
use rusqlite::{OptionalExtension as _, Row, ToSql, Transaction};

use super::State;
use super::blobs::{Blob, blob_of};
use crate::Error;

/// What the versions of an artifact share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CollectionRow {
    pub(crate) id: i64,
    pub(crate) project: ProjectPath,
    pub(crate) name: String,
    pub(crate) artifact_type: String,
    pub(crate) created_at: Timestamp,
}

/// A version of an artifact.
#[derive(Clone, Debug)]
pub(crate) struct ArtifactRow {
    pub(crate) id: i64,
    pub(crate) collection: CollectionRow,
    /// `None` until it is committed.
    pub(crate) version_index: Option<i64>,
    /// `PENDING`, `COMMITTED` or `DELETED`.
    pub(crate) state: String,
    pub(crate) digest: String,
    pub(crate) description: Option<String>,
    /// JSON text.
    pub(crate) metadata: Option<String>,
    /// The run of the collection's project that made it.
    pub(crate) run_id: Option<String>,
    pub(crate) history_step: Option<i64>,
    /// The SHA-256 of the manifest's contents.
    pub(crate) manifest: Option<String>,
    pub(crate) size_bytes: i64,
    pub(crate) file_count: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// By name; the version itself is not among them.
    pub(crate) aliases: Vec<String>,
    /// By name.
    pub(crate) tags: Vec<String>,
}

/// What a run has to do with an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It made it.
    Output,
    /// It uses it.
    Input,
}

const COLLECTION_COLUMNS: &str = "c.id, c.entity, c.project, c.name, c.type, c.created_at";

const COLUMNS: &str = "c.id, c.entity, c.project, c.name, c.type, c.created_at, a.id, a.version_index, a.state, a.digest, a.description, \
     a.metadata, a.run_id, a.history_step, a.manifest, a.size_bytes, a.file_count, a.created_at, a.updated_at \
     FROM artifacts a JOIN collections c ON c.id = a.collection";

fn collection_of(row: &Row<'_>) -> rusqlite::Result<CollectionRow> {
    Ok(CollectionRow {
        id: row.get(0)?,
        project: ProjectPath::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?),
        name: row.get(3)?,
        artifact_type: row.get(4)?,
        created_at: Timestamp::from_micros(row.get(5)?),
    })
}

/// The versions that `condition` selects, in its order.
pub(super) fn select(transaction: &Transaction<'_>, condition: &str, parameters: &[&dyn ToSql]) -> Result<Vec<ArtifactRow>, Error> {
    let mut statement = transaction.prepare_cached(&format!("SELECT {COLUMNS} {condition}"))?;
    let read = |row: &Row<'_>| {
        Ok(ArtifactRow {
            collection: collection_of(row)?,
            id: row.get(6)?,
            version_index: row.get(7)?,
            state: row.get(8)?,
            digest: row.get(9)?,
            description: row.get(10)?,
            metadata: row.get(11)?,
            run_id: row.get(12)?,
            history_step: row.get(13)?,
            manifest: row.get(14)?,
            size_bytes: row.get(15)?,
            file_count: row.get(16)?,
            created_at: Timestamp::from_micros(row.get(17)?),
            updated_at: Timestamp::from_micros(row.get(18)?),
            aliases: Vec::new(),
            tags: Vec::new(),
        })
    };
    let mut artifacts: Vec<ArtifactRow> = statement.query_map(parameters, read)?.collect::<Result<_, _>>()?;
    let mut aliases = transaction.prepare_cached("SELECT alias FROM artifact_aliases WHERE artifact = ?1 ORDER BY alias")?;
    let mut tags = transaction.prepare_cached("SELECT tag FROM artifact_tags WHERE artifact = ?1 ORDER BY tag")?;
    for artifact in &mut artifacts {
        artifact.aliases = aliases.query_map([artifact.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        artifact.tags = tags.query_map([artifact.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    }
    Ok(artifacts)
}

/// The version with this id.
pub(super) fn by_id(transaction: &Transaction<'_>, id: i64) -> Result<Option<ArtifactRow>, Error> {
    Ok(select(transaction, "WHERE a.id = ?1", &[&id])?.pop())
}

/// The collection of this name.
pub(super) fn collection(transaction: &Transaction<'_>, project: &ProjectPath, name: &str) -> Result<Option<CollectionRow>, Error> {
    let query = format!("SELECT {COLLECTION_COLUMNS} FROM collections c WHERE c.entity = ?1 AND c.project = ?2 AND c.name = ?3");
    let mut statement = transaction.prepare_cached(&query)?;
    Ok(statement.query_row((&project.entity, &project.project, name), collection_of).optional()?)
}

impl State {
    /// The version with this id, whatever its state.
    pub(crate) async fn artifact(&self, id: i64) -> Result<Option<ArtifactRow>, Error> {
        self.database.read(move |transaction| by_id(transaction, id)).await
    }

    /// The committed version that has this alias: `v` and its number, or a name.
    pub(crate) async fn artifact_by_alias(&self, project: &ProjectPath, name: &str, alias: &str) -> Result<Option<ArtifactRow>, Error> {
        let (project, name, alias) = (project.clone(), name.to_owned(), alias.to_owned());
        let read = self.database.read(move |transaction| {
            let Some(collection) = collection(transaction, &project, &name)? else { return Ok(None) };
            let version = alias.strip_prefix('v').and_then(|digits| digits.parse::<i64>().ok());
            let found = if let Some(version) = version {
                let condition = "WHERE a.collection = ?1 AND a.version_index = ?2 AND a.state = 'COMMITTED'";
                select(transaction, condition, &[&collection.id, &version])?
            } else {
                let condition = "JOIN artifact_aliases l ON l.artifact = a.id WHERE l.collection = ?1 AND l.alias = ?2";
                select(transaction, condition, &[&collection.id, &alias])?
            };
            Ok(found.into_iter().next())
        });
        read.await
    }

    /// The committed versions of a collection, the newest first.
    pub(crate) async fn versions(&self, collection: i64) -> Result<Vec<ArtifactRow>, Error> {
        let condition = "WHERE a.collection = ?1 AND a.state = 'COMMITTED' ORDER BY a.version_index DESC";
        self.database.read(move |transaction| select(transaction, condition, &[&collection])).await
    }

    /// The committed artifacts that a run made or uses, in the order in which it said so.
    pub(crate) async fn artifacts_of_run(&self, run: &RunPath, role: Role) -> Result<Vec<ArtifactRow>, Error> {
        let run = run.clone();
        let condition = "JOIN artifact_runs r ON r.artifact = a.id WHERE r.entity = ?1 AND r.project = ?2 AND r.run_id = ?3 \
             AND r.is_output = ?4 AND a.state = 'COMMITTED' ORDER BY r.created_at, a.id";
        let read = self
            .database
            .read(move |transaction| select(transaction, condition, &[&run.entity, &run.project, &run.run_id, &(role == Role::Output)]));
        read.await
    }

    /// The runs that made or use an artifact, in the order in which they said so.
    pub(crate) async fn runs_of_artifact(&self, artifact: i64, role: Role) -> Result<Vec<RunPath>, Error> {
        let read = self.database.read(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT entity, project, run_id FROM artifact_runs WHERE artifact = ?1 AND is_output = ?2 ORDER BY created_at, run_id",
            )?;
            let path = |row: &Row<'_>| Ok(RunPath::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
            let runs = statement.query_map((artifact, role == Role::Output), path)?.collect::<Result<_, _>>()?;
            Ok(runs)
        });
        read.await
    }

    /// The collections of a project by name: those of a type, or all.
    pub(crate) async fn collections(&self, project: &ProjectPath, artifact_type: Option<&str>) -> Result<Vec<CollectionRow>, Error> {
        let (project, artifact_type) = (project.clone(), artifact_type.map(str::to_owned));
        let read = self.database.read(move |transaction| {
            let mut statement = transaction.prepare_cached(&format!(
                "SELECT {COLLECTION_COLUMNS} FROM collections c
                 WHERE c.entity = ?1 AND c.project = ?2 AND (?3 IS NULL OR c.type = ?3)
                 AND EXISTS (SELECT 1 FROM artifacts WHERE collection = c.id AND state = 'COMMITTED') ORDER BY c.name"
            ))?;
            let rows = statement.query_map((project.entity, project.project, artifact_type), collection_of)?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await
    }

    /// The collection of this name.
    pub(crate) async fn collection(&self, project: &ProjectPath, name: &str) -> Result<Option<CollectionRow>, Error> {
        let (project, name) = (project.clone(), name.to_owned());
        self.database.read(move |transaction| collection(transaction, &project, &name)).await
    }

    /// The collection with this id.
    pub(crate) async fn collection_by_id(&self, id: i64) -> Result<Option<CollectionRow>, Error> {
        let read = self.database.read(move |transaction| {
            let query = format!("SELECT {COLLECTION_COLUMNS} FROM collections c WHERE c.id = ?1");
            Ok(transaction.query_row(&query, [id], collection_of).optional()?)
        });
        read.await
    }

    /// The names in a collection that its versions have, by name.
    pub(crate) async fn collection_aliases(&self, collection: i64) -> Result<Vec<String>, Error> {
        let read = self.database.read(move |transaction| {
            let mut statement = transaction.prepare_cached("SELECT alias FROM artifact_aliases WHERE collection = ?1 ORDER BY alias")?;
            Ok(statement.query_map([collection], |row| row.get(0))?.collect::<Result<_, _>>()?)
        });
        read.await
    }

    /// The files of a committed artifact, by path.
    pub(crate) async fn artifact_files(&self, artifact: i64) -> Result<Vec<(String, Blob)>, Error> {
        let read = self.database.read(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT path, b.sha256, b.md5, b.size_bytes FROM artifact_files JOIN blobs b ON b.sha256 = blob
                 WHERE artifact = ?1 ORDER BY path",
            )?;
            let rows = statement.query_map([artifact], |row| Ok((row.get(0)?, blob_of(row, 1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await
    }

    /// The contents with this MD5 digest that a version in the collection has.
    pub(crate) async fn collection_contents(&self, collection: i64, md5: &str) -> Result<Option<Blob>, Error> {
        let md5 = md5.to_owned();
        let read = self.database.read(move |transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT b.sha256, b.md5, b.size_bytes FROM artifact_files f JOIN blobs b ON b.sha256 = f.blob
                 JOIN artifacts a ON a.id = f.artifact WHERE a.collection = ?1 AND f.md5 = ?2 LIMIT 1",
            )?;
            Ok(statement.query_row((collection, md5), |row| blob_of(row, 0)).optional()?)
        });
        read.await
    }

    /// The MD5 digest, in base64, of the contents that a version is to have at a path.
    pub(crate) async fn announced_md5(&self, artifact: i64, path: &str) -> Result<Option<String>, Error> {
        let path = path.to_owned();
        let read = self.database.read(move |transaction| {
            let query = "SELECT md5 FROM artifact_files WHERE artifact = ?1 AND path = ?2";
            Ok(transaction.query_row(query, (artifact, path), |row| row.get(0)).optional()?)
        });
        read.await
    }
}
