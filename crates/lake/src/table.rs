//! One Delta table of the lake: its columns, its part files, and commits of new ones.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TableReference, TransactionError};
use deltalake::kernel::{Action, Add, MetadataExt, Remove, StructType, Transaction as DeltaTransaction};
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use deltalake::operations::vacuum::VacuumMode;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError, TableProperty};
use futures::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};
use runlake_ingest::schema::metric_column;
use runlake_types::{ColumnSet, ProjectPath};

use crate::part_file::{PartFile, store_error};
use crate::part_store::PartStore;
use crate::{Error, ErrorKind, Location};

/// The columns by which every table is partitioned: their values stand in the folders' names, not in the part files.
pub(crate) const PARTITION_COLUMNS: [&str; 2] = ["entity", "project"];

/// After so many commits the log is summed up in one file, so that whoever opens the table reads few of its files. Delta's own default
/// is 100.
const COMMITS_PER_CHECKPOINT: &str = "10";

/// The tables of a lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableName {
    /// One row per run.
    Runs,
    /// One row per logged step.
    Histories,
    /// The events stream.
    SystemMetrics,
    /// The histories once more, in the long form; only lakes for which it was asked have it.
    HistoriesLong,
}

impl TableName {
    /// The tables that every lake has.
    pub(crate) const ALWAYS: [Self; 3] = [Self::Runs, Self::Histories, Self::SystemMetrics];

    /// Its name, which is that of its folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Histories => "histories",
            Self::SystemMetrics => "system_metrics",
            Self::HistoriesLong => "histories_long",
        }
    }
}

/// The name of a commit: its writer, and a number that grows with each commit of that writer. The Delta log keeps the last of each writer.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    writer: String,
    number: i64,
}

impl Transaction {
    pub(crate) fn new(writer: String) -> Self {
        Self { writer, number: 0 }
    }

    pub(crate) fn advance(&mut self) {
        self.number += 1;
    }
}

/// A table at one version. Reading and committing never change an instance but through [`Table::commit`] and [`Table::refresh`].
#[derive(Clone, Debug)]
pub(crate) struct Table {
    name: TableName,
    delta: DeltaTable,
    schema: SchemaRef,
    store: Arc<dyn ObjectStore>,
    is_local: bool,
    /// What the store says of the commit that made this version.
    newest_commit: Option<CommitFile>,
}

/// The file of a commit: another one under the same name differs in this.
#[derive(Clone, Debug, PartialEq)]
struct CommitFile {
    e_tag: Option<String>,
    modified_at: chrono::DateTime<chrono::Utc>,
    size_bytes: u64,
}

impl Table {
    /// Opens a table of the lake at `location`.
    pub(crate) async fn open(location: &Location, name: TableName) -> Result<Self, Error> {
        let (log_store, store) = log_store(location, name)?;
        let mut delta = DeltaTable::new(log_store);
        delta.load().await.map_err(|source| delta_error(name, "opened", source))?;
        let is_local = location.as_folder().is_some();
        let mut table = Self { name, delta, schema: Arc::new(Schema::empty()), store, is_local, newest_commit: None };
        table.schema = table.read_schema()?;
        table.newest_commit = table.commit_file().await;
        Ok(table)
    }

    /// Whether the lake at `location` has the table.
    pub(crate) async fn exists(location: &Location, name: TableName) -> Result<bool, Error> {
        let (_, store) = log_store(location, name)?;
        let mut logs = store.list(Some(&ObjectPath::from("_delta_log")));
        let first = logs.try_next().await.map_err(|source| store_error(name.as_str(), "listed", source))?;
        Ok(first.is_some())
    }

    /// Makes a table with these columns after the partition columns; one that is there is left as it is.
    pub(crate) async fn create(location: &Location, name: TableName, fields: &[Field]) -> Result<(), Error> {
        let (log_store, _) = log_store(location, name)?;
        let partition = PARTITION_COLUMNS.iter().map(|column| Field::new(*column, DataType::Utf8, true));
        let schema = kernel_schema(name, partition.chain(fields.iter().cloned()).collect())?;
        let made = CreateBuilder::new()
            .with_log_store(log_store)
            .with_table_name(name.as_str())
            .with_columns(schema.fields().cloned())
            .with_partition_columns(PARTITION_COLUMNS)
            .with_configuration_property(TableProperty::CheckpointInterval, Some(COMMITS_PER_CHECKPOINT))
            .with_save_mode(SaveMode::Ignore)
            .await;
        match made.map_err(|source| delta_error(name, "made", source)) {
            // Another writer made it in the same moment.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict { .. }) => Self::open(location, name).await.map(drop),
            made => made.map(drop),
        }
    }

    pub(crate) fn name(&self) -> TableName {
        self.name
    }

    /// The store in which the paths of part files are relative to the table.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The same store, for those who read many part files.
    pub(crate) fn part_store(&self) -> PartStore {
        PartStore { store: self.store(), is_local: self.is_local }
    }

    /// The version of the Delta log that this instance shows.
    pub(crate) fn version(&self) -> u64 {
        self.delta.version().unwrap_or_default()
    }

    /// The columns, partition columns first, with the metadata of metrics.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The metric columns, in table order.
    pub(crate) fn metric_columns(&self) -> ColumnSet {
        let mut columns = ColumnSet::new();
        for column in self.schema.fields().iter().filter_map(|field| metric_column(field)) {
            columns.insert_existing(column);
        }
        columns
    }

    /// The part files of this version, of one project or of all.
    pub(crate) fn part_files(&self, project: Option<&ProjectPath>) -> Result<Vec<PartFile>, Error> {
        let snapshot = self.delta.snapshot().map_err(|source| delta_error(self.name, "read", source))?;
        let mut files: Vec<PartFile> = snapshot.log_data().iter().map(|view| PartFile::from_view(&view)).collect();
        files.retain(|file| project.is_none_or(|project| file.project == *project));
        files.sort_by(|a, b| (&a.project, &a.first_run, a.first_step, &a.path).cmp(&(&b.project, &b.first_run, b.first_step, &b.path)));
        Ok(files)
    }

    /// Loads the newest version.
    pub(crate) async fn refresh(&mut self) -> Result<(), Error> {
        let known = self.version();
        self.delta.update_state().await.map_err(|source| delta_error(self.name, "read", source))?;
        if self.version() != known {
            self.schema = self.read_schema()?;
            self.newest_commit = self.commit_file().await;
        }
        Ok(())
    }

    /// Whether the log still has the commit that made this version. Refreshing looks at later ones only, and would lay the log of a table that
    /// was made anew over what is known of the old one.
    pub(crate) async fn has_same_log(&self) -> bool {
        self.newest_commit.is_some() && self.commit_file().await == self.newest_commit
    }

    async fn commit_file(&self) -> Option<CommitFile> {
        let path = ObjectPath::from(format!("_delta_log/{:020}.json", self.version()));
        let found = self.store.head(&path).await.ok()?;
        Some(CommitFile { e_tag: found.e_tag, modified_at: found.last_modified, size_bytes: found.size })
    }

    /// Whether this instance's version has the commit of this name, or a later one of its writer.
    pub(crate) async fn has_committed(&self, transaction: &Transaction) -> Result<bool, Error> {
        let state = self.delta.snapshot().map_err(|source| delta_error(self.name, "read", source))?;
        let version = state.transaction_version(self.delta.log_store().as_ref(), &transaction.writer).await;
        Ok(version.map_err(|source| delta_error(self.name, "read", source))? >= Some(transaction.number))
    }

    /// Adds and removes part files in one atomic step, with the columns that the new files need. Nothing is committed when nothing changes.
    pub(crate) async fn commit(
        &mut self,
        add: Vec<Add>,
        remove: Vec<Remove>,
        fields: &[Field],
        transaction: &Transaction,
    ) -> Result<(), Error> {
        if add.is_empty() && remove.is_empty() {
            return Ok(());
        }
        let name = self.name;
        let snapshot = self.delta.snapshot().map_err(|source| delta_error(name, "read", source))?;
        let mut actions = Vec::with_capacity(add.len() + remove.len() + 1);
        let new_fields: Vec<&Field> = fields.iter().filter(|field| self.schema.column_with_name(field.name()).is_none()).collect();
        if !new_fields.is_empty() {
            let all = self.schema.fields().iter().map(AsRef::as_ref).chain(new_fields).cloned().collect();
            let metadata = snapshot.metadata().clone().with_schema(&kernel_schema(name, all)?);
            actions.push(Action::Metadata(metadata.map_err(|source| delta_error(name, "changed", source.into()))?));
        }
        actions.extend(add.into_iter().map(Action::Add));
        actions.extend(remove.into_iter().map(Action::Remove));
        let partition_by = Some(PARTITION_COLUMNS.map(str::to_owned).to_vec());
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None };
        let reference: &dyn TableReference = snapshot.snapshot();
        let properties = CommitProperties::default()
            .with_metadata([("writer".to_owned(), concat!("runlake ", env!("CARGO_PKG_VERSION")).into())])
            // Other writers' commits are never built upon unseen: they may hold rows of the same runs.
            .with_max_retries(0)
            .with_application_transaction(DeltaTransaction::new(&transaction.writer, transaction.number));
        CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(reference), self.delta.log_store(), operation)
            .await
            .map_err(|source| delta_error(name, "written", source))?;
        self.refresh().await
    }

    /// Deletes files that no version of the last `keep` needs; gives the paths of those that were there.
    pub(crate) async fn vacuum(self, keep: Duration, dry_run: bool) -> Result<Vec<String>, Error> {
        let listed = self.store.list(None).map_ok(|file| file.location.to_string()).try_collect::<HashSet<String>>().await;
        let before = listed.map_err(|source| store_error(self.name.as_str(), "listed", source))?;
        let keep = chrono::Duration::from_std(keep).unwrap_or(chrono::Duration::MAX);
        let vacuum = self.delta.vacuum().with_mode(VacuumMode::Full).with_retention_period(keep).with_enforce_retention_duration(false);
        let (_, metrics) = vacuum.with_dry_run(dry_run).await.map_err(|source| delta_error(self.name, "vacuumed", source))?;
        // The library names every file that the log says was removed, those of earlier times too.
        Ok(metrics.files_deleted.into_iter().filter(|file| before.contains(file)).collect())
    }

    fn read_schema(&self) -> Result<SchemaRef, Error> {
        let snapshot = self.delta.snapshot().map_err(|source| delta_error(self.name, "read", source))?;
        let schema: Schema = snapshot
            .schema()
            .as_ref()
            .try_into_arrow()
            .map_err(|error| ErrorKind::Table { table: self.name.as_str(), reason: error.to_string() })?;
        Ok(Arc::new(schema))
    }
}

fn kernel_schema(name: TableName, fields: Vec<Field>) -> Result<StructType, Error> {
    let schema = Schema::new(fields);
    (&schema)
        .try_into_kernel()
        .map_err(|error: arrow::error::ArrowError| ErrorKind::Table { table: name.as_str(), reason: error.to_string() }.into())
}

fn log_store(location: &Location, name: TableName) -> Result<(LogStoreRef, Arc<dyn ObjectStore>), Error> {
    let (root, path) = location.store()?;
    let table: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(Arc::clone(&root), join(&path, name.as_str())));
    let log = default_logstore(Arc::clone(&table), root, &location.table_url(name.as_str()), &StorageConfig::default());
    Ok((log, table))
}

pub(crate) fn join(path: &ObjectPath, name: &str) -> ObjectPath {
    path.parts().chain(ObjectPath::from(name).parts()).collect()
}

fn delta_error(name: TableName, action: &'static str, source: DeltaTableError) -> Error {
    let is_conflict = matches!(
        &source,
        DeltaTableError::Transaction {
            source: TransactionError::CommitConflict(_)
                | TransactionError::MaxCommitAttempts(_)
                | TransactionError::VersionAlreadyExists(_)
        }
    );
    let (table, source) = (name.as_str(), Box::new(source));
    if is_conflict { ErrorKind::Conflict { table, source }.into() } else { ErrorKind::Delta { table, action, source }.into() }
}
